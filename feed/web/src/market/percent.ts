/** Two symbols in per cent: changes since a time at which both had a price. Pure. */

import type { Candle } from "./openbar.ts";

/** The first time at or after `fromS` of which both have a candle; undefined where there is none. */
export function commonTime(
  some: readonly Candle[],
  others: readonly Candle[],
  fromS = Number.NEGATIVE_INFINITY,
): number | undefined {
  const times = new Set(others.map(({ time }) => time));
  return some.find(({ time }) => time >= fromS && times.has(time))?.time;
}

/** A price as its change from another one, in per cent of that one's size; of 0 there is none. */
export function percentOf(price: number, base: number): number | undefined {
  const percent = (price / Math.abs(base) - base / Math.abs(base)) * 100;
  return Number.isFinite(percent) ? percent : undefined;
}
