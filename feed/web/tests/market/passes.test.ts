import { expect, test } from "vitest";
import { Passes } from "../../src/market/passes.ts";

const NOW = Date.parse("2026-01-02T15:00:00Z");
const secondsBack = (...seconds: number[]) => seconds.map((back) => NOW - back * 1_000);

/** Whether a pass begins with one of these trades, at a time. */
const begins = (times: readonly number[], nowMs: number) => {
  const passes = new Passes();
  return times.map((timeMs) => passes.take(timeMs, nowMs)).indexOf(true);
};

test("a recording that goes back begins anew with the third trade in a row", () => {
  const times = secondsBack(0, 9, 8, 7, 6);
  expect(begins(times, NOW + 86_400_000)).toBe(3);
  expect(begins(secondsBack(0, 9, 8, 0, 7, 6), NOW + 86_400_000)).toBe(-1);
});

test("trades of now may be reported late, several in a row", () => {
  expect(begins(secondsBack(0, 9, 8, 12, 7), NOW + 500)).toBe(-1);
  expect(begins(secondsBack(0, 300, 299, 298), NOW + 500)).toBe(3); // a recording in place of a market
});
