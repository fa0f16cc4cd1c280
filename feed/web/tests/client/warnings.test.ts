import { expect, test } from "vitest";
import { Warnings } from "../../src/client/warnings.ts";
import { Selection } from "../../src/client/wire/selection.ts";
import type { Tick, Warning } from "../../src/client/wire/ticks.ts";

const OWN = Selection.of({ trades: ["aapl"], quotes: ["*"] });

function warning(reason: string, names: string[], count = names.length): Warning {
  return { T: "warning", reason, msg: "words", names, nearest: { aapl: "AAPL" }, count };
}

test("a warning of what was asked for is told as it came", () => {
  const warned = warning("unlisted", ["aapl"]);
  expect(new Warnings().take(warned, OWN)).toBe(warned);
  const mute = warning("silent_channel", ["quotes"]);
  expect(new Warnings().take(mute, OWN)).toBe(mute);
});

test("of a warning only what was asked for is told, and once", () => {
  const warnings = new Warnings();
  expect(warnings.take(warning("unlisted", ["msft"]), OWN)).toBeUndefined();
  expect(warnings.take(warning("unlisted", ["aapl", "msft"]), OWN)).toEqual({
    ...warning("unlisted", ["aapl"]),
    msg: "aapl is not listed; did you mean AAPL?",
  });
  expect(warnings.take(warning("unlisted", ["aapl"]), OWN)).toBeUndefined();
  expect(warnings.take(warning("silent_channel", ["bars", "quotes", "news"]), OWN)).toMatchObject({
    names: ["quotes"],
    msg: "nothing comes on quotes: the source gives none so far",
  });
  expect(warnings.take(warning("nothing", ["trades"]), OWN)).toBeUndefined();
  expect(warnings.take(warning("nothing", ["trades"]), Selection.NOTHING)).toBeDefined();
});

test("a warning that does not name all is told whole", () => {
  const many = warning("unlisted", ["aapl", "msft"], 5_000);
  expect(new Warnings().take(many, OWN)).toBe(many);
});

test("a reason that is not known concerns everybody", () => {
  const odd = warning("late", ["AAPL"]);
  expect(new Warnings().take(odd, OWN)).toBe(odd);
});

test("what was heard before is told to whoever asks for it now", () => {
  const warnings = new Warnings();
  warnings.take(warning("unlisted", ["aapl", "msft", "NEW"]), Selection.NOTHING);
  warnings.take(warning("silent_channel", ["quotes", "bars"]), Selection.NOTHING);
  warnings.came({ S: "NEW" } as Tick, "bars");
  const all = Selection.of({ trades: ["aapl", "NEW"], quotes: ["X"], bars: ["X"] });
  expect(warnings.recall(all).map(({ names }) => names)).toEqual([["aapl"], ["quotes"]]);
  expect(warnings.recall(all)).toEqual([]);
  expect(warnings.all().map(({ names }) => names)).toEqual([["aapl", "msft"], ["quotes"]]);
  warnings.restart();
  expect(warnings.all()).toEqual([]);
});

test("no more names are remembered than the server remembers", () => {
  const warnings = new Warnings();
  for (let number = 0; number < 500; number += 1) {
    warnings.take(warning("unlisted", [`X${number}`]), Selection.NOTHING);
  }
  expect(warnings.all()[0]?.names).toHaveLength(100);
});

test("what the ring does not hold is told, though it names nothing", () => {
  const warning: Warning = {
    T: "warning",
    reason: "rewind",
    msg: "fewer than the last 100 ticks are held",
    names: [],
    nearest: {},
    count: 7,
    since: "2026-11-27T14:30:00.000000000Z",
  };
  const warnings = new Warnings();
  expect(warnings.take(warning, Selection.of({ trades: ["AAPL"] }))).toEqual(warning);
  expect(warnings.all()).toEqual([]);
});
