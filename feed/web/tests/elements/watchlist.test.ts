/** The decisions of a table of prices: columns, sorting, and when rows hold still. */

import { describe, expect, test } from "vitest";
import type { Trade } from "../../src/client/index.ts";
import {
  COLUMN_IDS,
  COLUMNS,
  columnsOf,
  fitting,
  placeInRange,
  tracksOf,
} from "../../src/elements/watchlist/columns.ts";
import { isPaused, isSortKey, nextOrder, sortBy } from "../../src/elements/watchlist/sort.ts";
import { Instrument } from "../../src/market/instrument.ts";
import { trade } from "../support/feed.ts";

const T0 = Date.parse("2026-01-02T03:04:00Z");
const at = (seconds: number) => new Date(T0 + seconds * 1_000).toISOString();

function instrumentOf(symbol: string, price?: number): Instrument {
  const instrument = new Instrument(symbol);
  if (price !== undefined) {
    instrument.take({ ...trade(symbol, 1), T: "t", p: price, s: 10, t: at(0) } as never);
  }
  return instrument;
}

/** One with a day: open 100, low 90, high 110, previous close 80; the last price is 105. */
function withDay(): Instrument {
  const instrument = instrumentOf("A");
  const bar = { T: "b", S: "A", n: 3, vw: 101, v: 1_000, t: "2026-01-02T00:00:00Z" } as const;
  instrument.day.begin({
    bars: [{ ...bar, o: 80, h: 80, l: 80, c: 80, t: "2026-01-01T00:00:00Z" }],
    current: { ...bar, o: 100, h: 110, l: 90, c: 104 },
  });
  instrument.take({ ...trade("A", 1), T: "t", p: 105, s: 1_000, t: at(0) } as never);
  return instrument;
}

test("columns are named with commas or spaces between them, in their order, each once", () => {
  expect(columnsOf("last, bid ask,last")).toEqual(["last", "bid", "ask"]);
  expect([columnsOf(""), columnsOf(" ,")]).toEqual([[], []]);
  expect([columnsOf("last,nope"), columnsOf("constructor")]).toEqual([undefined, undefined]);
});

test("an instrument counts the extremes of its day, and knows of which trades they are", () => {
  const instrument = withDay();
  const higher = { ...trade("A", 2), T: "t", p: 111, s: 1, t: at(1) } as Trade;
  instrument.take(higher);
  const same = { ...higher, i: 3 };
  instrument.take(same);
  expect([instrument.extreme, instrument.extremes]).toEqual(["high", 1]);
  expect([higher, same].map((each) => instrument.extremeOf(each))).toEqual(["high", undefined]);
});

describe("a column", () => {
  test.each([
    ["last", "105.00"],
    ["change", "+25.00"],
    ["sinceOpen", "+5.00 %"],
    ["sinceClose", "+31.25 %"],
    ["high", "110.00"],
    ["low", "90.00"],
    ["volume", "2,000"],
    ["vwap", "103.00"],
    ["bid", "–"],
    ["bidSize", "–"],
    ["age", "1.5 s"],
  ] as const)("%s shows %s", (id, text) => {
    const column = COLUMNS[id];
    expect(column.text?.(withDay(), T0 + 1_500)).toBe(text);
  });

  test.each(COLUMN_IDS)("%s of an instrument of which nothing is known has no value", (id) => {
    const { value, text } = COLUMNS[id];
    expect(value?.(instrumentOf("A"), T0)).toBeUndefined();
    expect(text?.(instrumentOf("A"), T0) ?? "–").toBe("–");
  });

  test("of the range says where the last price is in it, if there is a range", () => {
    expect(placeInRange(withDay())).toBeCloseTo(0.75);
    expect(placeInRange(instrumentOf("A", 5))).toBeUndefined();
  });
});

describe("columns that nobody has chosen", () => {
  test("are those that matter most, as many as fit", () => {
    expect(fitting(10)).toEqual(["last", "sinceOpen"]);
    expect(fitting(31)).toEqual(["course", "last", "sinceOpen"]);
    expect(fitting(200)).toContain("range");
  });

  test.each([24, 31, 40, 60])("in %i are not wider than that", (width) => {
    const least = Number(/calc\(([\d.]+)/.exec(tracksOf(fitting(width)).least)?.[1]);
    expect(least).toBeLessThanOrEqual(width);
  });
});

describe("sorting a watchlist", () => {
  const list = [
    instrumentOf("B", 2),
    instrumentOf("C"),
    instrumentOf("A", 3),
    instrumentOf("D", 2),
  ];
  const symbols = (order: Parameters<typeof sortBy>[1]) =>
    sortBy(list, order, T0).map(({ symbol }) => symbol);

  test("by a price puts those without one last, either way", () => {
    expect(symbols({ column: "last", isDescending: true })).toEqual(["A", "B", "D", "C"]);
    expect(symbols({ column: "last", isDescending: false })).toEqual(["B", "D", "A", "C"]);
  });

  test("by symbol, or not at all", () => {
    expect(symbols({ column: "symbol", isDescending: true })).toEqual(["D", "C", "B", "A"]);
    expect(symbols(undefined)).toEqual(["B", "C", "A", "D"]);
  });

  test("by any column keeps all, but a course is none to sort by", () => {
    for (const column of COLUMN_IDS.filter(isSortKey)) {
      expect(symbols({ column, isDescending: true })).toHaveLength(4);
    }
    expect(["symbol", "age", "course", "toString"].map(isSortKey)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("a head that is clicked thrice is back where it began", () => {
    const first = nextOrder(undefined, "last");
    const second = nextOrder(first, "last");
    expect([first?.isDescending, second?.isDescending, nextOrder(second, "last")]).toEqual([
      true,
      false,
      undefined,
    ]);
    expect(nextOrder(second, "symbol")).toEqual({ column: "symbol", isDescending: false });
  });
});

describe("rows of a sorted list", () => {
  const free = { isPointed: false, isDragging: false, walkedMs: -1e9 };
  const moving = { column: "last", isDescending: true } as const;

  test.each([
    ["while nobody is about to click", moving, free, false],
    ["under the pointer", moving, { ...free, isPointed: true }, true],
    ["while one is dragged", moving, { ...free, isDragging: true }, true],
    ["soon after somebody walked them", moving, { ...free, walkedMs: 9_000 }, true],
    ["long after that", moving, { ...free, walkedMs: 1_000 }, false],
    ["in one's own order", undefined, { ...free, isPointed: true }, false],
    ["by symbol", { ...moving, column: "symbol" }, { ...free, isPointed: true }, false],
  ] as const)("%s: hold still or not", (_, order, handling, expected) => {
    expect(isPaused(order, handling, 10_000)).toBe(expected);
  });
});
