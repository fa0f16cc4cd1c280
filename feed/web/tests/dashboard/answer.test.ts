/** What is said about an answer, and the sentences that screen readers are told. */

import { expect, test } from "vitest";
import { about, sentences, type Told } from "../../src/dashboard/answer/words.ts";

const BEGUN: Told = { id: "gen_1", model: "market", state: "running", usage: undefined };

test.each<[Partial<Told>, boolean, string]>([
  [{ id: undefined, model: undefined }, false, "asking…"],
  [{}, false, "market · writing…"],
  [{}, true, "market · asked elsewhere · writing…"],
  [{ model: undefined, state: "cancelled" }, false, "stopped"],
  [
    { state: "stop", usage: { promptTokens: 3, completionTokens: 56 } },
    false,
    "market · 3 + 56 tokens",
  ],
  [{ state: "length" }, false, "market · cut off at the most tokens that it may have"],
])("%o is told as it is", (told, isWatched, words) => {
  expect(about({ ...BEGUN, ...told }, isWatched)).toBe(words);
});

test.each<[string, string, string]>([
  ["", "", ""],
  ["TSLA fell", "", "TSLA fell"],
  ["TSLA fell.", "", "TSLA fell."], // it may be 3.5 next
  ["TSLA fell. It", "TSLA fell.", " It"],
  ["Down 3.5 % so far. And? Up! No", "Down 3.5 % so far. And? Up!", " No"],
  ["- one\n- two", "- one\n", "- two"],
])("of %o the whole sentences are %o", (text, whole, rest) => {
  expect(sentences(text)).toEqual([whole, rest]);
});
