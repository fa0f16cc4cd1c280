import { describe, expect, test } from "vitest";
import type { Rule } from "../../src/client/index.ts";
import { questionAbout } from "../../src/dashboard/answer/words.ts";
import { prefillOf, roundToStep } from "../../src/dashboard/desk/prefill.ts";
import { marksOf } from "../../src/dashboard/desk/rulemarks.ts";
import { presenceWords, stateWords } from "../../src/dashboard/desk/words.ts";
import { placesOf } from "../../src/elements/chart/markplaces.ts";

describe("a price that was pointed at", () => {
  test.each([
    [201.3456, 0.01, 201.35],
    [201.37, 0.25, 201.25],
    [101.3, 5, 100],
    [0.1 + 0.2, 0.1, 0.3],
    [-37.634, 0.01, -37.63],
    [0.00001234, 1e-7, 0.0000123],
    [-0.001, 0.01, 0],
    [0.4, 10, 0],
    [7.5, 10, 10],
  ])("%d on a grid of %d is %d", (price, step, rounded) => {
    expect(roundToStep(price, step)).toBe(rounded);
  });

  test("is waited for from below where it is above the last price, and from above where it is below", () => {
    const known = { last: 200, step: 0.05, decimals: 2 };
    expect(prefillOf(201.337, known)).toEqual({ op: ">=", value: 201.35 });
    expect(prefillOf(198.99, known)).toEqual({ op: "<=", value: 199 });
    expect(prefillOf(undefined, known)).toEqual({ op: ">=", value: 200 });
  });

  test("has the digits that were seen where no grid is known, and none where no price is", () => {
    expect(prefillOf(1.23456, { last: undefined, step: undefined, decimals: 3 }).value).toBe(1.235);
    const none = { last: undefined, step: 0.01, decimals: 2 };
    expect(prefillOf(undefined, none)).toEqual({ op: ">=", value: undefined });
  });
});

test("rules of a price are marks of its symbol, until they are over", () => {
  const rule: Rule = { id: "rule_1", symbol: "AAPL", field: "price", op: ">=", value: 200 };
  const others: Rule[] = [
    { ...rule, id: "rule_2", symbol: "MSFT" },
    { ...rule, id: "rule_3", op: "moves_pct", value: 2, window: "5m" },
    { ...rule, id: "rule_4", field: "volume" },
    { ...rule, id: "rule_5", state: "fired" },
    { ...rule, id: "rule_6", op: "crosses_below", state: "armed" },
  ];
  expect(marksOf([rule, ...others], "AAPL")).toEqual([
    { id: "rule_1", price: 200, words: "Alert ≥" },
    { id: "rule_6", price: 200, words: "Alert ↓" },
  ]);
});

test("handles of marks do not cover each other", () => {
  const places = placesOf([100, undefined, 110, 300, 105]);
  expect(places.map(({ y }) => y)).toEqual([100, undefined, 110, 300, 105]);
  expect(new Set([0, 2, 4].map((index) => places[index]?.x)).size).toBe(3);
  expect(places[3]?.x).toBe(0);
});

test("who is here, how a rule stands, and what is asked are said in a line", () => {
  expect(presenceWords("desk", [])).toBe("desk · nobody here");
  expect(presenceWords("desk", ["Ann", "Bob"])).toBe("desk · 2 here: Ann and Bob");
  expect(stateWords({ state: "armed" })).toBe("once");
  expect(stateWords({ state: "armed", once: false })).toBe("again and again");
  expect(stateWords({ state: "suspended", why: "not granted" })).toBe("suspended: not granted");
  expect(questionAbout("AAPL")).toBe("What moved AAPL?");
});
