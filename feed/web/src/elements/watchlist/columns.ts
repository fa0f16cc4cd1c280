/**
 * The columns that a watchlist can have: what each shows of an instrument, and by what it sorts. Pure.
 *
 * The symbol is always there, in front of all others.
 */

import {
  formatAge,
  formatChange,
  formatCompact,
  formatPrice,
  formatSize,
  NOTHING,
} from "../../market/format.ts";
import type { Direction, Instrument } from "../../market/instrument.ts";

export interface Column {
  /** Its head. */
  label: string;
  /** Its head in a sentence. */
  words: string;
  /** Its least width, in the unit of the type. */
  width: number;
  /** What it sorts by; a course does not sort. */
  value?: (instrument: Instrument, nowMs: number) => number | undefined;
  /** What it shows; a course and a range are drawn. */
  text?: (instrument: Instrument, nowMs: number) => string;
  /** The change that its colour tells. */
  change?: (instrument: Instrument) => number | undefined;
  /** The direction that its light tells. */
  direction?: (instrument: Instrument) => Direction;
  /** Its value is a share, shown as a percentage. */
  isShare?: true;
  /** It needs the day, which the server is asked for. */
  isOfDay?: true;
  /** It differs with time, without a tick. */
  isOfTime?: true;
}

const price = (of: (instrument: Instrument) => number | undefined) => ({
  value: of,
  text: (instrument: Instrument) => formatPrice(of(instrument), instrument.decimals),
});
const share = (of: (instrument: Instrument) => number | undefined) => ({
  isShare: true as const,
  value: of,
  text: (instrument: Instrument) => formatChange(of(instrument)),
  change: of,
});
const size = (of: (instrument: Instrument) => number | undefined) => ({
  value: of,
  text: (instrument: Instrument) => {
    const value = of(instrument);
    return value === undefined ? NOTHING : formatSize(value);
  },
});

/** The change since the last price of the day before, as a price. */
function changeOf({ last, day }: Instrument): number | undefined {
  return last === undefined || day.previousClose === undefined
    ? undefined
    : last - day.previousClose;
}

/** The share of the day's range that the last price has below it; undefined where there is none. */
export function placeInRange({ last, day }: Instrument): number | undefined {
  const [low, high] = day.range ?? [0, 0];
  if (last === undefined || !(high > low)) {
    return undefined;
  }
  return Math.min(1, Math.max(0, (last - low) / (high - low)));
}

function ageOf({ asOfMs }: Instrument, nowMs: number): number | undefined {
  return asOfMs === undefined ? undefined : Math.max(0, nowMs - asOfMs);
}

const COLUMN = {
  course: { label: "Last hour", words: "Course of the last hour", width: 6 },
  last: {
    label: "Last",
    words: "Last price",
    width: 5.4,
    ...price(({ last }) => last),
    direction: ({ lastDirection }) => lastDirection,
  },
  change: {
    label: "Change",
    words: "Change since the previous close",
    width: 5.4,
    isOfDay: true,
    value: changeOf,
    text: (instrument) => {
      const change = changeOf(instrument);
      const text = formatPrice(change, instrument.decimals).replace("-", "−");
      return change !== undefined && change > 0 ? `+${text}` : text;
    },
    change: ({ day, last }) => day.changeSinceClose(last),
  },
  sinceOpen: {
    label: "% open",
    words: "Change since the open of the day",
    width: 5.4,
    isOfDay: true,
    ...share(({ day, last }) => day.changeOf(last)),
  },
  sinceClose: {
    label: "% close",
    words: "Change since the previous close",
    width: 5.4,
    isOfDay: true,
    ...share(({ day, last }) => day.changeSinceClose(last)),
  },
  sinceHour: {
    label: "% hour",
    words: "Change over the last hour, or as much of it as is known",
    width: 5.4,
    ...share(({ change }) => change),
  },
  bid: {
    label: "Bid",
    words: "Best bid",
    width: 5,
    ...price(({ bid }) => bid),
    direction: ({ bidDirection }) => bidDirection,
  },
  bidSize: {
    label: "Bid size",
    words: "Size of the best bid",
    width: 4.4,
    ...size(({ bidSize }) => bidSize),
  },
  ask: {
    label: "Ask",
    words: "Best ask",
    width: 5,
    ...price(({ ask }) => ask),
    direction: ({ askDirection }) => askDirection,
  },
  askSize: {
    label: "Ask size",
    words: "Size of the best ask",
    width: 4.4,
    ...size(({ askSize }) => askSize),
  },
  spread: {
    label: "Spread",
    words: "Spread, and its share of the ask in basis points",
    width: 4.4,
    ...price(({ spread }) => spread),
  },
  volume: {
    label: "Volume",
    words: "Volume of the day",
    width: 4.8,
    isOfDay: true,
    value: ({ day }) => day.volume,
    text: ({ day }) => (day.volume === undefined ? NOTHING : formatCompact(day.volume)),
  },
  range: {
    label: "Day range",
    words: "Range of the day, with the last price in it",
    width: 11,
    isOfDay: true,
    isShare: true,
    value: placeInRange,
  },
  high: {
    label: "High",
    words: "Highest price of the day",
    width: 5,
    isOfDay: true,
    ...price(({ day }) => day.range?.[1]),
  },
  low: {
    label: "Low",
    words: "Lowest price of the day",
    width: 5,
    isOfDay: true,
    ...price(({ day }) => day.range?.[0]),
  },
  vwap: {
    label: "VWAP",
    words: "Price of the day weighted by volume",
    width: 5,
    isOfDay: true,
    ...price(({ day }) => day.vwap),
  },
  age: {
    label: "Age",
    words: "Time since the newest trade or quote",
    width: 4.4,
    isOfTime: true,
    value: ageOf,
    text: (instrument, nowMs) => {
      const age = ageOf(instrument, nowMs);
      return age === undefined ? NOTHING : formatAge(age);
    },
  },
} satisfies Record<string, Column>;

