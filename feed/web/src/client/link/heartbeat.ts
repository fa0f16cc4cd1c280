/**
 * The heartbeat: a connection that is open but silent is dead.
 *
 * Only the time that is spent waiting for the network counts; a reader that pauses is not silence.
 */

import { between, type Environment } from "../environment.ts";

export class Heartbeat {
  readonly #environment: Environment;
  readonly #limitMs: number;
  readonly #onDead: () => void;
  #waitingSinceMs: number | undefined;
  #timer: unknown;

  constructor(environment: Environment, limitMs: number, onDead: () => void) {
    this.#environment = environment;
    this.#limitMs = limitMs;
    this.#onDead = onDead;
    this.#schedule();
  }

  /** Note that the network is waited for, from now on. */
  waits(): void {
    this.#waitingSinceMs = this.#environment.now();
  }

  /** Note that something came. */
  beats(): void {
    this.#waitingSinceMs = undefined;
  }

  /** Look now; timers of hidden pages and sleeping machines come late. */
  check(): void {
    const sinceMs = this.#waitingSinceMs;
    if (sinceMs !== undefined && between(sinceMs, this.#environment.now()) > this.#limitMs) {
      this.#onDead();
    }
  }

  stop(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#waitingSinceMs = undefined;
  }

  #schedule(): void {
    this.#timer = this.#environment.setTimeout(() => {
      this.#schedule();
      this.check();
    }, this.#limitMs / 4);
  }
}
