/** Being in a room: said again before it ends, and taken back when one leaves. */

import type { Caller } from "../caller.ts";
import type { Call } from "../calls.ts";
import { between } from "../environment.ts";
import { Closed, FeedError, Lost } from "../errors.ts";

/** A third of the time for which the server takes it as said. */
const RENEW_MS = 10_000;
/** Who types is told again after this time. */
const TYPING_MS = 1_000;

export class Presence {
  readonly #path: string;
  readonly #body: { name?: string };
  readonly #caller: Caller;
  readonly #onProblem: (error: FeedError) => void;
  #isEntered = false;
  #timer: unknown;
  #typedMs = Number.NEGATIVE_INFINITY;
  constructor(
    room: string,
    name: string | undefined,
    caller: Caller,
    onProblem: (error: FeedError) => void,
  ) {
    this.#path = `v1/rooms/${encodeURIComponent(room)}`;
    this.#body = name === undefined ? {} : { name };
    this.#caller = caller;
    this.#onProblem = onProblem;
  }

  enter(): void {
    if (!this.#isEntered) {
      this.#isEntered = true;
      void this.#stay();
    }
  }

  leave(): void {
    if (this.#isEntered) {
      this.#isEntered = false;
      this.#caller.environment.clearTimeout(this.#timer);
      const { name } = this.#body;
      const query = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
      const path = `${this.#path}/presence${query}`;
      void this.#call({ method: "DELETE", path, keepalive: true });
    }
  }

  type(): void {
    const nowMs = this.#caller.environment.now();
    if (between(this.#typedMs, nowMs) >= TYPING_MS) {
      this.#typedMs = nowMs;
      void this.#call({ method: "POST", path: `${this.#path}/typing`, body: this.#body });
    }
  }

  async #stay(): Promise<void> {
    const call: Call = { method: "POST", path: `${this.#path}/presence`, body: this.#body };
    try {
      await this.#caller.untilAnswered(call, this.#onProblem);
    } catch (error) {
      this.#tell(error);
      return; // one reads, and is not among the members
    }
    if (this.#isEntered && !this.#caller.isClosed) {
      const { environment } = this.#caller;
      environment.clearTimeout(this.#timer);
      this.#timer = environment.setTimeout(() => void this.#stay(), RENEW_MS);
    }
  }

  /** Call once: what is lost of this is no loss. */
  async #call(call: Call): Promise<void> {
    try {
      await this.#caller.once(call);
    } catch (error) {
      if (!(error instanceof Lost)) {
        this.#tell(error);
      }
    }
  }

  #tell(error: unknown): void {
    if (!(error instanceof FeedError)) {
      throw error;
    }
    if (!(error instanceof Closed)) {
      this.#onProblem(error);
    }
  }
}
