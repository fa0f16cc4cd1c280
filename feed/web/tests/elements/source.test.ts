/** What the elements of one server share: the days of symbols. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FeedClient } from "../../src/client/index.ts";
import type { Painter } from "../../src/elements/painter.ts";
import { Source } from "../../src/elements/source.ts";
import { Market } from "../../src/market/market.ts";
import { bar } from "../support/bars.ts";

let statuses: number[];
let asked: string[];

beforeEach(() => {
  vi.useFakeTimers();
  statuses = [];
  asked = [];
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(new URL(url).searchParams.get("symbol") as string);
    const status = statuses.shift() ?? 200;
    const day = { bars: [], current: bar(0, 10) };
    return new Response(JSON.stringify(status === 200 ? day : { detail: "no" }), { status });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function source(): Source {
  const client = { on: () => () => {}, close: () => {} } as unknown as FeedClient;
  const painter = { request: () => {}, requestBeat: () => {} } as unknown as Painter;
  return new Source("http://127.0.0.1/", undefined, { client, market: new Market(), painter });
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

test("a day that could not be had is asked for again after a while, until it is known", async () => {
  statuses = [503, 503];
  const it = source();
  it.wantDays(["A"]);
  await pass(2);
  expect(asked).toEqual(["A"]);
  await pass(60);
  expect(asked).toEqual(["A", "A", "A"]);
  expect(it.market.get("A").day.open).toBe(10);
});

test("a day that is refused, or of a source that is closed, is not asked for again", async () => {
  statuses = [403, 503];
  const it = source();
  it.wantDays(["A", "B"]);
  await pass(2);
  it.close();
  await pass(60);
  expect(asked).toEqual(["A", "B"]);
});

test("a page that keeps the market tells its elements that time began anew", () => {
  const it = source();
  const told: string[] = [];
  const user = { take: () => {}, gap: () => {}, changed: () => {} };
  it.listen({ ...user, restart: () => void told.push("restart") });
  it.restart();
  expect(told).toEqual(["restart"]);
});