export type ColumnId = keyof typeof COLUMN;
export const COLUMN_IDS = Object.keys(COLUMN) as ColumnId[];
export const COLUMNS: Readonly<Record<ColumnId, Column>> = COLUMN;

const LEAST_COLUMNS = 2;
/** Where nobody has chosen: as many of these as there is room for, those that matter most first. */
const BY_WEIGHT: readonly (readonly ColumnId[])[] = [
  ...([["last"], ["sinceOpen"], ["course"], ["bid", "ask"], ["sinceClose"]] as const),
  ...([["volume"], ["spread"], ["range"]] as const),
];
/** The widths of the symbol, of what can be done with a row, between columns, and at the edges. */
const SYMBOL_WIDTH = 7.2;
const TOOLS_WIDTH = 1.75;
const GAP = 0.3;
const EDGES = 0.7;

/** The columns that are shown where nobody has chosen any, in a room of this width. */
export function fitting(width: number): ColumnId[] {
  let left = width - SYMBOL_WIDTH - TOOLS_WIDTH - GAP - EDGES;
  const shown = new Set<ColumnId>();
  for (const some of BY_WEIGHT) {
    const width = some.reduce((sum, id) => sum + COLUMNS[id].width + GAP, 0);
    if (width <= left || shown.size < LEAST_COLUMNS) {
      left -= width;
      for (const id of some) {
        shown.add(id);
      }
    }
  }
  // The course stands in front, where its price is looked for.
  return COLUMN_IDS.filter((id) => shown.has(id));
}

/**
 * The tracks of a grid with these columns, as CSS, and its least width, as CSS and in the unit of
 * the type: what is left is shared.
 */
export function tracksOf(columns: readonly ColumnId[]) {
  const length = (width: number) => `calc(${width} * var(--unit))`;
  const tracks = [
    `minmax(${length(SYMBOL_WIDTH)}, ${SYMBOL_WIDTH}fr)`,
    ...columns.map((id) => {
      const { width } = COLUMNS[id];
      return id === "course" ? length(width) : `minmax(${length(width)}, ${width}fr)`;
    }),
    length(TOOLS_WIDTH),
  ];
  const widths = columns.map((id) => COLUMNS[id].width + GAP);
  const least = widths.reduce(
    (sum, width) => sum + width,
    SYMBOL_WIDTH + TOOLS_WIDTH + GAP + EDGES,
  );
  return { tracks: tracks.join(" "), least: length(Math.round(least * 100) / 100), width: least };
}

export function isColumn(text: string): text is ColumnId {
  return Object.hasOwn(COLUMN, text);
}

/** The columns that a text names, with commas or spaces between them; undefined where one is none. */
export function columnsOf(text: string): ColumnId[] | undefined {
  const names = [...new Set(text.split(/[\s,]+/))].filter((name) => name !== "");
  return names.every(isColumn) ? names : undefined;
}
