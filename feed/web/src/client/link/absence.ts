/** Whether the page is away: hidden for longer than a moment, where it was asked to leave then. */

import type { Environment, PageChange } from "../environment.ts";
import type { LinkOptions } from "./link.ts";

/** A page that is hidden for a moment only is not away. */
const GRACE_MS = 10_000;

export class Absence {
  readonly #environment: Environment;
  readonly #policy: LinkOptions["whenHidden"];
  readonly #onChange: (isAway: boolean) => void;
  #timer: unknown;
  isAway = false;

  constructor(
    environment: Environment,
    policy: LinkOptions["whenHidden"],
    onChange: (isAway: boolean) => void,
  ) {
    this.#environment = environment;
    this.#policy = policy;
    this.#onChange = onChange;
    if (!environment.isVisible()) {
      this.handle("hidden"); // a page that begins in the background is told of no change
    }
  }

  /** Take in a change of the page. */
  handle(change: PageChange): void {
    if (change === "hidden" && this.#policy === "disconnect") {
      this.stop();
      this.#timer = this.#environment.setTimeout(() => this.#set(true), GRACE_MS);
    } else if (change === "visible") {
      this.stop();
      this.#set(false);
    }
  }

  stop(): void {
    this.#environment.clearTimeout(this.#timer);
  }

  #set(isAway: boolean): void {
    if (isAway !== this.isAway) {
      this.isAway = isAway;
      this.#onChange(isAway);
    }
  }
}
