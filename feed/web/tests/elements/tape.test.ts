import { describe, expect, test } from "vitest";
import type { ConflatedTrade, Quote, Trade } from "../../src/client/index.ts";
import { conditionWords } from "../../src/elements/conditions.ts";
import { BigPrints } from "../../src/elements/tape/prints.ts";
import { Sides } from "../../src/elements/tape/side.ts";
import { MOST_LINES, type Print, Tape } from "../../src/elements/tape/tape.ts";

const T = "2026-01-02T15:00:00Z";

function trade(p: number, more: Partial<Trade> = {}): Trade {
  return { T: "t", S: "AAPL", i: 1, x: "V", p, s: 100, t: T, ...more };
}

function quote(bp: number, ap: number): Quote {
  return { T: "q", S: "AAPL", bx: "V", bp, bs: bp && 1, ax: "V", ap, as: ap && 1, t: T };
}

describe("the side of a trade", () => {
  test("is the source's own where it tells it", () => {
    const sides = new Sides();
    sides.see(quote(10, 11));
    expect(sides.of(trade(11, { tks: "S" }))).toBe("sell");
  });

  test.each([
    [11, "buy"],
    [12, "buy"],
    [10, "sell"],
    [9, "sell"],
    [10.5, undefined],
  ])("of a price of %d against 10 / 11 is %s", (price, side) => {
    const sides = new Sides();
    sides.see(quote(10, 11));
    expect(sides.of(trade(price))).toBe(side);
  });

  test("is that of the last change between bid and ask, and while there is no quote", () => {
    const sides = new Sides();
    const prices = [5, 5, 6, 6, 4, 4];
    const expected = [undefined, undefined, "buy", "buy", "sell", "sell"];
    expect(prices.map((price) => sides.of(trade(price)))).toEqual(expected);
    sides.see(quote(3, 9));
    expect(sides.of(trade(4.5))).toBe("buy");
  });

  test("is not inferred from a quote that is crossed, or has an empty side only", () => {
    const sides = new Sides();
    sides.see(quote(11, 10));
    expect(sides.of(trade(10.5))).toBeUndefined();
    sides.see(quote(0, 0));
    expect(sides.of(trade(10.5))).toBeUndefined();
  });
});

describe("big prints", () => {
  test("are ten times the median, once that is known", () => {
    const prints = new BigPrints();
    expect(prints.take(1e9)).toBe(false);
    for (let count = 0; count < 40; count += 1) {
      prints.take(100);
    }
    expect([prints.take(999), prints.take(1_000)]).toEqual([false, true]);
  });

  test("follow a size that the page sets", () => {
    const prints = new BigPrints(500);
    expect([prints.take(499), prints.take(500)]).toEqual([false, true]);
  });
});

test("conditions are words; a regular trade has none, an unknown code stays", () => {
  expect(conditionWords(["@", "F", "I"])).toBe("Sweep · Odd lot");
  expect(conditionWords([" "])).toBe("");
  expect(conditionWords(undefined)).toBe("");
  expect(conditionWords(["?"])).toBe("?");
});

describe("a tape", () => {
  test("gives lines once, oldest first", () => {
    const tape = new Tape();
    tape.trade(trade(1));
    tape.trade(trade(2));
    expect(tape.takeDue().map((line) => (line as Print).price)).toEqual([1, 2]);
    expect(tape.takeDue()).toEqual([]);
  });

  test("gives none while it is paused, counts them, and gives all afterwards", () => {
    const tape = new Tape();
    tape.isPaused = true;
    tape.trade(trade(1));
    tape.break("Gap");
    tape.trade(trade(2));
    expect([tape.takeDue(), tape.meanwhile]).toEqual([[], 2]);
    tape.isPaused = false;
    expect(tape.meanwhile).toBe(0);
    expect(tape.takeDue()).toHaveLength(3);
  });

  test("keeps the newest of what came while it was paused for long", () => {
    const tape = new Tape();
    tape.isPaused = true;
    for (let price = 1; price <= 10_000; price += 1) {
      tape.trade(trade(price));
    }
    expect(tape.meanwhile).toBe(10_000);
    tape.isPaused = false;
    const due = tape.takeDue();
    expect(due.length).toBeGreaterThanOrEqual(MOST_LINES);
    expect(due.length).toBeLessThanOrEqual(2 * MOST_LINES);
    expect((due.at(-1) as Print).price).toBe(10_000);
  });

  test("takes the past once, without what has come live meanwhile", () => {
    const tape = new Tape();
    tape.trade(trade(3, { i: 3 }));
    const past = [1, 2, 3].map((i) => trade(i, { i }));
    expect(tape.seed(past).map(({ price }) => price)).toEqual([1, 2]);
    expect(tape.seed(past)).toEqual([]);
  });

  test("shows a conflated trade with all that it stands for", () => {
    const tape = new Tape();
    const merged: ConflatedTrade = { ...trade(9), n: 7, h: 9, l: 8, v: 700, vw: 8.5, fi: 1 };
    tape.trade(merged as ConflatedTrade);
    expect(tape.takeDue()[0]).toMatchObject({ size: 700, conditions: "7 trades" });
  });
});
