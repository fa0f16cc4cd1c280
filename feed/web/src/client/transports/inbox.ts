/**
 * The inbox of a socket that cannot be paused: messages that nobody has read yet, bounded in bytes.
 *
 * `WebSocket` and `EventSource` hand over every message whether anybody reads or not. When the
 * bound is passed the inbox says so, and its transport drops the connection: held messages are
 * still read, and the connection resumes by position later. So memory stays bounded and nothing is
 * lost.
 */

import type { Arrival } from "./transport.ts";

export const INBOX_BYTES = 4 * 1024 * 1024;

export class Inbox {
  #arrivals: Arrival[] = [];
  #next = 0;
  #bytes = 0;
  #end: { error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;
  readonly #overflow: () => void;

  constructor(overflow: () => void) {
    this.#overflow = overflow;
  }

  push(arrival: Arrival): void {
    if (this.#end !== undefined) {
      return;
    }
    this.#arrivals.push(arrival);
    this.#bytes += arrival.payload.length;
    this.#wake?.();
    if (this.#bytes > INBOX_BYTES) {
      this.#overflow();
    }
  }

  /** Note that nothing more comes; the first end counts. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** Return the next arrival; undefined once the connection ended in order. Throws its error. */
  async read(): Promise<Arrival | undefined> {
    for (;;) {
      const arrival = this.#arrivals[this.#next];
      if (arrival !== undefined) {
        this.#next += 1;
        this.#bytes -= arrival.payload.length;
        if (2 * this.#next >= this.#arrivals.length) {
          this.#arrivals = this.#arrivals.slice(this.#next); // lets go of what was read
          this.#next = 0;
        }
        return arrival;
      }
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) {
          throw this.#end.error;
        }
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
