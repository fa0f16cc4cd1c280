/**
 * Waits before the next attempt: exponential, with full jitter.
 *
 * Every wait is uniform between zero and a ceiling that doubles, because waits that only wobble
 * around the ceiling keep the herd of a restarted server together. Source: Brooker, "Exponential
 * Backoff And Jitter" (AWS Architecture Blog, 2015), "full jitter".
 */

export const FIRST_CEILING_MS = 1_000;
export const LAST_CEILING_MS = 30_000;

export class Backoff {
  readonly #random: () => number;
  /** Waits since data last flowed. */
  attempts = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Return the next wait in milliseconds. */
  next(): number {
    const ceiling = Math.min(LAST_CEILING_MS, FIRST_CEILING_MS * 2 ** Math.min(this.attempts, 16));
    this.attempts += 1;
    return this.#random() * ceiling;
  }

  /** Begin anew: data flowed. */
  reset(): void {
    this.attempts = 0;
  }
}
