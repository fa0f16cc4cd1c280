import { describe, expect, test } from "vitest";
import { Candles } from "../../src/market/candles.ts";
import { at, bar, T0, tradeAt } from "../support/bars.ts";

const HOUR = 3_600;

describe("candles of a timeframe between the server's", () => {
  test("add up its minutes", () => {
    const candles = new Candles("5m");
    candles.begin({ bars: [0, 60, 120, 240, 300].map((s) => bar(s, 10 + s)), current: null });
    expect(candles.all.map(({ time }) => time - T0)).toEqual([0, 300]);
    expect(candles.all[0]).toMatchObject({ open: 10, high: 250, low: 10, close: 250, volume: 40 });
    expect(candles.all[0]?.turnover).toBe(10 * (10 + 70 + 130 + 250));
  });

  test("begin with whole hours of UTC, the first one in parts", () => {
    const candles = new Candles("1h");
    candles.begin({ bars: [bar(HOUR - 60, 5), bar(HOUR, 6)], current: bar(HOUR + 60, 7) });
    expect(candles.all.map(({ time, close }) => [time - T0, close])).toEqual([
      [0, 5],
      [HOUR, 7],
    ]);
  });

  test("go on with trades, and the server's minute counts when it comes", () => {
    const candles = new Candles("15m");
    candles.begin({ bars: [bar(0, 10)], current: bar(60, 11) });
    expect(candles.take(tradeAt(70, 20))).toBe(true);
    expect(candles.settle()).toBe(0);
    expect(candles.newest).toMatchObject({ open: 10, high: 20, close: 20, volume: 30 });
    candles.take(bar(60, 12));
    candles.settle();
    expect(candles.newest).toMatchObject({ high: 12, close: 12, volume: 20 });
    candles.take(tradeAt(900, 13));
    expect(candles.settle()).toBe(1);
    expect(candles.all).toHaveLength(2);
  });

  test("a minute that is corrected corrects the hour that it is in", () => {
    const candles = new Candles("1h");
    candles.begin({ bars: [bar(0, 10), bar(HOUR, 11)], current: null });
    candles.take(bar(0, 30, { T: "u" }));
    expect(candles.settle()).toBe(0);
    expect(candles.all[0]).toMatchObject({ close: 30, volume: 10 });
  });

  test("nothing differs where nothing came, or what is no part of them", () => {
    const candles = new Candles("5m");
    candles.begin({ bars: [bar(0, 10)], current: null });
    expect(candles.settle()).toBeUndefined();
    expect(candles.take(bar(60, 1, { T: "b1s" }))).toBe(false);
    expect(candles.settle()).toBeUndefined();
  });
});

test("seconds are those of the server, and a late one is put in its place", () => {
  const candles = new Candles("1s");
  candles.begin({ bars: [], current: null });
  for (const second of [1, 3]) {
    candles.take(tradeAt(second, second));
  }
  candles.take(bar(2, 9, { T: "b1s" }));
  expect(candles.settle()).toBe(0);
  expect(candles.all.map(({ time, close }) => [time - T0, close])).toEqual([
    [1, 1],
    [2, 9],
    [3, 3],
  ]);
});

test("a conflated trade counts with all that it stands for", () => {
  const candles = new Candles("1d");
  candles.begin({ bars: [bar(-86_400, 5)], current: bar(0, 10) });
  const { n: _, ...last } = tradeAt(50, 11);
  candles.take({ ...last, t: at(50), n: 3, h: 15, l: 9, v: 30, vw: 12, fi: 1 });
  candles.settle();
  expect(candles.newest).toMatchObject({ high: 15, low: 9, close: 11, volume: 40 });
  expect(candles.newest?.turnover).toBe(100 + 360);
});

describe("a bar that the server finished", () => {
  test.each(["1s", "1m", "5m"] as const)("is not replaced by a late trade in %s", (timeframe) => {
    const candles = new Candles(timeframe);
    const served = timeframe === "1s" ? "b1s" : "b";
    candles.begin({ bars: [bar(0, 10, { T: served })], current: null });
    expect(candles.take(tradeAt(0, 99))).toBe(false);
    candles.take(bar(60, 20, { T: served }));
    expect(candles.take(tradeAt(60, 99))).toBe(false);
    candles.settle();
    expect(candles.newest).toMatchObject({ high: 20, close: 20 });
    expect(candles.take(tradeAt(120, 30))).toBe(true);
  });
});

test("a bar whose beginning conflated trades do not tell is left out, and the next one is whole", () => {
  const conflated = (seconds: number, price: number) => {
    const { n: _, ...last } = tradeAt(seconds, price);
    return { ...last, n: 2, h: price, l: price, v: 20, vw: price, fi: 1 };
  };
  const candles = new Candles("1d");
  candles.begin({ bars: [bar(-86_400, 5)], current: null });
  expect(candles.take(conflated(50, 11))).toBe(false);
  expect(candles.take(conflated(60, 12))).toBe(false);
  expect(candles.take(conflated(86_400, 13))).toBe(true);
  candles.settle();
  expect(candles.all.map(({ close }) => close)).toEqual([5, 13]);
});
