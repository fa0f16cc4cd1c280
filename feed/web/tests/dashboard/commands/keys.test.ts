/** Which command a key means. */

import { describe, expect, test } from "vitest";
import {
  chordOf,
  isLetter,
  isSingle,
  keyWords,
  LETTERS,
  type Press,
} from "../../../src/dashboard/commands/chord.ts";
import type { Command } from "../../../src/dashboard/commands/command.ts";
import { commandFor, type Focus } from "../../../src/dashboard/commands/press.ts";

const press = (key: string, held: Partial<Press> = {}): Press => ({
  ...{ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false },
  ...held,
});

describe("a chord", () => {
  test.each([
    [press("k", { ctrlKey: true }), false, "Ctrl+k"],
    [press("K", { ctrlKey: true, shiftKey: true }), false, "Ctrl+k"],
    [press("k", { metaKey: true }), true, "Ctrl+k"],
    [press("k", { ctrlKey: true }), true, "Other+k"],
    [press("k", { metaKey: true }), false, "Other+k"],
    [press("/", { shiftKey: true }), false, "/"],
    [press("?", { shiftKey: true }), false, "?"],
    [press("w", { altKey: true, code: "KeyW" }), false, "Alt+w"],
    [press("∑", { altKey: true, code: "KeyW" }), true, "Alt+w"],
    [press("ArrowUp", { altKey: true }), false, "Alt+ArrowUp"],
    [press("Tab", { shiftKey: true }), false, "Shift+Tab"],
    [press("ą", { ctrlKey: true, altKey: true, code: "KeyA" }), false, "Ctrl+Alt+a"],
  ])("of %j is %s", (pressed, isMac, chord) => {
    expect(chordOf(pressed, isMac)).toBe(chord);
  });

  test.each([
    [press("a"), true],
    [press("Ä", { shiftKey: true }), true],
    [press("字"), true],
    [press("1"), false],
    [press("Enter"), false],
    [press("Dead"), false],
    [press("a", { altKey: true }), false],
  ])("%j: whether it is a letter alone: %s", (pressed, is) => {
    expect(isLetter(pressed)).toBe(is);
  });

  test("is written as on the keyboard", () => {
    expect(keyWords("Ctrl+k", false)).toEqual(["Ctrl", "K"]);
    expect(keyWords("Ctrl+k", true)).toEqual(["⌘", "K"]);
    expect(keyWords("Alt+ArrowUp", false)).toEqual(["Alt", "↑"]);
    expect(keyWords("+", false)).toEqual(["+"]);
    expect([isSingle("?"), isSingle(LETTERS), isSingle("Alt+w")]).toEqual([true, true, false]);
  });
});

describe("a press", () => {
  const done: string[] = [];
  const command = (name: string, keys: string[], more: Partial<Command> = {}): Command => ({
    ...{ group: "Keys", name, keys, run: () => done.push(name) },
    ...more,
  });
  const commands = [
    command("palette", ["Ctrl+k"], { isEverywhere: true }),
    command("list", ["Alt+w"]),
    command("below", ["ArrowDown"]),
    command("remove", ["Delete"], { within: "the watchlist" }),
    command("undo", ["Ctrl+z"], { when: () => false }),
    command("help", ["?"]),
    command("search", [LETTERS]),
  ];
  const meant = (pressed: Press, focus: Focus, hasSingleKeys = true) =>
    commandFor(pressed, focus, commands, { isMac: false, hasSingleKeys })?.command.name;
  const ctrl = { ctrlKey: true };

  test.each<[Press, Focus, string | undefined]>([
    [press("k", ctrl), "page", "palette"],
    [press("k", ctrl), "field", "palette"],
    [press("k", ctrl), "dialog", undefined],
    [press("w", { altKey: true }), "piece", "list"],
    [press("w", { altKey: true }), "field", undefined],
    [press("ArrowDown"), "page", "below"],
    [press("ArrowDown"), "piece", undefined],
    [press("Delete"), "page", undefined],
    [press("z", ctrl), "page", undefined],
    [press("?", { shiftKey: true }), "page", "help"],
    [press("?", { shiftKey: true }), "field", undefined],
    [press("t"), "page", "search"],
    [press("t"), "piece", "search"],
    [press("t"), "field", undefined],
    [press("t"), "dialog", undefined],
    [press("7"), "page", undefined],
  ])("of %j on a %s means %s", (pressed, focus, name) => {
    expect(meant(pressed, focus)).toBe(name);
  });

  test("of a letter is typed, and of all else is not", () => {
    const keyboard = { isMac: false, hasSingleKeys: true };
    expect(commandFor(press("t"), "page", commands, keyboard)?.isTyped).toBe(true);
    expect(commandFor(press("?"), "page", commands, keyboard)?.isTyped).toBe(false);
  });

  test("of one sign means nothing where such keys are off", () => {
    expect([meant(press("t"), "page", false), meant(press("?"), "page", false)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(meant(press("k", ctrl), "page", false)).toBe("palette");
  });
});
