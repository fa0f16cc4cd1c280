/**
 * Where candles stand on the time axis, and what is told of the times without them.
 *
 * Theory of operation: each interval has a slot, with a candle or blank, so that distances on the
 * axis are times. A long time without trades is cut to a few slots, and said. A line breaks there,
 * and wherever prices are missing: what was not seen is not drawn. Pure.
 */

import type { Interruption, InterruptionKind } from "../../market/interruptions.ts";

/** A time of which something is to be told: an interruption, or that nobody traded for long. */
export type Span = Interruption<InterruptionKind | "idle">;

export interface Laid {
  /** The start of each slot, oldest first. */
  readonly slots: readonly number[];
  /** Candles behind which a line breaks, by their start. */
  readonly breaks: ReadonlySet<number>;
  readonly spans: readonly Span[];
}

/** Longer times without a candle are cut to so many slots. */
const MOST_BLANKS = 60;
const CUT_BLANKS = 6;
/** So many slots at most; older ones are left out. */
const MOST_SLOTS = 7_200;
/** Days without a bar that any market has: a long weekend. */
const USUAL_DAYS = 4;
const DAY_S = 86_400;

/** Lay out candles that start at these times, oldest first, of so many seconds each. */
export function lay(
  times: readonly number[],
  candleS: number,
  told: readonly Interruption[],
): Laid {
  const newest = times.at(-1);
  if (newest === undefined) {
    return { slots: [], breaks: new Set(), spans: [] };
  }
  const slots = [newest]; // from the newest back
  const breaks = new Set<number>();
  const spans: Span[] = told.filter(({ kind }) => kind === "halt");
  for (let index = times.length - 1; index > 0 && slots.length < MOST_SLOTS; index -= 1) {
    const start = times[index] as number;
    const before = times[index - 1] as number;
    const hole = holeOf(before, start, candleS, told);
    slots.push(...hole.blanks, before);
    spans.push(...hole.spans);
    if (hole.breaks) {
      breaks.add(before);
    }
  }
  return { slots: slots.reverse(), breaks, spans };
}

interface Hole {
  /** Newest first. */
  blanks: number[];
  spans: Span[];
  breaks: boolean;
}

/** What lies between two candles. */
function holeOf(
  before: number,
  next: number,
  candleS: number,
  told: readonly Interruption[],
): Hole {
  const fromS = before + candleS;
  const missing = Math.round((next - fromS) / candleS);
  if (missing <= 0) {
    return { blanks: [], spans: [], breaks: false };
  }
  const reasons = told.filter((span) => span.fromS < next && (span.toS ?? next) > fromS);
  const isUsual = candleS === DAY_S && missing <= USUAL_DAYS;
  if (isUsual && reasons.length === 0) {
    return { blanks: [], spans: [], breaks: false };
  }
  const isCut = missing > MOST_BLANKS;
  const count = isCut ? CUT_BLANKS : missing;
  const blanks = Array.from({ length: count }, (_, index) => fromS + (count - 1 - index) * candleS);
  const spans: Span[] = reasons
    .filter(({ kind }) => kind !== "halt") // those are drawn wherever they are
    .map((span) => ({ ...span, fromS: Math.max(span.fromS, fromS), toS: next }));
  if (isCut && reasons.length === 0) {
    const words = `${lengthOf(missing * candleS)} without trades`;
    spans.push({ kind: "idle", fromS, toS: next, words });
  }
  return { blanks, spans, breaks: isCut || reasons.length > 0 };
}

/** The slots that come behind the last one up to a new candle's; undefined where all is laid anew. */
export function slotsUpTo(last: number | undefined, start: number, candleS: number) {
  if (last === undefined || start <= last) {
    return last === start ? [] : undefined;
  }
  const missing = Math.round((start - last) / candleS) - 1;
  return missing > MOST_BLANKS || (candleS === DAY_S && missing > 0)
    ? undefined
    : Array.from({ length: missing + 1 }, (_, index) => last + (index + 1) * candleS);
}

/**
 * Where a time is on the axis, in slots from the middle of the first one; times in what was cut are
 * at its end.
 */
export function placeOf(timeS: number, slots: readonly number[], candleS: number): number {
  const index = slotOf(timeS, slots);
  const share = Math.min(1, Math.max(0, (timeS - (slots[index] ?? timeS)) / candleS));
  return index + share - 0.5;
}

/** The index of the last slot that starts at a time or before; else of the first. */
export function slotOf(timeS: number, slots: readonly number[]): number {
  let low = 0;
  let high = slots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((slots[middle] as number) <= timeS) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Math.max(0, low - 1);
}

/** What is told of a time, if anything. */
export function spanAt(timeS: number, candleS: number, spans: readonly Span[]): Span | undefined {
  return spans.find(
    ({ fromS, toS }) => fromS < timeS + candleS && (toS ?? Number.POSITIVE_INFINITY) > timeS,
  );
}

/** A length of time in its largest unit: `17 h`. */
function lengthOf(seconds: number): string {
  if (seconds < 120) {
    return `${seconds} s`;
  }
  if (seconds < 7_200) {
    return `${Math.round(seconds / 60)} min`;
  }
  return seconds < 2 * DAY_S
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / DAY_S)} days`;
}
