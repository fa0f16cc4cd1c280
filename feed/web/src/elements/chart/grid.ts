/**
 * The grid of a chart's price axis: the unit in which prices are drawn, and their digits.
 *
 * The library counts in steps of no less than 1e-14, and by adding steps, which changes nothing
 * where a price is too large. So prices far from 1 are drawn in a power of ten that is near them,
 * and written as what they are. Pure.
 */

import { decimalsOf, formatPrice } from "../../market/format.ts";

/** Powers of ten that are drawn as they are. */
const LEAST_POWER = -4;
const MOST_POWER = 11;
/** Digits after the point of a price in a unit of its own. */
const UNIT_DIGITS = 5;
/** Below, the reciprocal of a power of ten is no number. */
const SMALLEST_POWER = -300;

export interface Grid {
  /** A price is drawn as its multiple; a power of ten. */
  readonly unit: number;
  /** Digits after the point of what is drawn. */
  readonly digits: number;
  /** Write a value as it was drawn. */
  readonly format: (drawn: number) => string;
}

/** The grid for prices near this one, which come with so many decimals. */
export function gridOf(price: number, decimals: number): Grid {
  const power = price === 0 ? 0 : Math.floor(Math.log10(Math.abs(price)));
  if (power >= LEAST_POWER && power <= MOST_POWER) {
    const digits = decimalsOf(price, decimals);
    return { unit: 1, digits, format: (drawn) => formatPrice(drawn, digits) };
  }
  const unitPower = Math.max(power, SMALLEST_POWER);
  return {
    unit: 10 ** unitPower,
    digits: UNIT_DIGITS,
    format: (drawn) => `${Number(drawn.toFixed(UNIT_DIGITS))}e${unitPower}`,
  };
}
