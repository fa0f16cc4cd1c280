/** Numbers and times as people read them. All are pure; formatters are made once. */

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
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function formatPrice(price: number | undefined, decimals: number): string {
  return price === undefined ? NOTHING : (prices[decimals] as Intl.NumberFormat).format(price);
}

/** A share as a percentage with its sign: `+1.25 %`. */
export function formatChange(change: number | undefined): string {
  if (change === undefined) {
    return NOTHING;
  }
  const percent = change * 100;
  const text = Math.abs(percent).toFixed(2);
  const sign = text === "0.00" ? "" : percent > 0 ? "+" : "−";
  return `${sign}${text} %`;
}

/** A spread with its share of the price in basis points: `0.02 · 1.3 bp`. */
export function formatBasisPoints(spread: number, price: number): string {
  return `${((spread / price) * 10_000).toFixed(1)} bp`;
}

export function formatCount(count: number): string {
  return whole.format(count);
}

/** A size: whole shares as they are, parts of a coin with the digits that matter. */
export function formatSize(size: number): string {
  return size >= 100 ? whole.format(size) : String(Number(size.toPrecision(3)));
}

/** With a letter for thousands: `12.3K`. */
export function formatCompact(count: number): string {
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

export function formatClock(timeMs: number): string {
  return clock.format(timeMs);
}
