/** The one list of commands, and how it is searched. */

import { describe, expect, test } from "vitest";
import type { Command, Runnable } from "../../../src/dashboard/commands/command.ts";
import { entriesFor } from "../../../src/dashboard/commands/entries.ts";
import { commandsOf, type Page } from "../../../src/dashboard/commands/list.ts";
import { scoreOf } from "../../../src/dashboard/commands/match.ts";
import { Layers } from "../../../src/dashboard/ui/layers.ts";

describe("a name", () => {
  test.each([
    ["Theme: dark", "theme", 0],
    ["Theme: dark", "dark", 1],
    ["Theme: dark", "dark th", 1],
    ["Theme: dark", "td", 2],
    ["Theme: dark", "heme", 3],
    ["Theme: dark", "x", undefined],
    ["Theme: dark", "dark x", undefined],
    ["Theme: dark", "e", undefined],
    ["Watch all symbols", "wall", undefined],
    ["Élan", "élan", 0],
  ])("“%s” is found by “%s” with %s", (name, text, score) => {
    expect(scoreOf(name, text)).toBe(score);
  });

  test("is found with letters left out, the closer together the better", () => {
    const near = scoreOf("Codec: JSON", "coec") as number;
    const far = scoreOf("Connect anew", "cnct") as number;
    expect(near).toBeGreaterThan(4);
    expect(far).toBeGreaterThan(near);
  });
});

const runnable = (name: string): Runnable => ({ group: "Look", name, run: () => {} });
const listing = (symbol: string, name: string) => ({
  ...{ symbol, name, asset_class: "us_equity", sector: "", exchange: "NYSE" },
});

describe("the palette", () => {
  const commands = [runnable("Theme: dark"), runnable("Wall"), runnable("Sort by wide all")];
  const offered = (text: string, ...listings: ReturnType<typeof listing>[]) =>
    entriesFor(text, commands, listings).map(
      ({ command, listing }) => command?.name ?? listing?.symbol,
    );

  test("offers all commands where nothing is typed", () => {
    expect(offered(" ")).toEqual(commands.map(({ name }) => name));
  });

  test("has a symbol that is named whole before commands, and others behind", () => {
    const [dark, darkest] = [listing("DARK", "Darkness"), listing("DARKEST", "More")];
    expect(offered("dark", dark, darkest)).toEqual(["DARK", "Theme: dark", "DARKEST"]);
    expect(offered("dar", dark)).toEqual(["Theme: dark", "DARK"]);
  });

  test("has commands of which letters were left out last", () => {
    expect(offered("wida", listing("WIDA", ""), listing("WIDAX", ""))).toEqual([
      ...["WIDA", "WIDAX"],
      "Sort by wide all",
    ]);
  });
});

/** A page on which nothing happens but what is asked. */
function pageWith(done: string[]): Page {
  const act = (name: string) => () => void done.push(name);
  const lists = [
    { name: "Mine", symbols: ["A"], isAll: false },
    { name: "Other", symbols: [], isAll: false },
  ];
  const watchlist = {
    ...{ lists, current: lists[0], shared: undefined, offered: undefined, symbols: ["A"] },
    ...{ isLinked: false, isAll: false, done: "A is removed", has: () => true },
    select: (name: string) => done.push(`select ${name}`),
    ...{ remove: act("remove"), undo: act("undo"), toggleAll: act("all"), clear: act("clear") },
  };
  const page = {
    search: { focus: act("search") },
    list: {
      ...{ watchlist, table: { active: "A", order: undefined, focus: act("list") } },
      ...{ density: "comfortable", columns: undefined, isFiltering: false, walk: act("walk") },
    },
    charts: {
      showTimeframe: (place: number) => done.push(`frame ${place}`),
      showCount: act("count"),
    },
    ...{ theme: { theme: "dark" }, colours: { colours: undefined } },
    controls: { cut: act("cut"), choices: [{ words: "Codec: JSON", choose: act("codec") }] },
    ...{
      drawer: { isOpen: false, toggle: act("drawer") },
      question: { focus: act("ask") },
      symbolMenu: { alert: act("alert") },
    },
    ...{ desk: { focus: act("room"), open: act("open") }, singleKeys: { areOn: true } },
    glance: { heat: undefined, toggle: act("heat"), close: act("close") },
    wall: { isOn: false, show: (seconds: number) => done.push(`wall ${seconds}`) },
    ...{ door: { open: act("palette"), showKeys: act("keys") }, say: act("say") },
    links: () => [{ name: "Status", go: act("status") }],
  };
  return page as unknown as Page;
}

describe("the commands of the page", () => {
  const done: string[] = [];
  const commands = commandsOf(pageWith(done));
  const named = (name: string): Command => {
    const found = commands.find((command) => command.name === name);
    if (found === undefined) {
      throw new Error(`there is no command “${name}”`);
    }
    return found;
  };

  test("have names and chords of their own", () => {
    const names = commands.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const chords = commands
      .filter(({ within }) => within === undefined)
      .flatMap(({ keys }) => keys ?? []);
    expect(new Set(chords).size).toBe(chords.length);
  });

  test("do what they say", () => {
    for (const name of [
      ...["Bars of 1 minute", "List: Other", "Status", "Codec: JSON"],
      ...["Wall: one symbol, readable from afar", "Show the heat map", "Go to the room"],
    ]) {
      named(name).run?.();
    }
    const first = ["frame 1", "select Other", "status", "codec", "wall 1"];
    expect(done).toEqual([...first, "heat", "close", "room"]);
  });

  test("that make no sense now are not offered", () => {
    expect(named("Theme: dark").when?.()).toBe(false);
    expect(named("Leave the wall").when?.()).toBe(false);
    expect(named("Undo what was done to the list").when?.()).toBe(true);
    expect(commands.some(({ name }) => name === "List: Mine")).toBe(false);
  });
});

test("Escape puts away what came last, and each once", () => {
  const layers = new Layers();
  const closed: string[] = [];
  layers.add(() => closed.push("drawer"));
  const away = layers.add(() => closed.push("menu"));
  layers.add(() => closed.push("wall"));
  away();
  expect([layers.closeTop(), layers.closeTop(), layers.closeTop()]).toEqual([true, true, false]);
  expect(closed).toEqual(["wall", "drawer"]);
});
