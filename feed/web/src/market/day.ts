/**
 * The day of one symbol, which is that of UTC: from the server's bar on, and trades since. Pure.
 *
 * Until the server has told the beginning of the day, nothing is known of it.
 */

import { type ConflatedTrade, type Trade, timeMs } from "../client/index.ts";
import type { Bars } from "./history.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

export class Day {
  open: number | undefined;
  previousClose: number | undefined;
  #high = Number.NEGATIVE_INFINITY;
  #low = Number.POSITIVE_INFINITY;
  #last: number | undefined;
  #startMs = Number.NEGATIVE_INFINITY;

  /** Go on from the day that the server says is open, and the one before. */
  begin({ bars, current }: Bars): void {
    const before = bars.at(-1);
    if (current === null) {
      this.previousClose = before?.c;
      return;
    }
    const startMs = timeMs(current.t);
    if (startMs < this.#startMs) {
      return; // a trade of the next day was faster
    }
    if (startMs > this.#startMs) {
      this.#enter(startMs);
    }
    this.previousClose = before?.c;
    this.open = current.o;
    this.#last ??= current.c;
    this.#high = Math.max(this.#high, current.h);
    this.#low = Math.min(this.#low, current.l);
  }

  /** Take a trade; one of a later day begins that. */
  take(trade: Trade | ConflatedTrade): void {
    const startMs = Math.floor(timeMs(trade.t) / DAY_MS) * DAY_MS;
    const { p } = trade;
    const [high, low] = trade.n === undefined ? [p, p] : [trade.h, trade.l];
    if (startMs > this.#startMs) {
      const isNext = this.open !== undefined;
      this.previousClose = isNext ? this.#last : undefined;
      this.#enter(startMs);
      this.open = isNext ? p : undefined;
    }
    if (startMs === this.#startMs) {
      this.#high = Math.max(this.#high, high);
      this.#low = Math.min(this.#low, low);
      this.#last = p;
    }
  }

  /** Forget everything: time begins anew. */
  clear(): void {
    this.#enter(Number.NEGATIVE_INFINITY);
    this.open = undefined;
    this.previousClose = undefined;
  }

  /** The lowest and the highest price; undefined while not all of the day is known. */
  get range(): [number, number] | undefined {
    return this.open === undefined ? undefined : [this.#low, this.#high];
  }

  /** Change of a price since the open, as a share of its size. */
  changeOf(price: number | undefined): number | undefined {
    if (price === undefined || this.open === undefined) {
      return undefined;
    }
    const change = price / Math.abs(this.open) - this.open / Math.abs(this.open);
    return Number.isFinite(change) ? change : undefined;
  }

  #enter(startMs: number): void {
    this.#startMs = startMs;
    this.#high = Number.NEGATIVE_INFINITY;
    this.#low = Number.POSITIVE_INFINITY;
    this.#last = undefined;
  }
}
