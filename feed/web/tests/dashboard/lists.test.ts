/** Named lists, filters, and what is exported of them. */

import { describe, expect, test } from "vitest";
import { fileName, writeCsv } from "../../src/dashboard/watchlist/csv.ts";
import { listRows, shownRows } from "../../src/dashboard/watchlist/exported.ts";
import { choicesOf, passing } from "../../src/dashboard/watchlist/filter.ts";
import {
  firstSymbols,
  freeName,
  LONGEST_NAME,
  MOST_LISTS,
  moved,
  neighbour,
  readLists,
  readOldList,
  whyNotAdd,
  withList,
  withoutList,
  withSymbol,
  writeLists,
} from "../../src/dashboard/watchlist/lists.ts";
import { Instrument } from "../../src/market/instrument.ts";

const list = (name: string, symbols: string[] = [], isAll = false) => ({ name, symbols, isAll });

describe("lists", () => {
  const lists = [list("One", ["A"]), list("Two", ["B"], true)];

  test("are what they were when they are read again", () => {
    expect(readLists(writeLists(lists))).toEqual(lists);
  });

  test.each([
    null,
    "",
    "{",
    "[]",
    '{"lists":[]}',
    '{"lists":{"length":3}}',
    '{"lists":[{"name":"","symbols":[]},{"name":"A"},7,null]}',
  ])("that something else wrote (%s) are none", (text) => {
    expect(readLists(text)).toBeUndefined();
  });

  test("are read without what cannot be a symbol, and without a name twice", () => {
    const text =
      '{"lists":[{"name":"A","symbols":["X","X",7,"a,b","*"]},{"name":"A","symbols":[]}]}';
    expect(readLists(text)).toEqual([list("A", ["X"])]);
  });

  test("of an earlier version are taken over", () => {
    expect(readOldList('{"symbols":["A","B"],"all":true}')).toEqual([
      list("Watchlist", ["A", "B"], true),
    ]);
    expect(readOldList("7")).toBeUndefined();
  });

  test("are changed by name, the last one cannot go, and a new one comes last", () => {
    expect(withList(lists, list("Two", ["C"]))).toEqual([lists[0], list("Two", ["C"])]);
    expect(withList(lists, list("Three")).map(({ name }) => name)).toEqual(["One", "Two", "Three"]);
    expect(withoutList(lists, "One")).toEqual([lists[1]]);
    expect(withoutList([list("One")], "One")).toHaveLength(1);
  });

  test("a name is refused in words", () => {
    expect(whyNotAdd(lists, "One")).toContain("already");
    expect(whyNotAdd(lists, "")).toContain("1 to 40 characters");
    expect(whyNotAdd(lists, "x".repeat(LONGEST_NAME + 1))).toContain("cannot be the name");
    expect(whyNotAdd(lists, "a\u0000b")).toContain("cannot be the name");
    expect(whyNotAdd(lists, "Three")).toBeUndefined();
    const many = Array.from({ length: MOST_LISTS }, (_, number) => list(`L${number}`));
    expect(whyNotAdd(many, "One more")).toContain("50");
    expect(freeName(lists, "One")).toBe("One 2");
    expect(freeName([list("x".repeat(40))], "x".repeat(40))).toHaveLength(40);
  });
});

describe("a symbol", () => {
  test("is added in front, once", () => {
    expect(withSymbol(["A", "B"], "B")).toEqual(["B", "A"]);
  });

  test.each([
    ["C", "A", ["C", "A", "B"]],
    ["A", undefined, ["B", "C", "A"]],
    ["A", "A", ["A", "B", "C"]],
    ["A", "X", ["A", "B", "C"]],
    ["X", "A", ["A", "B", "C"]],
  ])("%s is moved before %s", (symbol, before, expected) => {
    expect(moved(["A", "B", "C"], symbol, before)).toEqual(expected);
  });

  test("goes a row up or down among what is shown", () => {
    expect(neighbour(["A", "B", "C"], "A", 1)).toEqual({ before: "C" });
    expect(neighbour(["A", "B", "C"], "B", 1)).toEqual({ before: undefined });
    expect(neighbour(["A", "B", "C"], "B", -1)).toEqual({ before: "A" });
    expect(neighbour(["A", "B", "C"], "A", -1)).toBeUndefined();
  });
});

