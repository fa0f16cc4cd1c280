/** What the desk tells of symbols in titles, and of times in the zone that was chosen. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Status } from "../../src/client/index.ts";
import { Instrument } from "../../src/market/instrument.ts";
import type { Overview } from "../../src/market/overview.ts";
import { Zone } from "../../src/market/zone.ts";
import { FakePage } from "../support/page.ts";

const UTC = new Zone("UTC");
let page: FakePage;

beforeEach(() => {
  page = new FakePage();
  vi.stubGlobal("document", page);
  vi.stubGlobal("location", new URL("http://127.0.0.1:8080/"));
  vi.stubGlobal("addEventListener", () => {});
});
afterEach(() => vi.unstubAllGlobals());

function halted(symbol: string, why: string): Instrument {
  const instrument = new Instrument(symbol);
  const status: Status = {
    ...{ T: "s", S: symbol, sc: "H", sm: "Trading Halt", rc: "" },
    ...{ rm: why, t: "2026-01-02T15:00:00Z" },
  };
  instrument.take(status);
  return instrument;
}

test("a row that shows another symbol, which is halted too, tells its own reason", async () => {
  const { Row } = await import("../../src/elements/watchlist/row.ts");
  const row = new Row("id", "row");
  const titles = () => page.made.map(({ title }) => title);
  row.show(halted("A", "News pending"), "", 0, 0);
  row.draw(0, UTC);
  expect(titles()).toContain("Trading Halt · News pending");
  row.show(halted("B", "Volatility"), "", 0, 0);
  row.draw(1_000, UTC);
  expect(titles()).toContain("Trading Halt · Volatility");
  expect(titles()).not.toContain("Trading Halt · News pending");
});

test("the detail of another symbol, which is not granted either, tells its own name", async () => {
  const { Detail } = await import("../../src/dashboard/chart/detail.ts");
  let paint = (_: number) => false;
  const painter = {
    add: (act: (nowMs: number) => boolean) => {
      paint = act;
    },
    request: () => {},
    requestBeat: () => {},
  };
  const detail = new Detail(painter as never);
  for (const symbol of ["A", "B"]) {
    const instrument = new Instrument(symbol);
    instrument.deny("trades", `no trades of ${symbol}`);
    detail.show(instrument, undefined);
    paint(1_000);
    expect(page.getElementById("detail-name").title).toBe(`no trades of ${symbol}`);
  }
});

test("the market is as of a time in the zone that was chosen", async () => {
  const { asOfWords } = await import("../../src/dashboard/glance/place.ts");
  const { setPageZone } = await import("../../src/dashboard/zone/page.ts");
  const overview = { as_of: "2026-01-02T15:00:00Z" } as Overview;
  setPageZone("Asia/Tokyo");
  expect(asOfWords(overview)).toBe("as of 2026-01-03 00:00:00");
  setPageZone("UTC");
  expect(asOfWords(overview)).toBe("as of 2026-01-02 15:00:00");
  setPageZone("");
});
