import { describe, expect, test } from "vitest";
import type { Bar, ConflatedTrade, Quote, Status, Trade } from "../../src/client/index.ts";
import { gridOf } from "../../src/elements/chart/grid.ts";
import { Directory } from "../../src/market/directory.ts";
import { Instrument } from "../../src/market/instrument.ts";
import { Market } from "../../src/market/market.ts";
import { OpenBar } from "../../src/market/openbar.ts";
import { Series, WINDOW_MS } from "../../src/market/series.ts";
import { trade } from "../support/feed.ts";

const T0 = Date.parse("2026-01-02T03:04:00Z");
const at = (seconds: number) => new Date(T0 + seconds * 1_000).toISOString();

function tradeAt(seconds: number, price: number, more: Partial<Trade> = {}): Trade {
  return { ...(trade("A", 1) as Trade), p: price, s: 10, t: at(seconds), ...more };
}

function quote(bid: number, ask: number, more: Partial<Quote> = {}): Quote {
  const tick: Quote = {
    T: "q",
    S: "A",
    bx: "V",
    bp: bid,
    bs: 3,
    ax: "V",
    ap: ask,
    as: 4,
    t: at(0),
  };
  return { ...tick, ...more };
}

function bar(seconds: number, more: Partial<Bar> = {}): Bar {
  return { T: "b1s", S: "A", o: 1, h: 4, l: 1, c: 3, v: 100, n: 5, vw: 2, t: at(seconds), ...more };
}

describe("a series", () => {
  test("keeps one point a step, and the newest price in the last one", () => {
    const series = new Series();
    series.push(T0, 10);
    series.push(T0 + 400, 11);
    series.push(T0 + 1_000, 12);
    expect(series.points).toEqual([
      { timeMs: T0, price: 11 },
      { timeMs: T0 + 1_000, price: 12 },
    ]);
  });

  test("has few points however long it runs, and forgets what is older than an hour", () => {
    const series = new Series();
    for (let second = 0; second <= 2 * 3_600; second += 1) {
      series.push(T0 + second * 1_000, second);
    }
    expect(series.points.length).toBeGreaterThan(40);
    expect(series.points.length).toBeLessThanOrEqual(128);
    expect(series.points.at(-1)?.price).toBeGreaterThan(7_100);
    expect(series.firstMs).toBeGreaterThanOrEqual(T0 + 2 * 3_600_000 - WINDOW_MS - 64_000);
  });

  test("history goes in front of what is live, without what is there already", () => {
    const series = new Series();
    series.push(T0 + 60_000, 5);
    series.seed([
      { timeMs: T0, price: 3 },
      { timeMs: T0 + 60_000, price: 4 },
    ]);
    expect(series.points.map(({ price }) => price)).toEqual([3, 5]);
    expect(series.first).toBe(3);
  });
});

describe("an instrument", () => {
  test("knows which way its prices went, and its change since the first one known", () => {
    const instrument = new Instrument("A");
    instrument.take(tradeAt(0, 100));
    expect(instrument.change).toBe(0);
    instrument.take(tradeAt(5, 101));
    instrument.take(quote(100.5, 101.25));
    instrument.take(quote(100.25, 101.25));
    expect(instrument).toMatchObject({
      last: 101,
      lastDirection: 1,
      bidDirection: -1,
      askDirection: 0,
    });
    expect(instrument.change).toBeCloseTo(0.01);
    expect(instrument.spread).toBeCloseTo(1);
  });

  test("an empty side of the book has no price, and no spread", () => {
    const instrument = new Instrument("A");
    instrument.take(quote(0, 101, { bs: 0 }));
    expect(instrument.bid).toBeUndefined();
    expect(instrument.spread).toBeUndefined();
    instrument.take(quote(0, 101));
    expect(instrument).toMatchObject({ bid: 0, spread: 101 });
  });

  test.each([
    [-37.5, -36.73, 0.77 / 37.5],
    [-1, -2, -1],
    [-1, 1, 2],
    [1, -1, -2],
  ])("from %f to %f its change is %f", (first, last, change) => {
    const instrument = new Instrument("A");
    instrument.take(tradeAt(0, first));
    instrument.take(tradeAt(2, last));
    expect(instrument.change).toBeCloseTo(change);
  });

  test.each([
    [0, 5],
    [1e-300, 1e300],
  ])("from %f to %f there is no share", (first, last) => {
    const instrument = new Instrument("A");
    instrument.take(tradeAt(0, first));
    instrument.take(tradeAt(2, last));
    expect(instrument.change).toBeUndefined();
  });

  test("is halted from a halt to the resumption, and stale from silence to the next tick", () => {
    const instrument = new Instrument("A");
    const status = (sc: string, sm: string): Status => ({
      T: "s",
      S: "A",
      sc,
      sm,
      rc: "",
      rm: "",
      t: at(0),
    });
    const take = (sc: string, sm: string) => {
      instrument.take(status(sc, sm));
      return [instrument.halt?.sm, instrument.silence?.sm];
    };
    expect(take("STALE", "No tick for 9 s")).toEqual([undefined, "No tick for 9 s"]);
    expect(take("LIVE", "Ticks again")).toEqual([undefined, undefined]);
    expect(take("B", "Order Imbalance")).toEqual([undefined, undefined]);
    expect(take("H", "Trading Halt")).toEqual(["Trading Halt", undefined]);
    expect(take("B", "Order Imbalance")).toEqual(["Trading Halt", undefined]);
    expect(take("LIVE", "Ticks again")).toEqual(["Trading Halt", undefined]);
    expect(take("T", "Trading Resumption")).toEqual([undefined, undefined]);
  });

  test.each([
    [190.05, 2],
    [24.4711, 4],
    [0.00001234, 8],
    [98_569.7, 2],
    [7, 2],
    [-37.5, 2],
    [1e308, 2],
  ])("the price %f is shown with %i decimals", (price, decimals) => {
    const instrument = new Instrument("A");
    instrument.take(tradeAt(0, price));
    expect(instrument.decimals).toBe(decimals);
  });
});

