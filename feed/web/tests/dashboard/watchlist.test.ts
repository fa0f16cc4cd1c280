/** The lists of the watchlist, and what is done to them. */

import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";

let stored: Map<string, string>;
vi.stubGlobal("location", new URL("http://127.0.0.1:8080/"));
vi.stubGlobal("document", { documentElement: { dataset: {} } });
vi.stubGlobal("addEventListener", () => {});
vi.stubGlobal("localStorage", {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
});
const { Watchlist } = await import("../../src/dashboard/watchlist/watchlist.ts");
const { writeLists } = await import("../../src/dashboard/watchlist/lists.ts");

const OWN = { name: "Mine", symbols: ["A", "B"], isAll: false };

beforeEach(() => {
  stored = new Map([["feed.lists", writeLists([OWN])]]);
});
afterAll(() => vi.unstubAllGlobals());

describe("the list of a link", () => {
  const linked = () => {
    const watchlist = new Watchlist(() => {});
    watchlist.begin(["A", "B", "C"], { list: "Mine", symbols: ["C"] });
    return watchlist;
  };

  test("becomes one's own by another name, beside one's own of its name", () => {
    const watchlist = linked();
    expect(watchlist.rename("Theirs")).toBeUndefined();
    expect(watchlist.lists).toEqual([OWN, { name: "Theirs", symbols: ["C"], isAll: false }]);
    expect([watchlist.current.name, watchlist.isLinked]).toEqual(["Theirs", false]);
  });

  test("cannot have the name of one's own", () => {
    const watchlist = linked();
    watchlist.create("Other");
    const other = new Watchlist(() => {});
    other.begin(["A", "B", "C"], { list: "Mine", symbols: ["C"] });
    expect(other.rename("Other")).toContain("already");
    expect(other.lists.map(({ name }) => name)).toEqual(["Mine", "Other"]);
  });
});

test("a list of one's own is renamed in its place", () => {
  const watchlist = new Watchlist(() => {});
  watchlist.begin(["A", "B"], {});
  watchlist.create("Other");
  watchlist.select("Mine");
  expect(watchlist.rename("Ours")).toBeUndefined();
  expect(watchlist.lists.map(({ name }) => name)).toEqual(["Ours", "Other"]);
});
