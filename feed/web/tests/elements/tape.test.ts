import { describe, expect, test } from "vitest";
import type { ConflatedTrade, Quote, Trade } from "../../src/client/index.ts";
import { conditionWords } from "../../src/elements/conditions.ts";
import { Quotes } from "../../src/elements/quotes/quotes.ts";
import { MOST_LINES } from "../../src/elements/rolling/roll.ts";
import { BigPrints } from "../../src/elements/tape/prints.ts";
import { Sides } from "../../src/elements/tape/side.ts";
import { type Print, Tape } from "../../src/elements/tape/tape.ts";

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

/** The prices that a tape shows, newest first, once what waits is let through. */
function shown(tape: Tape): number[] {
  tape.roll.advance();
  return tape.roll.lines.map((line) => (line as Print).price);
}

describe("a tape", () => {
  test("shows the newest first, and tells whether anything came", () => {
    const tape = new Tape();
    tape.trade(trade(1));
    tape.trade(trade(2));
    expect(shown(tape)).toEqual([2, 1]);
    expect(tape.roll.advance()).toBe(false);
    tape.trade(trade(3));
    expect(shown(tape)).toEqual([3, 2, 1]);
  });

  test("says which trades were a new high or low of the day", () => {
    const tape = new Tape();
    tape.trade(trade(1));
    tape.trade(trade(2), "high");
    tape.roll.advance();
    expect(tape.roll.lines.map((line) => (line as Print).extreme)).toEqual(["high", undefined]);
  });

  test("stands while it is paused, counts what comes, and shows it afterwards", () => {
    const tape = new Tape();
    tape.roll.isPaused = true;
    tape.trade(trade(1));
    tape.break("Gap");
    tape.trade(trade(2));
    expect([shown(tape), tape.roll.meanwhile]).toEqual([[], 2]);
    tape.roll.isPaused = false;
    expect(tape.roll.meanwhile).toBe(0);
    expect(shown(tape)).toEqual([2, undefined, 1]);
  });

  test("keeps the newest, however much comes", () => {
    const tape = new Tape();
    tape.roll.isPaused = true;
    for (let price = 1; price <= 10_000; price += 1) {
      tape.trade(trade(price));
    }
    expect(tape.roll.meanwhile).toBe(10_000);
    tape.roll.isPaused = false;
    const prices = shown(tape);
    expect(prices).toEqual(Array.from({ length: MOST_LINES }, (_, place) => 10_000 - place));
  });

  test("takes the past once, without what has come live meanwhile", () => {
    const tape = new Tape();
    tape.trade(trade(3, { i: 3 }));
    const past = [1, 2, 3].map((i) => trade(i, { i }));
    tape.seed(past);
    tape.seed(past);
    expect(shown(tape)).toEqual([3, 2, 1]);
  });

  test("shows a conflated trade with all that it stands for", () => {
    const tape = new Tape();
    const merged: ConflatedTrade = { ...trade(9), n: 7, h: 9, l: 8, v: 700, vw: 8.5, fi: 1 };
    tape.trade(merged as ConflatedTrade);
    tape.roll.advance();
    expect(tape.roll.lines[0]).toMatchObject({ size: 700, conditions: "7 trades" });
  });

  test("says from which size a print is big", () => {
    const tape = new Tape();
    expect(tape.big.from).toBeUndefined();
    for (let i = 0; i < 20; i += 1) {
      tape.trade(trade(1, { i }));
    }
    expect(tape.big.from).toBe(1_000);
    expect(new Tape(500).big.from).toBe(500);
  });
});

describe("quotes", () => {
  const book = (bp: number, ap: number, second = 0, bs = 1) =>
    ({
      ...quote(bp, ap),
      bs: bp && bs,
      t: `2026-01-02T15:00:${String(second).padStart(2, "0")}Z`,
    }) as Quote;

  function linesOf(quotes: Quotes): (number | string | undefined)[][] {
    quotes.roll.advance();
    return quotes.roll.lines.map(({ bid, ask }) => [bid.price, bid.way, ask.price, ask.way]);
  }

  test("are told when they differ, with the way of each side", () => {
    const quotes = new Quotes();
    for (const [bid, ask] of [
      [10, 11],
      [10, 11],
      [10.5, 10.9],
    ] as const) {
      quotes.take(book(bid, ask));
    }
    expect(linesOf(quotes)).toEqual([
      [10.5, "up", 10.9, "down"],
      [10, undefined, 11, undefined],
    ]);
  });

  test("have no price where a side is empty, and no way from there", () => {
    const quotes = new Quotes();
    quotes.take(book(0, 11));
    quotes.take(book(10, 11));
    expect(linesOf(quotes)).toEqual([
      [10, undefined, 11, undefined],
      [undefined, undefined, 11, undefined],
    ]);
  });

  test("of the past lie behind those that came, none of them twice", () => {
    const quotes = new Quotes();
    quotes.take(book(12, 13, 2));
    quotes.seed([book(10, 11, 0), book(10, 11, 1, 5), book(12, 13, 2)]);
    quotes.seed([book(1, 2, 0)]);
    expect(linesOf(quotes).map(([bid]) => bid)).toEqual([12, 10, 10]);
  });
});
