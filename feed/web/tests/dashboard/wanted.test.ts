import { expect, test } from "vitest";
import { Selection } from "../../src/client/wire/selection.ts";
import { less, wantedOf } from "../../src/dashboard/wanted.ts";
import { MOST_SYMBOLS } from "../../src/dashboard/watchlist/lists.ts";

/** What a server gives one subscriber by default (`--max-symbols-per-connection`). */
const SERVED = 5_000;
const CHARTED = Array.from({ length: 8 }, (_, number) => `C${number}`);
const many = (count: number) => Array.from({ length: count }, (_, number) => `S${number}`);

test("watched symbols are asked for by name, charted ones among them, and bars of these", () => {
  expect(wantedOf(["A", "B"], ["B", "C"], false)).toEqual({
    ...{ trades: ["A", "B", "C"], quotes: ["A", "B", "C"], statuses: ["A", "B", "C"] },
    ...{ bars: ["B", "C"], updatedBars: ["B", "C"], secondBars: ["B", "C"] },
  });
  expect(wantedOf(["A"], [], true).trades).toEqual(["*"]);
});

test.each([1_592, 1_600, 6_667, MOST_SYMBOLS])("a list of %d symbols can be asked for", (count) => {
  const wanted = Selection.of(wantedOf(many(count), CHARTED, false));
  expect(wanted.entries).toBeLessThan(SERVED);
  const all = wanted.symbols("trades").has("*");
  expect(all || wanted.symbols("trades").has(`S${count - 1}`)).toBe(true);
});

test("what is not watched any more is given back", () => {
  const before = wantedOf(["A", "B"], ["B"], false);
  const gone = less(before, wantedOf(["A"], ["C"], false));
  expect([gone.trades, gone.bars]).toEqual([["B"], ["B"]]);
});
