import { describe, expect, test } from "vitest";
import { commonTime, percentOf } from "../../src/market/percent.ts";
import { averageAt, periodsOf, tradedBefore, Vwap } from "../../src/market/studies.ts";
import { candle, T0 } from "../support/bars.ts";

const DAY = 86_400;

describe("a moving average", () => {
  const candles = [1, 2, 3, 4].map((close) => candle(close, close));

  test("is the mean of the last closes, and there is none of fewer", () => {
    expect([0, 1, 2, 3].map((index) => averageAt(candles, index, 3))).toEqual([
      undefined,
      undefined,
      2,
      3,
    ]);
  });

  test("of prices at the end of what numbers can hold is one of them", () => {
    const huge = [candle(0, 1.5e308), candle(1, 1.5e308)];
    expect(averageAt(huge, 1, 2)).toBeCloseTo(1.5e308, -300);
  });

  test.each([
    ["20 50", [20, 50]],
    ["9,21", [9, 21]],
    ["", []],
    ["1", undefined],
    ["20 50 100", undefined],
    ["2.5", undefined],
    ["ten", undefined],
    ["501", undefined],
  ])("periods of “%s” are %j", (text, periods) => {
    expect(periodsOf(text)).toEqual(periods);
  });
});

describe("the VWAP of a session", () => {
  test("weighs prices by volumes from the beginning of the day", () => {
    const vwap = new Vwap();
    const candles = [
      candle(-60, 99),
      candle(0, 10, { volume: 30, turnover: 300 }),
      candle(60, 20, { volume: 10, turnover: 200 }),
    ];
    vwap.begin(candles, undefined, 60);
    expect([0, 1, 2].map((index) => vwap.at(index))).toEqual([undefined, 10, 12.5]);
  });

  test("counts what the day had traded before the first candle, by the day's bar", () => {
    const vwap = new Vwap();
    const candles = [candle(7_200, 20), candle(7_201, 20)];
    vwap.begin(candles, candle(0, 20, { volume: 60, turnover: 800 }), 1);
    expect(vwap.at(0)).toBeCloseTo((800 - 400 + 200) / 50);
    expect(vwap.at(1)).toBeCloseTo(800 / 60);
  });

  test("is not known where the day began unseen", () => {
    const vwap = new Vwap();
    vwap.begin([candle(7_200, 20)], undefined, 1);
    expect(vwap.at(0)).toBeUndefined();
  });

  test("goes on with new candles, and begins anew with the next day", () => {
    const vwap = new Vwap();
    const candles = [candle(0, 10)];
    vwap.begin(candles, candle(0, 10), 1);
    candles.push(candle(1, 20), candle(DAY, 5));
    vwap.update(candles, 1);
    expect([0, 1, 2].map((index) => vwap.at(index))).toEqual([10, 15, 5]);
    candles[1] = candle(1, 40);
    vwap.update(candles, 1);
    expect(vwap.at(1)).toBe(25);
  });

  test("of days is that of each day, and without volume there is none", () => {
    const vwap = new Vwap();
    const candles = [
      candle(0, 10),
      candle(DAY, 30),
      candle(2 * DAY, 7, { volume: 0, turnover: 0 }),
    ];
    vwap.begin(candles, undefined, DAY);
    expect([0, 1, 2].map((index) => vwap.at(index))).toEqual([10, 30, undefined]);
  });

  test("has nothing before the first candle where the day is younger", () => {
    const day = candle(0, 10, { volume: 20, turnover: 200 });
    expect(tradedBefore([candle(0, 10), candle(1, 10)], day)).toEqual({ volume: 0, turnover: 0 });
  });
});

describe("a comparison in per cent", () => {
  test("begins where both have a price", () => {
    const some = [candle(1, 1), candle(2, 1), candle(4, 1)];
    const others = [candle(2, 1), candle(3, 1), candle(4, 1)];
    expect(commonTime(some, others)).toBe(T0 + 2);
    expect(commonTime(some, others, T0 + 3)).toBe(T0 + 4);
    expect(commonTime(some, [])).toBeUndefined();
  });

  test.each([
    [110, 100, 10],
    [-30, -40, 25], // up is above 0 for negative prices too
    [1e308, -1e308, 200],
    [5, 0, undefined],
  ])("of %d since %d is %d", (price, base, percent) => {
    expect(percentOf(price, base)).toEqual(
      percent === undefined ? undefined : expect.closeTo(percent),
    );
  });
});
