/** Numbers and times as people read them. All are pure; formatters are made once. */

import type { Zone } from "./zone.ts";

export const NOTHING = "–";

const prices = Array.from(
  { length: 9 },
  (_, decimals) =>
    new Intl.NumberFormat("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    }),
);
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

/** The share of a price that rounding may take or add; more, and digits that matter are gone. */
const NEAR = 5e-4;
/** Digits of a price; what is behind them is noise, and would not fit. */
const MOST_DIGITS = 8;
const LEAST_DECIMALS = 2;
/** A change of less is shown as 0.00 %. */
const LEAST_PERCENT = 0.005;
/** From here on a number is told by its power of ten. */
const LARGE = 1e12;

/**
 * A price with this number of decimals; one that is too small or too large for them by its power
 * of ten: `1.25e-12`.
 */
export function formatPrice(price: number | undefined, decimals: number): string {
  if (price === undefined) {
    return NOTHING;
  }
  const size = Math.abs(price);
  const digits = decimalsOf(price, decimals);
  if (size < LARGE && Math.abs(Number(price.toFixed(digits)) - price) <= NEAR * size) {
    return (prices[digits] as Intl.NumberFormat).format(price);
  }
  return formatByPower(price, 3);
}

/** The decimals that a price is shown with, of those that its symbol's prices come with. */
export function decimalsOf(price: number, decimals: number): number {
  const wholeDigits = Math.abs(price) < 1 ? 0 : Math.floor(Math.log10(Math.abs(price))) + 1;
  return Math.min(decimals, Math.max(LEAST_DECIMALS, MOST_DIGITS - wholeDigits));
}

/** With how many decimals a price comes, at least so many, up to eight; those of large ones are noise. */
export function decimalsIn(price: number, least: number): number {
  let decimals = least;
  while (
    Math.abs(price) < LARGE &&
    decimals < MOST_DIGITS &&
    !isWhole(price * (POWERS[decimals] as number))
  ) {
    decimals += 1;
  }
  return decimals;
}

const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7] as const;

/** Whether a scaled price is whole, within the error of scaling a double. */
function isWhole(scaled: number): boolean {
  return Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, Math.abs(scaled) * 1e-6);
}

/** A number by its power of ten, with so many digits after the point at most: `1.25e-12`. */
export function formatByPower(value: number, digits: number): string {
  return value
    .toExponential(digits)
    .replace(/\.?0*e/, "e")
    .replace("e+", "e");
}

/** The direction of a change as it is shown; undefined where it is shown as none. */
export function wayOf(change: number | undefined): "up" | "down" | undefined {
  if (change === undefined || Math.abs(change * 100) < LEAST_PERCENT) {
    return undefined;
  }
  return change > 0 ? "up" : "down";
}

/** A share as a percentage with its sign: `+1.25 %`. */
export function formatChange(change: number | undefined): string {
  if (change === undefined) {
    return NOTHING;
  }
  const percent = Math.abs(change * 100);
  const way = wayOf(change);
  const sign = way === undefined ? "" : way === "up" ? "+" : "−";
  return `${sign}${percent < 1e6 ? percent.toFixed(2) : formatByPower(percent, 1)} %`;
}

/**
 * A spread as a share of the price's size in basis points: `1.3 bp`; of a price of 0 there is none.
 */
export function formatBasisPoints(spread: number, price: number): string {
  const points = (spread / Math.abs(price)) * 10_000;
  if (!Number.isFinite(points)) {
    return "";
  }
  return `${Math.abs(points) < 1e5 ? points.toFixed(1) : formatByPower(points, 1)} bp`;
}

export function formatCount(count: number): string {
  return whole.format(count);
}

/** A size: whole shares as they are, parts of a coin with the digits that matter. */
export function formatSize(size: number): string {
  if (size >= LARGE) {
    return formatByPower(size, 2);
  }
  return size >= 100 ? whole.format(size) : String(Number(size.toPrecision(3)));
}

/** One side of a book: its price and size; an empty one has neither. */
export function formatSide(
  price: number | undefined,
  size: number | undefined,
  decimals: number,
): string {
  return price === undefined || size === undefined
    ? NOTHING
    : `${formatPrice(price, decimals)} × ${formatSize(size)}`;
}

/** With a letter for thousands: `12.3K`. */
export function formatCompact(count: number): string {
  if (count >= 1_000 * LARGE) {
    return formatByPower(count, 2);
  }
  return count < 10_000 ? whole.format(count) : compact.format(count);
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds, in the unit that suits: `340 µs`, `12 ms`, `1.4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1) {
    return `${Math.round(ms * 1_000)} µs`;
  }
  if (ms < 1_000) {
    return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  }
  const seconds = ms / 1_000;
  if (seconds < 60) {
    return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }
  const minutes = seconds / 60;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}

/** How long ago something was: `0.4 s`, `12 s`, `5 min`, `3 h`, `12 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  if (seconds < 60) {
    return `${Math.floor(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${whole.format(Math.floor(hours / 24))} d`;
}

/** The time of day in a zone: `12:34:56`. */
export function formatClock(timeMs: number, zone: Zone): string {
  return zone.second(timeMs / 1_000);
}

/** The time that a price is of: `12:34:56`, with its date where that is another day. */
export function formatAsOf(timeMs: number, nowMs: number, zone: Zone): string {
  const [date, today] = [zone.date(timeMs / 1_000), zone.date(nowMs / 1_000)];
  const time = formatClock(timeMs, zone);
  return date === today ? time : `${date} ${time}`;
}
