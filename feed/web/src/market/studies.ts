/**
 * Studies of a chart: averages of closing prices, and the volume-weighted average price. Pure.
 *
 * The VWAP is that of the session, which is the day of UTC, as for the server's daily bars. Where
 * the candles do not reach back to its beginning, the day's own bar tells what was traded before.
 */

import type { Candle } from "./openbar.ts";
import { startOf, TIMEFRAMES } from "./timeframes.ts";

/** The periods of the moving averages that are drawn where nobody chose others. */
export const PERIODS: readonly number[] = [20, 50];
const MOST_PERIOD = 500;
const MOST_PERIODS = 2;
const DAY_S = TIMEFRAMES["1d"].seconds;

export interface Traded {
  volume: number;
  turnover: number;
}

/** Periods from a text such as "20 50"; undefined where it is not one or two of 2 to 500. */
export function periodsOf(text: string): number[] | undefined {
  const periods = text
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(Number);
  const isGood = (period: number) =>
    Number.isInteger(period) && period >= 2 && period <= MOST_PERIOD;
  return periods.length <= MOST_PERIODS && periods.every(isGood) ? periods : undefined;
}

/**
 * The simple moving average (SMA): the mean of the last `period` closes up to this candle.
 * Undefined where there are fewer. O(period).
 */
export function averageAt(
  candles: readonly Candle[],
  index: number,
  period: number,
): number | undefined {
  if (index + 1 < period) {
    return undefined;
  }
  let mean = 0;
  for (let at = index + 1 - period; at <= index; at += 1) {
    mean += (candles[at] as Candle).close / period;
  }
  return Number.isFinite(mean) ? mean : undefined;
}

/** What the day had traded before the first candle of it, by the day's own bar. */
export function tradedBefore(candles: readonly Candle[], day: Candle | undefined): Traded {
  const before = { volume: day?.volume ?? 0, turnover: day?.turnover ?? 0 };
  for (const { time, volume, turnover } of candles) {
    if (day !== undefined && time >= day.time) {
      before.volume -= volume;
      before.turnover -= turnover;
    }
  }
  const isNothing = before.volume <= 0 || !Number.isFinite(before.turnover);
  return isNothing ? { volume: 0, turnover: 0 } : before;
}

export class Vwap {
  /** What the day had traded with each candle; undefined where its beginning is not known. */
  #traded: (Traded | undefined)[] = [];
  #before: Traded = { volume: 0, turnover: 0 };
  #knownFrom = Number.POSITIVE_INFINITY;
  #isOfEach = false;

  /**
   * Begin with other candles.
   *
   * @param day the server's bar of the day that is open, where there is one
   * @param candleS seconds of a candle; those of a day have a VWAP of their own each
   */
  begin(candles: readonly Candle[], day: Candle | undefined, candleS: number): void {
    const first = candles[0]?.time ?? day?.time ?? 0;
    const firstDay = startOf(first, DAY_S);
    this.#isOfEach = candleS >= DAY_S;
    // The day in which the candles begin is whole only if the day's bar says what was before.
    this.#knownFrom = day?.time === firstDay || candles.length === 0 ? firstDay : firstDay + DAY_S;
    this.#before = day?.time === firstDay ? tradedBefore(candles, day) : { volume: 0, turnover: 0 };
    this.#traded = [];
    this.update(candles, 0);
  }

  /** Add up anew from this candle on. */
  update(candles: readonly Candle[], from: number): void {
    this.#traded.length = Math.min(this.#traded.length, from);
    for (let index = this.#traded.length; index < candles.length; index += 1) {
      this.#traded.push(this.#upTo(candles, index));
    }
  }

  /** The VWAP at a candle; undefined where it is not known. */
  at(index: number): number | undefined {
    const { volume, turnover } = this.#traded[index] ?? { volume: 0, turnover: 0 };
    const price = turnover / volume;
    return volume > 0 && Number.isFinite(price) ? price : undefined;
  }

  #upTo(candles: readonly Candle[], index: number): Traded | undefined {
    const { time, volume, turnover } = candles[index] as Candle;
    if (this.#isOfEach) {
      return { volume, turnover };
    }
    if (time < this.#knownFrom) {
      return undefined;
    }
    const before = candles[index - 1];
    const isSameDay = before !== undefined && startOf(before.time, DAY_S) === startOf(time, DAY_S);
    const sum = isSameDay ? this.#traded[index - 1] : undefined;
    const { volume: sold, turnover: paid } = sum ?? (before === undefined ? this.#before : NOTHING);
    return { volume: sold + volume, turnover: paid + turnover };
  }
}

const NOTHING: Traded = { volume: 0, turnover: 0 };