describe("a first visit", () => {
  const others = Array.from({ length: 40 }, (_, number) => `S${number}`);

  test("begins with names that people know", () => {
    const known = ["AMZN", "AAPL", "MSFT", "TSLA", "NVDA", "META", "JPM", "KO", "SPY", "BTC/USD"];
    const first = firstSymbols([...others, ...known]);
    expect(first.slice(0, 3)).toEqual(["AAPL", "MSFT", "NVDA"]);
    expect(first).toHaveLength(known.length);
  });

  test("has all of a small market, and some of one that nobody knows", () => {
    expect(firstSymbols(["X", "AAPL"])).toEqual(["AAPL", "X"]);
    expect(firstSymbols(others)).toHaveLength(30);
    expect(firstSymbols([])).toEqual([]);
  });
});

const listing = (symbol: string, sector: string, assetClass = "us_equity") => ({
  ...{ symbol, sector, asset_class: assetClass, exchange: "NYSE" },
  name: `${symbol}, "Inc."`,
});
const LISTED = [listing("A", "Energy"), listing("B", "Energy"), listing("C", "", "crypto")];
const find = (symbol: string) => LISTED.find((each) => each.symbol === symbol);

describe("a filter", () => {
  const symbols = ["C", "B", "A", "X"];

  test.each([
    ["", "", symbols],
    ["Energy", "", ["B", "A"]],
    ["", "crypto", ["C"]],
    ["Energy", "crypto", []],
    ["Nothing", "", []],
  ])("for sector “%s” and class “%s” keeps the order", (sector, assetClass, expected) => {
    expect(passing(symbols, { sector, assetClass }, find)).toEqual(expected);
  });

  test("offers what the list has, with how many", () => {
    expect(choicesOf(symbols, find)).toEqual({
      sectors: [["Energy", 2]],
      classes: [
        ["crypto", 1],
        ["us_equity", 2],
      ],
    });
  });
});

describe("comma-separated values", () => {
  test.each([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-x", "'-x"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["  =1", "'  =1"],
    ["\tx", "'\tx"],
    ["\rx", `"'\rx"`],
    ['=cmd|"/c calc"!A0', `"'=cmd|""/c calc""!A0"`],
    ["＝1+1", "'＝1+1"],
    ["BRK.B", "BRK.B"],
    ["^GSPC", "^GSPC"],
    [-37.5, "-37.5"],
    [1e-12, "1e-12"],
    [Number.NaN, ""],
    [undefined, ""],
  ])("%j is written as %s", (value, text) => {
    expect(writeCsv([[value]])).toBe(`${text}\r\n`);
  });

  test("of a list have what is known of each symbol for good", () => {
    expect(writeCsv(listRows(["A", "X"], find))).toBe(
      'Symbol,Name,Class,Sector,Exchange\r\nA,"A, ""Inc.""",us_equity,Energy,NYSE\r\nX,,,,\r\n',
    );
  });

  test("of what is shown have its columns, with all digits", () => {
    const instrument = new Instrument("A");
    const tick = { T: "t", S: "A", i: 1, x: "Q", p: -36.731, s: 1 } as const;
    instrument.take({ ...tick, t: "2026-01-02T03:04:05.5Z" });
    const columns = ["course", "last", "sinceHour", "range", "age"] as const;
    const nowMs = Date.parse("2026-01-02T03:04:07Z");
    expect(shownRows([instrument], columns, find, nowMs)).toEqual([
      ["Symbol", "Name", "Last", "% hour", "Low", "High", "Age (s)", "As of"],
      ["A", 'A, "Inc."', -36.731, 0, undefined, undefined, 1.5, "2026-01-02T03:04:05.500Z"],
    ]);
  });

  test("a file is named after its list, and nothing in that leads elsewhere", () => {
    const nowMs = Date.parse("2026-01-02T03:04:05Z");
    expect(fileName("../My list: é", "prices", nowMs)).toBe(
      "My-list-e-prices-2026-01-02T030405Z.csv",
    );
    expect(fileName("…", "symbols", nowMs)).toBe("list-symbols-2026-01-02T030405Z.csv");
  });
});