describe("an open bar", () => {
  test("is built from trades, and another one begins with the interval", () => {
    const open = new OpenBar(60);
    open.take(tradeAt(1, 10));
    open.take(tradeAt(2, 12));
    expect(open.take(tradeAt(59, 9))).toEqual({
      time: T0 / 1_000,
      open: 10,
      high: 12,
      low: 9,
      close: 9,
      volume: 30,
      turnover: 310,
    });
    expect(open.take(tradeAt(60, 8))).toMatchObject({ time: T0 / 1_000 + 60, open: 8, volume: 10 });
  });

  test("a conflated trade keeps its wicks and its volume", () => {
    const open = new OpenBar(1);
    const { n: _, ...last } = tradeAt(0, 10);
    const conflated: ConflatedTrade = { ...last, n: 4, h: 14, l: 7, v: 90, vw: 9, fi: 1 };
    expect(open.take(conflated)).toMatchObject({
      high: 14,
      low: 7,
      close: 10,
      volume: 90,
    });
  });

  test("its volume is finite", () => {
    const open = new OpenBar(60);
    open.take(tradeAt(0, 1, { s: Number.MAX_VALUE }));
    expect(open.take(tradeAt(1, 1, { s: Number.MAX_VALUE }))?.volume).toBe(Number.MAX_VALUE);
  });

  test("goes on from what the server has of it", () => {
    const open = new OpenBar(1);
    open.begin({ bars: [], current: bar(0) });
    expect(open.take(tradeAt(0.5, 5))).toMatchObject({ open: 1, high: 5, low: 1, volume: 110 });
  });

  test("the server's finished bar counts, and trades of it no more", () => {
    const open = new OpenBar(1);
    open.take(tradeAt(0, 9));
    open.take(tradeAt(1, 9));
    expect(open.finish(bar(0))).toMatchObject({ time: T0 / 1_000, high: 4, volume: 100 });
    expect(open.take(tradeAt(0.9, 9))).toBeUndefined();
  });
});

describe("the grid of a price axis", () => {
  test.each([
    [190.05, 2, 1, 2, "190.05"],
    [-36.73, 2, 1, 2, "-36.73"],
    [0, 2, 1, 2, "0.00"],
    [0.00012345, 8, 1, 8, "0.00012345"],
    [1.5e9, 8, 1, 2, "1,500,000,000.00"],
    [169.839033, 8, 1, 5, "169.83903"],
    [1e-12, 8, 1e-12, 5, "1e-12"],
    [-1.25e-12, 8, 1e-12, 5, "-1.25e-12"],
    [1.25e308, 2, 1e308, 5, "1.25e308"],
    [5e-324, 8, 1e-300, 5, "0e-300"],
  ])(
    "of %f with %i decimals has the unit %f and %i digits",
    (price, decimals, unit, digits, said) => {
      const grid = gridOf(price, decimals);
      expect(grid).toMatchObject({ unit, digits });
      expect(grid.format(price / grid.unit)).toBe(said);
    },
  );
});

test("search finds symbols first, then names, then sectors", () => {
  const listing = (symbol: string, name: string, sector = "") => ({
    symbol,
    name,
    sector,
    asset_class: "us_equity",
    exchange: "",
  });
  const directory = new Directory([
    listing("APP", "AppLovin", "Technology"),
    listing("AAPL", "Apple", "Technology"),
    listing("KO", "Coca-Cola", "Staples"),
    listing("GE", "General Apparatus", "Industrials"),
    listing("SNAP", "Snap"),
  ]);
  const find = (text: string) => directory.find(text, 9).map(({ symbol }) => symbol);
  expect(find("app")).toEqual(["APP", "AAPL", "GE"]);
  expect(find("aapl")).toEqual(["AAPL"]);
  expect(find("staples")).toEqual(["KO"]);
  expect(find("nap")).toEqual(["SNAP"]);
  expect(find("zzz")).toEqual([]);
  expect(find("")).toHaveLength(5);
});

describe("the price step that the server tells", () => {
  const listing = (symbol: string, step: number | null) => ({
    symbol,
    name: symbol,
    asset_class: "us_equity",
    sector: "",
    exchange: "",
    price_step: step,
  });

  test("says with how many digits prices are shown, before and after the first", () => {
    const market = new Market();
    market.take([tradeAt(0, 10, { S: "A" })]);
    market.learn([listing("A", 0.0001), listing("B", 5), listing("C", null)]);
    market.take([tradeAt(1, 10, { S: "B" }), tradeAt(1, 10, { S: "C" })]);
    expect(["A", "B", "C"].map((symbol) => market.get(symbol).decimals)).toEqual([4, 0, 2]);
  });

  test("hides no digit of a price that has more", () => {
    const market = new Market();
    market.take([tradeAt(0, 10.125, { S: "A" })]);
    market.learn([listing("A", 0.5)]);
    expect(market.get("A").decimals).toBe(3);
  });
});
