/**
 * How many charts stand on the desk, and what each of them shows; kept for the next visit. Pure.
 */

import { isSymbol } from "../../client/index.ts";
import { type Timeframe, timeframeOf } from "../../market/timeframes.ts";

export const COUNTS = [1, 2, 4] as const;
export type Count = (typeof COUNTS)[number];

/** One chart. */
export interface Pane {
  /** Undefined while nothing was chosen for it. */
  readonly symbol: string | undefined;
  readonly timeframe: Timeframe;
  /** The symbol that it is compared with; "" for none. */
  readonly compare: string;
}

export interface Layout {
  /** Undefined while nobody chose: then the screen decides. */
  readonly count: Count | undefined;
  readonly panes: readonly Pane[];
}

/** A screen from here on has room for four charts; one below has room for one. */
const WIDE_PX = 2_560;
const NARROW_PX = 720;
const EMPTY: Pane = { symbol: undefined, timeframe: "1s", compare: "" };
/** What charts show at first, each other one the minutes of another symbol. */
const FIRST: readonly Pane[] = [
  EMPTY,
  { ...EMPTY, timeframe: "1m" },
  { ...EMPTY, timeframe: "1m" },
  { ...EMPTY, timeframe: "1m" },
];

/** The number of charts for a page of this width. */
export function countFor(widthPx: number, chosen: Count | undefined): Count {
  if (widthPx < NARROW_PX) {
    return 1;
  }
  return chosen ?? (widthPx >= WIDE_PX ? 4 : 1);
}

/** Give panes without a symbol one that no other pane shows, as long as there are some. */
export function filled(panes: readonly Pane[], symbols: readonly string[]): Pane[] {
  const shown = new Set(panes.map(({ symbol }) => symbol));
  const left = symbols.filter((symbol) => !shown.has(symbol));
  return panes.map((pane) =>
    pane.symbol === undefined ? { ...pane, symbol: left.shift() } : pane,
  );
}

/**
 * The place of the pane that a link is about: of its symbol, and best of its timeframe too; 0 where
 * there is none, which takes up what the link says.
 */
export function linkedPane(
  panes: readonly Pane[],
  symbol: string | undefined,
  timeframe: string | undefined,
): number {
  if (symbol === undefined) {
    return 0;
  }
  const both = panes.findIndex(
    (pane) => pane.symbol === symbol && pane.timeframe === timeframeOf(timeframe),
  );
  return Math.max(0, both === -1 ? panes.findIndex((pane) => pane.symbol === symbol) : both);
}

/** Read a layout as it was kept; what cannot be read is as on a first visit. */
export function layoutOf(text: string | null): Layout {
  const { count, panes } = parsed(text);
  const known = Array.isArray(panes) ? panes : [];
  return {
    count: COUNTS.find((one) => one === count),
    panes: FIRST.map((first, index) => paneOf(known[index]) ?? first),
  };
}

function parsed(text: string | null): { count?: unknown; panes?: unknown } {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {}; // another version of the page wrote it, or somebody's hand
  }
}

function paneOf(kept: unknown): Pane | undefined {
  const { symbol, timeframe, compare } = (kept ?? {}) as Record<string, unknown>;
  const known = typeof timeframe === "string" ? timeframeOf(timeframe) : undefined;
  return known === undefined
    ? undefined
    : { symbol: asSymbol(symbol), timeframe: known, compare: asSymbol(compare) ?? "" };
}

function asSymbol(value: unknown): string | undefined {
  return typeof value === "string" && isSymbol(value) ? value : undefined;
}
