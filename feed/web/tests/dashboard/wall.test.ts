/** What stands on the wall. */

import { describe, expect, test } from "vitest";
import type { Trade } from "../../src/client/index.ts";
import type { Currency } from "../../src/dashboard/connection/currency.ts";
import { around, nextOf, priceOf, stateOf } from "../../src/dashboard/wall/words.ts";
import { Instrument } from "../../src/market/instrument.ts";

const AT = "2026-01-02T12:34:56Z";
const NOW_MS = Date.parse("2026-01-02T12:35:00Z");
const trade: Trade = { T: "t", S: "A", i: 1, x: "Q", p: 101, s: 1, t: AT };
const live: Currency = {
  ...{ words: "Live", spoken: "Live", health: "good", isCurrent: true, asOfMs: undefined },
};
const instrument = () => {
  const made = new Instrument("A");
  made.take(trade);
  return made;
};

describe("the price", () => {
  test("is told with its change since the close, else since what is known", () => {
    const made = instrument();
    expect(priceOf(made)).toMatchObject({ change: "0.00 %", since: "in the last hour" });
    const day = { T: "b", S: "A", o: 100, h: 1, l: 1, c: 98, n: 1, v: 1, vw: 1, t: AT } as const;
    made.day.begin({ bars: [], current: day });
    expect(priceOf(made)).toEqual({
      ...{ last: "101.00", change: "▲ +1.00 %", way: "up", since: "since the open" },
    });
    made.day.begin({ bars: [{ ...day, c: 202 }], current: day });
    expect(priceOf(made)).toMatchObject({ change: "▼ −50.00 %", since: "since the close" });
  });

  test("that is not there yet is none", () => {
    expect(priceOf(new Instrument("A"))).toEqual({
      ...{ last: "–", change: "–", way: undefined, since: "" },
    });
  });
});

describe("the state", () => {
  test("of what is of now says when that is", () => {
    const { words, isCurrent } = stateOf(live, instrument(), NOW_MS);
    expect(words).toMatch(/^Live · as of (\d{4}-\d\d-\d\d )?\d\d:34:56$/);
    expect(isCurrent).toBe(true);
  });

  test("of what is not says why, and as of when", () => {
    const behind = { ...live, words: "Live · 12 s behind", isCurrent: false, asOfMs: NOW_MS };
    const told = stateOf(behind, instrument(), NOW_MS);
    expect(told.words).toMatch(/^Live · 12 s behind · as of .*35:00$/);
    expect(told.isCurrent).toBe(false);
    expect(stateOf(undefined, undefined, NOW_MS)).toEqual({
      ...{ words: "Connecting… · no price yet", isCurrent: false },
    });
  });

  test("of a halt is its words", () => {
    const made = instrument();
    const words = { sm: "Trading Halt", rm: "Halt News Pending" };
    made.take({ T: "s", S: "A", sc: "H", rc: "T1", z: "C", t: AT, ...words });
    const { words: told, isCurrent } = stateOf(live, made, NOW_MS);
    expect(told).toMatch(/^Trading Halt · Halt News Pending · as of /);
    expect(isCurrent).toBe(false);
  });
});

describe("rows of the list", () => {
  const list = ["A", "B", "C", "D", "E"];

  test.each([
    ["A", 3, ["A", "B", "C"]],
    ["C", 3, ["B", "C", "D"]],
    ["E", 3, ["C", "D", "E"]],
    ["X", 3, ["A", "B", "C"]],
    ["A", 9, list],
  ])("around %s, %i of them", (chosen, count, shown) => {
    expect(around(list, chosen, count)).toEqual(shown);
  });

  test("one comes after the other, and the first after the last", () => {
    expect([nextOf(list, "A"), nextOf(list, "E"), nextOf(list, "X"), nextOf([], "A")]).toEqual([
      ...["B", "A", "A"],
      undefined,
    ]);
  });
});
