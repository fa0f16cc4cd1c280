/**
 * Batches as an async iterable: `for await (const batch of client)`.
 *
 * Every iteration has its own. Its consumer sets the pace: while it is behind, reading stops, and
 * TCP tells the server.
 */

import { type Batch, Pending } from "./batch.ts";
import type { Tick } from "./wire/ticks.ts";

/** Ticks that wait for a consumer until reading stops. */
const HIGH_WATER_TICKS = 5_000;

export class BatchStream implements AsyncIterableIterator<Batch> {
  readonly #pending: Pending;
  readonly #onChange: (stream: BatchStream) => void;
  #ready: Batch[] = [];
  #wake: (() => void) | undefined;
  #ended: { error: Error | undefined } | undefined;

  /** @param onChange called when it gets behind or catches up, and when it ends. */
  constructor(newestOnly: boolean, onChange: (stream: BatchStream) => void) {
    this.#pending = new Pending(newestOnly);
    this.#onChange = onChange;
  }

  /** Whether more ticks wait for the consumer than it should have, so that reading should wait. */
  get isBehind(): boolean {
    return this.#pending.size > HIGH_WATER_TICKS;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  push(tick: Tick, isSnapshot: boolean): void {
    this.#pending.push(tick, isSnapshot);
  }

  /** Hand over what was pushed. */
  flush(position: string | undefined): void {
    this.#pending.moveTo(position);
    if (this.#pending.size > 0) {
      this.#wake?.();
    }
    if (this.isBehind) {
      this.#onChange(this);
    }
  }

  /** End it; pending batches are still delivered. With an error the iteration throws it then. */
  end(error?: Error): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Batch, undefined>> {
    for (;;) {
      const wasBehind = this.isBehind;
      if (this.#ready.length === 0) {
        this.#ready = this.#pending.take();
      }
      const value = this.#ready.shift();
      if (wasBehind) {
        this.#onChange(this);
      }
      if (value !== undefined) {
        return { done: false, value };
      }
      if (this.#ended !== undefined) {
        if (this.#ended.error !== undefined) {
          throw this.#ended.error;
        }
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<Batch, undefined>> {
    this.end();
    this.#pending.take();
    this.#ready = [];
    this.#onChange(this);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
