/**
 * What is said after a sleep: how long it was, and what of that time is not coming. Pure.
 *
 * Theory of operation: a connection goes on where it stood. What the server still holds comes as if
 * nothing had been; of the rest it tells a gap, before anything else comes. So what was missed
 * is known with the first ticks of the next connection. A tab that follows another one's connection
 * is told by the first ticks that it is given.
 */

import type { LinkStatus } from "../../client/index.ts";
import { formatCount, formatDuration } from "../../market/format.ts";

type Told = Pick<LinkStatus, "connects" | "role">;

export class Waking {
  readonly #asleepMs: number;
  readonly #connects: number;
  #missing: number | undefined = 0;
  #hasGap = false;
  #isOver = false;

  /** @param asleepMs how long the page was asleep. */
  constructor(asleepMs: number, { connects }: Told) {
    this.#asleepMs = asleepMs;
    this.#connects = connects;
  }

  /** What is said until more is known. */
  get words(): string {
    return `Was asleep for ${formatDuration(this.#asleepMs)}. Coming back…`;
  }

  /** Whether ticks are missing, of which bars are to be asked for. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  /** Ticks are not coming; `missing` of all symbols, where that is known. */
  gap(missing: number | undefined): void {
    this.#hasGap = true;
    this.#missing =
      missing === undefined || this.#missing === undefined ? undefined : this.#missing + missing;
  }

  /** Ticks came: return what was missed, in words, once. */
  came({ connects, role }: Told): string | undefined {
    const isNext = connects > this.#connects || role === "follower";
    if (this.#isOver || !isNext) {
      return undefined;
    }
    this.#isOver = true;
    return `Was asleep for ${formatDuration(this.#asleepMs)}. ${this.#missed()}`;
  }

  #missed(): string {
    if (!this.#hasGap) {
      return "All that happened meanwhile has come.";
    }
    const ticks =
      this.#missing === undefined
        ? "The ticks of that time"
        : `${formatCount(this.#missing)} ticks of all symbols`;
    return `${ticks} are not coming; charts and days are filled from the server's bars.`;
  }
}
