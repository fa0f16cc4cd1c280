/**
 * The vigil of a tab that follows: is the leader still there?
 *
 * A leader that is gone loses its lock, and the browser hands it on at once. A leader whose tab is
 * frozen keeps it and says nothing. A visible tab that hears nothing for a while asks, and when
 * there is no answer it reports the leader dead.
 */

import { between, type Environment } from "../environment.ts";

/** The leader passes on every frame, and the server speaks every 10 s at least; asking is cheap. */
const SILENT_MS = 5_000;
const ANSWER_MS = 2_000;

export class Vigil {
  readonly #environment: Environment;
  readonly #ask: () => void;
  readonly #onDead: () => void;
  #heardMs: number;
  #askedMs: number | undefined;
  #timer: unknown;

  constructor(environment: Environment, ask: () => void, onDead: () => void) {
    this.#environment = environment;
    this.#ask = ask;
    this.#onDead = onDead;
    this.#heardMs = environment.now();
    this.#schedule();
  }

  /** Note that the leader said something. */
  heard(): void {
    this.#heardMs = this.#environment.now();
    this.#askedMs = undefined;
  }

  stop(): void {
    this.#environment.clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = this.#environment.setTimeout(() => {
      this.#schedule();
      this.#check();
    }, ANSWER_MS / 2);
  }

  #check(): void {
    const nowMs = this.#environment.now();
    if (!this.#environment.isVisible() || between(this.#heardMs, nowMs) < SILENT_MS) {
      this.#askedMs = undefined;
    } else if (this.#askedMs === undefined) {
      this.#askedMs = nowMs;
      this.#ask();
    } else if (between(this.#askedMs, nowMs) >= ANSWER_MS) {
      this.heard(); // give the takeover the time that a leader has
      this.#onDead();
    }
  }
}
