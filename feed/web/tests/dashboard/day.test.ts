import { describe, expect, test } from "vitest";
import type { Bar, ConflatedTrade, Trade } from "../../src/client/index.ts";
import { Day } from "../../src/market/day.ts";
import type { Bars } from "../../src/market/history.ts";
import { Market } from "../../src/market/market.ts";
import { trade } from "../support/feed.ts";

function tradeAt(t: string, price: number): Trade {
  return { ...(trade("A", 1) as Trade), p: price, s: 10, t };
}

function bar(t: string, more: Partial<Bar>): Bar {
  return { T: "b", S: "A", o: 1, h: 1, l: 1, c: 1, v: 1, n: 1, vw: 1, t, ...more };
}

const TODAY: Bars = {
  bars: [bar("2026-01-01T00:00:00Z", { c: 90 })],
  current: bar("2026-01-02T00:00:00Z", { o: 100, h: 110, l: 95, c: 105 }),
};

describe("a day", () => {
  test("shows nothing until the server has told its beginning", () => {
    const day = new Day();
    day.take(tradeAt("2026-01-02T10:00:00Z", 104));
    expect(day.range).toBeUndefined();
    expect(day.changeOf(104)).toBeUndefined();
    expect(day.previousClose).toBeUndefined();
  });

  test("goes on from the server's bar with trades that came before it and after", () => {
    const day = new Day();
    day.take(tradeAt("2026-01-02T10:00:00Z", 111));
    day.begin(TODAY);
    expect(day.range).toEqual([95, 111]);
    day.take(tradeAt("2026-01-02T10:00:01Z", 94));
    expect(day.range).toEqual([94, 111]);
    expect(day.changeOf(94)).toBeCloseTo(-0.06);
    expect(day.previousClose).toBe(90);
  });

  test("counts the range of a conflated trade", () => {
    const day = new Day();
    day.begin(TODAY);
    const last = tradeAt("2026-01-02T10:00:01Z", 100);
    day.take({ ...last, n: 3, h: 120, l: 80, v: 30, vw: 100, fi: 1 } as ConflatedTrade);
    expect(day.range).toEqual([80, 120]);
  });

  test("tells a trade that is its new high or low, once all of it is known", () => {
    const day = new Day();
    const at = (second: number, price: number) =>
      day.take(tradeAt(`2026-01-02T10:00:0${second}Z`, price));
    expect(at(0, 111)).toBeUndefined();
    day.begin(TODAY);
    const told = [at(1, 111), at(2, 112), at(3, 112), at(4, 94), at(5, 100)];
    expect(told).toEqual([undefined, "high", undefined, "low", undefined]);
    const first = day.take(tradeAt("2026-01-03T00:00:01Z", 200));
    const second = day.take(tradeAt("2026-01-03T00:00:02Z", 201));
    expect([first, second]).toEqual([undefined, "high"]);
  });

  test("ends at midnight of UTC, and its last price is the previous close", () => {
    const day = new Day();
    day.begin(TODAY);
    day.take(tradeAt("2026-01-02T23:59:59Z", 107));
    day.take(tradeAt("2026-01-03T00:00:01Z", 108));
    expect(day.previousClose).toBe(107);
    expect(day.open).toBe(108);
    expect(day.range).toEqual([108, 108]);
    day.take(tradeAt("2026-01-02T23:59:58Z", 1)); // late
    expect(day.range).toEqual([108, 108]);
    day.begin(TODAY); // an answer that is older
    expect(day.open).toBe(108);
  });

  test("has the server's last price as the previous close where no trade came since", () => {
    const day = new Day();
    day.begin(TODAY);
    day.take(tradeAt("2026-01-03T00:00:01Z", 108));
    expect(day.previousClose).toBe(105);
  });

  test("without a trade today has a previous close only, and forgets it when time begins anew", () => {
    const day = new Day();
    day.begin({ bars: TODAY.bars, current: null });
    expect(day.previousClose).toBe(90);
    expect(day.range).toBeUndefined();
    day.begin(TODAY);
    day.clear();
    expect([day.open, day.previousClose, day.range]).toEqual([undefined, undefined, undefined]);
  });

  test("begins with the first trade where the server tells none", () => {
    const day = new Day();
    day.begin({ bars: TODAY.bars, current: null });
    day.take(tradeAt("2026-01-02T10:00:00Z", 100));
    expect([day.open, day.range, day.volume, day.previousClose]).toEqual([100, [100, 100], 10, 90]);
  });

  test("has no open where a conflated trade begins it, whose first price is not told", () => {
    const first = tradeAt("2026-01-02T10:00:00Z", 100);
    const day = new Day();
    day.begin({ bars: TODAY.bars, current: null });
    day.take({ ...first, n: 3, h: 120, l: 80, v: 30, vw: 100, fi: 1 } as ConflatedTrade);
    expect([day.open, day.range, day.volume, day.previousClose]).toEqual([
      undefined,
      [80, 120],
      30,
      90,
    ]);
  });

  test("does not begin with the last known trade, which is of before, but with the first news", () => {
    const market = new Market();
    const { day } = market.get("A");
    day.begin({ bars: TODAY.bars, current: null });
    market.restate([tradeAt("2026-01-02T09:00:00Z", 50)]);
    market.take([tradeAt("2026-01-02T10:00:00Z", 100)]);
    expect([day.open, day.range, day.volume]).toEqual([undefined, undefined, undefined]);
    expect(day.previousClose).toBe(90);
    market.take([tradeAt("2026-01-03T10:00:00Z", 101)]);
    expect([day.open, day.range, day.volume]).toEqual([101, [101, 101], 10]);
  });

  test("counts the last known trade once", () => {
    const market = new Market();
    const { day } = market.get("A");
    day.begin(TODAY);
    market.restate([tradeAt("2026-01-02T10:00:00Z", 105)]);
    expect([day.volume, day.range]).toEqual([1, [95, 110]]);
  });
});
