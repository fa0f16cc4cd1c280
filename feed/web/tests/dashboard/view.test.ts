/** The view in the address, and the title. */

import { describe, expect, test } from "vitest";
import {
  hasView,
  MOST_IN_ADDRESS,
  readView,
  type View,
  withLook,
  writeView,
} from "../../src/dashboard/view/address.ts";
import { titleOf } from "../../src/dashboard/view/title.ts";
import { Instrument } from "../../src/market/instrument.ts";

const OFFERED = { frames: ["1s", "1m", "1d"], layouts: ["1", "2", "4"] };
const WHOLE: View = {
  symbol: "BTC/USD",
  frame: "1m",
  layout: "4",
  list: "Mine & yours",
  symbols: ["AAPL", "BRK.B", "AAPL  240119C00150000", "BTC/USD"],
  columns: ["last", "range"],
  density: "compact",
  sort: { column: "volume", isDescending: true },
  sector: "Real Estate",
  assetClass: "us_equity",
  heat: "turnover",
  theme: "dark",
  colours: "blue-orange",
  wall: 15,
  zone: "America/New_York",
};

/** Without what is undefined. */
const told = (view: View) =>
  Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined));

describe("an address", () => {
  test("tells the whole view, and is read as it was written", () => {
    const search = writeView(WHOLE, "");
    expect(search).toContain("symbols=AAPL,BRK.B,");
    expect(readView(search, OFFERED)).toEqual({ view: WHOLE, refused: [] });
  });

  test("without a view is as by default", () => {
    expect(told(readView("", OFFERED).view)).toEqual({});
    expect(writeView({}, "")).toBe("");
    expect([hasView(""), hasView("?wall=1"), hasView("?symbol=A")]).toEqual([false, false, true]);
  });

  test("keeps what is of other parts of the page", () => {
    expect(writeView({ symbol: "A" }, "?other=1&symbol=B&theme=dark")).toBe("?other=1&symbol=A");
  });

  test("of somebody else's does not take one's own look away", () => {
    const own: View = { theme: "dark", colours: "blue-orange", symbol: "MSFT" };
    const look = (search: string) => told(withLook(readView(search, OFFERED).view, own));
    expect(look("?symbol=A")).toEqual({ symbol: "A", theme: "dark", colours: "blue-orange" });
    expect(look("?theme=light&colours=green-red")).toEqual({
      theme: "light",
      colours: "green-red",
    });
  });

  test("without a layout to offer leaves it alone", () => {
    expect(readView("?layout=9", { ...OFFERED, layouts: [] }).refused).toEqual([]);
  });

  test("of everything, of nothing, and of more than fits", () => {
    expect(readView("?symbols=*", OFFERED).view.symbols).toEqual(["*"]);
    expect(readView("?symbols=", OFFERED).view.symbols).toEqual([]);
    const symbols = Array.from({ length: MOST_IN_ADDRESS + 1 }, (_, number) => `S${number}`);
    expect(writeView({ symbols, list: "Long" }, "")).toBe("?list=Long");
  });

  test.each([
    ["symbol=A*", "symbol=A* is not accepted; accepted: one symbol"],
    ["frame=7s", "frame=7s is not accepted; accepted: 1s, 1m, 1d"],
    ["layout=3", "layout=3 is not accepted; accepted: 1, 2, 4"],
    ["density=tight", "density=tight is not accepted; accepted: comfortable, compact"],
    [
      "wall=4",
      "wall=4 is not accepted; accepted: 1, or the seconds for each symbol of the list: 5",
    ],
    ["wall=1e3", "wall=1e3 is not accepted"],
    ["heat=1", "heat=1 is not accepted; accepted: volume, turnover"],
    ["theme=pink", "theme=pink is not accepted; accepted: light, dark"],
    ["colours=pink", "colours=pink is not accepted; accepted: green-red, blue-orange"],
    ["zone=Mars", "zone=Mars is not accepted; accepted: a time zone such as UTC"],
    ["columns=last,nope", "columns=last,nope is not accepted; accepted: some of course, last"],
    ["columns=constructor", "columns=constructor is not accepted"],
    ["sort=course", "sort=course is not accepted; accepted: symbol or a column"],
    ["sort=--last", "sort=--last is not accepted"],
    ["list=%00", "is not accepted; accepted: the name of a list"],
    [`sector=${"x".repeat(99)}`, "x… is not accepted; accepted: up to 80 characters"],
    ["frame=1s&frame=1m", "frame=1m is not accepted; accepted: frame once"],
    ["symbols=AAPL,A*", "A* cannot be a symbol"],
  ])("%s is refused in words, and the default stands for it", (query, words) => {
    const { view, refused } = readView(`?${query}`, OFFERED);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain(words);
    const left = Object.values(told(view)).flat();
    expect(left.every((value) => value === "1s" || value === "AAPL")).toBe(true);
  });
});

describe("the title", () => {
  const instrument = (price: number, before: number) => {
    const made = new Instrument("TSLA");
    const day = { T: "b", S: "TSLA", h: 1, l: 1, o: 1, n: 1, v: 1, vw: 1 } as const;
    made.day.begin({ bars: [{ ...day, c: before, t: "2026-01-01T00:00:00Z" }], current: null });
    made.take({ T: "t", S: "TSLA", i: 1, x: "Q", p: price, s: 1, t: "2026-01-02T00:00:00Z" });
    return made;
  };

  test.each([
    [337.66, 336.31, "TSLA 337.66 ▲ 0.4 %"],
    [336.31, 337.66, "TSLA 336.31 ▼ 0.4 %"],
    [337.66, 337.66, "TSLA 337.66 0.0 %"],
  ])("of %f after %f is its price and its change", (price, before, title) => {
    expect(titleOf(instrument(price, before), true)).toBe(title);
  });

  test("says what is not of now, or not known", () => {
    expect(titleOf(instrument(1, 1), false)).toBe("TSLA 1.00 0.0 % · not live");
    expect(titleOf(new Instrument("TSLA"), true)).toBe("TSLA · feed");
    expect(titleOf(undefined, true)).toBe("feed");
  });
});
