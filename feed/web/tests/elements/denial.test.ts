/** What a grant leaves out, in words; the server's words are those of its tests. */

import { expect, test } from "vitest";
import { Lost, Refused } from "../../src/client/index.ts";
import { denialIn, denialOf, refusedOn, wordsOf } from "../../src/elements/denial.ts";
import { Instrument } from "../../src/market/instrument.ts";

test.each([
  ["AAPL on quotes is not granted; granted: trades=A*", "AAPL on quotes"],
  ["* on quotes is not granted; granted: trades=A*", "quotes"],
  ["quotes of * is not granted; granted: trades=A*", "quotes"],
  ["the room desk is not granted; granted: nothing", "the room desk"],
  ["symbols: MSFT is not granted; granted: *=AAPL", "MSFT"],
  [
    "insufficient subscription: MSFT on trades is not granted; granted: nothing (409)",
    "MSFT on trades",
  ],
])("%s", (words, what) => {
  expect(denialIn(words)).toBe(`Your key does not include ${what}`);
});

test("other words are of no grant", () => {
  const limit = new Refused(400, "symbols: 6000 would exceed the limit of 5000", false);
  expect([denialIn("frame=7s is not accepted"), denialOf(limit), denialOf(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(wordsOf(limit)).toBe("symbols: 6000 would exceed the limit of 5000 (400)");
  expect(wordsOf(new Lost("http", "no answer within 15 s"))).toBe(
    "The server did not answer: no answer within 15 s",
  );
});

test("a warning names what is refused of each channel", () => {
  const words = "not granted: MSFT, TSLA and 1,003 more on trades; *, AAPL on quotes";
  expect(refusedOn("trades", words)).toEqual(["MSFT", "TSLA"]);
  expect(refusedOn("quotes", words)).toEqual(["AAPL"]);
  expect(refusedOn("bars", words)).toEqual([]);
});

test("what came is not denied any more", () => {
  const instrument = new Instrument("AAPL");
  instrument.deny("trades", "no trades");
  instrument.deny("quotes", "no quotes");
  instrument.take({ T: "t", S: "AAPL", i: 1, x: "Q", p: 1, s: 1, t: "2026-01-02T00:00:00Z" });
  expect([...instrument.denials]).toEqual([["quotes", "no quotes"]]);
});
