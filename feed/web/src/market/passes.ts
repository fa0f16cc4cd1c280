/**
 * New passes: a recording that is played again begins anew, and its times go back.
 *
 * One trade may be late, and several may be, in any market; a few in a row that are older than the
 * newest one mean that time itself went back. Pure.
 */

/** Trades of a market that is not late at all are not older than the newest by more than this. */
const BACK_MS = 2_000;
/** Those of a market of now are: FINRA has them reported within 10 s, and takes later ones. */
const LATE_MS = 60_000;
const IN_A_ROW = 3;

export class Passes {
  #newestMs = Number.NEGATIVE_INFINITY;
  #inRow = 0;

  /** Note the time of a trade; tell whether a new pass has begun. */
  take(timeMs: number, nowMs: number): boolean {
    const isOfNow = Math.abs(nowMs - this.#newestMs) < LATE_MS;
    if (timeMs >= this.#newestMs - (isOfNow ? LATE_MS : BACK_MS)) {
      this.#newestMs = Math.max(this.#newestMs, timeMs);
      this.#inRow = 0;
      return false;
    }
    this.#inRow += 1;
    if (this.#inRow < IN_A_ROW) {
      return false;
    }
    this.#newestMs = timeMs;
    this.#inRow = 0;
    return true;
  }
}
