/** The gate before every read: closed while nobody reads, slow while reading is throttled. */

import type { Environment } from "../environment.ts";
import { Bell } from "./bell.ts";

export class Gate {
  readonly #bell: Bell;
  #paused = false;
  #bytesPerSecond: number | undefined;

  constructor(environment: Environment) {
    this.#bell = new Bell(environment);
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    this.#bell.ring();
  }

  /** 0 closes the gate, undefined lifts the limit. */
  set bytesPerSecond(limit: number | undefined) {
    this.#bytesPerSecond = limit;
    this.#bell.ring();
  }

  get isClosed(): boolean {
    return this.#paused || this.#bytesPerSecond === 0;
  }

  /** Let all that wait look again. */
  ring(): void {
    this.#bell.ring();
  }

  /** Wait until the next read is due after one of `bytes`, or `isOver` says that none is. */
  async pass(bytes: number, isOver: () => boolean): Promise<void> {
    const limit = this.#bytesPerSecond;
    if (limit !== undefined && limit > 0 && bytes > 0) {
      await this.#bell.wait((bytes / limit) * 1_000);
    }
    while (this.isClosed && !isOver()) {
      await this.#bell.wait();
    }
  }
}
