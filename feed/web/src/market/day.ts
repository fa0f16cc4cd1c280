/**
 * The day of one symbol, which is that of UTC: from the server's bar on, and trades since. Pure.
 *
 * Until the server has told the beginning of the day, nothing is known of it. Trades that are on
 * their way while it tells may count twice in the volume, or not at all, until it tells again.
 */

import { type ConflatedTrade, type Trade, timeMs } from "../client/index.ts";
import type { Bars } from "./history.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A trade is above, or below, all others of its day before it. */
export type Extreme = "high" | "low";

export class Day {
  open: number | undefined;
  previousClose: number | undefined;
  #high = Number.NEGATIVE_INFINITY;
  #low = Number.POSITIVE_INFINITY;
  #last: number | undefined;
  #volume = 0;
  #turnover = 0;
  #startMs = Number.NEGATIVE_INFINITY;
  /** Nothing of it is missing: the server told it, or it began with trades that came. */
  #isWhole = false;
  /** The server tells no trade of the day that is open: the first one that comes begins it. */
  #isToBegin = false;

  /** Go on from the day that the server says is open, and the one before. */
  begin({ bars, current }: Bars): void {
    const before = bars.at(-1);
    if (current === null) {
      this.previousClose = before?.c;
      this.#isToBegin = true;
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
    this.#isWhole = true;
    this.#last ??= current.c;
    this.#stretch(current.h, current.l);
    this.#volume = current.v;
    this.#turnover = current.v * current.vw;
  }

  /** Take a trade; one of a later day begins that. Return whether it is an extreme of a known day. */
  take(trade: Trade | ConflatedTrade): Extreme | undefined {
    const startMs = startOf(trade);
    const { p } = trade;
    if (startMs > this.#startMs) {
      const isNext = this.#isWhole;
      const isFirst = this.#isToBegin;
      this.previousClose = isNext ? this.#last : isFirst ? this.previousClose : undefined;
      this.#enter(startMs);
      this.#isWhole = isNext || isFirst;
      // Of those that a conflated one stands for, the first one's price is not told.
      this.open = this.#isWhole && (trade.n ?? 1) === 1 ? p : undefined;
    }
    if (startMs !== this.#startMs) {
      return undefined;
    }
    const isBegun = this.#isWhole && this.#last !== undefined;
    this.#last = p;
    const extreme =
      trade.n === undefined
        ? this.#add(p, p, trade.s, p)
        : this.#add(trade.h, trade.l, trade.v, trade.vw);
    return isBegun ? extreme : undefined;
  }

  /** Take the last known trade: it is no news, and others were before it. */
  restate(trade: Trade | ConflatedTrade): void {
    const startMs = startOf(trade);
    if (startMs > this.#startMs) {
      const isToBegin = this.#isToBegin;
      this.#enter(startMs);
      this.#isToBegin = isToBegin; // with the next day
      this.open = undefined;
      this.previousClose = isToBegin ? this.previousClose : undefined;
    }
    if (startMs === this.#startMs) {
      this.#last = trade.p;
      this.#stretch(trade.p, trade.p);
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
    return this.#isWhole ? [this.#low, this.#high] : undefined;
  }

  /** The traded volume; undefined while not all of the day is known. */
  get volume(): number | undefined {
    return this.#isWhole ? finite(this.#volume) : undefined;
  }

  /** The price of the day, weighted by volume. */
  get vwap(): number | undefined {
    return this.#isWhole ? finite(this.#turnover / this.#volume) : undefined;
  }

  /** Change of a price since the open, as a share of its size. */
  changeOf(price: number | undefined): number | undefined {
    return shareOf(price, this.open);
  }

  /** Change of a price since the last one of the day before, as a share of its size. */
  changeSinceClose(price: number | undefined): number | undefined {
    return shareOf(price, this.previousClose);
  }

  #add(high: number, low: number, volume: number, price: number): Extreme | undefined {
    const extreme = high > this.#high ? "high" : low < this.#low ? "low" : undefined;
    this.#stretch(high, low);
    this.#volume += volume;
    this.#turnover += volume * price;
    return extreme;
  }

  #stretch(high: number, low: number): void {
    this.#high = Math.max(this.#high, high);
    this.#low = Math.min(this.#low, low);
  }

  #enter(startMs: number): void {
    this.#startMs = startMs;
    this.#isWhole = false;
    this.#isToBegin = false;
    this.#high = Number.NEGATIVE_INFINITY;
    this.#low = Number.POSITIVE_INFINITY;
    this.#last = undefined;
    this.#volume = 0;
    this.#turnover = 0;
  }
}

/** The beginning of the day of a trade. */
function startOf({ t }: Trade | ConflatedTrade): number {
  return Math.floor(timeMs(t) / DAY_MS) * DAY_MS;
}

/** The change from one price to another, as a share of the first one's size. */
function shareOf(price: number | undefined, base: number | undefined): number | undefined {
  return price === undefined || base === undefined
    ? undefined
    : finite(price / Math.abs(base) - base / Math.abs(base));
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
