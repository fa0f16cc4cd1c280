/**
 * The bars of a chart while they form: trades into bars, until the server's own ones arrive.
 *
 * The server publishes a bar when its interval has passed; that one counts. Pure.
 */

import { type Bar, type ConflatedTrade, type Trade, timeMs } from "../client/index.ts";
import type { Bars } from "./history.ts";
import { startOf } from "./timeframes.ts";

/** A bar as the chart draws it; its time in whole seconds. */
export interface Candle {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  /** What was paid for the volume: the sum of price times size. */
  turnover: number;
}

export class OpenBar {
  readonly #intervalS: number;
  #candle: Candle | undefined;
  /** The start of the newest bar that the server finished: late trades are in its corrections. */
  #finishedS = Number.NEGATIVE_INFINITY;
  /** The server tells no bar that is open: there was no trade, or it tells trades at intervals. */
  #isUntold = false;
  /** The start of a bar whose beginning is not known. */
  #partialS: number | undefined;

  constructor(intervalS: number) {
    this.#intervalS = intervalS;
  }

  /** Go on from the bars that the server has finished, and from the one that it says is open. */
  begin({ bars, current }: Bars): void {
    const finished = bars.at(-1);
    this.#candle = current === null ? undefined : candleOf(current);
    this.#finishedS = finished === undefined ? Number.NEGATIVE_INFINITY : candleOf(finished).time;
    this.#isUntold = current === null;
    this.#partialS = undefined;
  }

  /** Take a trade; return the bar as it is now, undefined when the trade is not of a known one. */
  take(trade: Trade | ConflatedTrade): Candle | undefined {
    const time = startOf(Math.floor(timeMs(trade.t) / 1_000), this.#intervalS);
    const candle = this.#candle;
    if (time <= this.#finishedS || (candle !== undefined && time < candle.time)) {
      return undefined;
    }
    if (this.#isUntold && trade.n !== undefined) {
      this.#partialS = time;
    }
    this.#isUntold = false;
    if (time === this.#partialS) {
      return undefined;
    }
    // A conflated trade says what it stands for, so wicks and volume stay right.
    const { p, s } = trade;
    const [high, low, volume, price] =
      trade.n === undefined ? [p, p, s, p] : [trade.h, trade.l, trade.v, trade.vw];
    const turnover = price * volume;
    if (candle === undefined || time > candle.time) {
      this.#candle = { time, open: p, high, low, close: p, volume, turnover };
    } else {
      candle.high = Math.max(candle.high, high);
      candle.low = Math.min(candle.low, low);
      candle.close = p;
      candle.volume = Math.min(candle.volume + volume, Number.MAX_VALUE);
      candle.turnover += turnover;
    }
    return this.#candle;
  }

  /** Whether a bar that the server finished is older than the open one, or the open one itself. */
  finish(bar: Bar): Candle {
    const candle = candleOf(bar);
    this.#finishedS = Math.max(this.#finishedS, candle.time);
    if (this.#candle !== undefined && candle.time >= this.#candle.time) {
      this.#candle = candle;
    }
    return candle;
  }
}

export function candleOf({ t, o, h, l, c, v, vw }: Bar): Candle {
  const time = Math.floor(Date.parse(t) / 1_000);
  return { time, open: o, high: h, low: l, close: c, volume: v, turnover: vw * v };
}
