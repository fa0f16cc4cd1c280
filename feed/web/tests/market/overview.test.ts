/** Asking for the market at a glance: when, how often, and what is said where there is no answer. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Overview, OverviewWatch } from "../../src/market/overview.ts";

const OVERVIEW = { as_of: "2026-01-02T03:04:05Z", sectors: [] as unknown[] } as Overview;

class Page extends EventTarget {
  visibilityState = "visible";

  become(state: string): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

const answered = (status: number, body: unknown, etag?: string) =>
  new Response(status === 304 ? null : JSON.stringify(body), {
    status,
    headers: etag === undefined ? {} : { ETag: etag },
  });

let page: Page;
let answers: (() => Response | Promise<Response>)[];
let asked: { url: URL; known: string | null }[];
let told: unknown[];
let watch: OverviewWatch;

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  answers = [];
  asked = [];
  told = [];
  vi.stubGlobal("document", page);
  vi.stubGlobal("fetch", async (url: string, { headers }: RequestInit) => {
    const known = new Headers(headers).get("If-None-Match");
    asked.push({ url: new URL(url, "http://feed.test/"), known });
    return (answers.length > 1 ? answers.shift() : answers[0])?.();
  });
  watch = new OverviewWatch({
    told: (overview, hasSectors) => told.push([overview.as_of, hasSectors]),
    failed: ({ words }) => told.push(words),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);
const later = (seconds: number) => ({ ...OVERVIEW, as_of: `2026-01-02T03:05:0${seconds}Z` });

test("nothing is asked for until it can be seen, nor while the page is hidden", async () => {
  answers = [() => answered(200, OVERVIEW)];
  await pass(10);
  expect(asked).toHaveLength(0);
  watch.isShown = true;
  await pass(0);
  expect(asked.map(({ url }) => url.search)).toEqual(["?top=5&heat=0&by=turnover"]);
  page.become("hidden");
  await pass(60);
  expect(asked).toHaveLength(1);
  page.become("visible");
  await pass(0);
  expect(asked).toHaveLength(2);
  await pass(3);
  expect(asked).toHaveLength(3);
  watch.isShown = false;
  await pass(60);
  expect(asked).toHaveLength(3);
});

test("an answer that is known is asked for by its tag, and is the same object", async () => {
  const seen: Overview[] = [];
  watch = new OverviewWatch({ told: (overview) => seen.push(overview), failed: () => {} });
  answers = [() => answered(200, OVERVIEW, '"a"'), () => answered(304, undefined)];
  watch.isShown = true;
  await pass(3);
  expect(asked.map(({ known }) => known)).toEqual([null, '"a"']);
  expect(seen[1]).toBe(seen[0]);
});

test("an open heat map asks for sectors at once, and by no tag of before", async () => {
  answers = [() => answered(200, OVERVIEW, '"a"')];
  watch.isShown = true;
  await pass(0);
  watch.wantsSectors = true;
  await pass(0);
  expect(asked[1]?.url.search).toBe("?top=5&heat=200&by=turnover");
  expect(asked[1]?.known).toBeNull();
  expect(told).toEqual([
    [OVERVIEW.as_of, false],
    [OVERVIEW.as_of, true],
  ]);
});

test("an answer that comes too late changes nothing", async () => {
  let answer = (_: Response) => {};
  const slow = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  answers = [() => slow, () => answered(200, later(2))];
  watch.isShown = true;
  await pass(0);
  watch.wantsSectors = true;
  await pass(0);
  answer(answered(200, later(1)));
  await pass(0);
  expect(told).toEqual([[later(2).as_of, true]]);
});

test.each([
  [403, { detail: "trades of * are not granted" }, /^You may not see .*: trades of \* are not/],
  [401, {}, /^You may not see the market as a whole$/],
  [404, {}, /^This server does not tell/],
  [400, { detail: "heat: 0 is too small" }, /^\/v1\/market answered 400: heat: 0 is too small$/],
])("after %i nobody asks again, until the page is shown anew", async (status, body, words) => {
  answers = [() => answered(status, body)];
  watch.isShown = true;
  await pass(60);
  expect(told).toEqual([expect.stringMatching(words)]);
  page.become("hidden");
  page.become("visible");
  await pass(0);
  expect(asked).toHaveLength(2);
});

test("what passes is asked for again: a server that is gone, too busy, or a proxy's page", async () => {
  answers = [
    () => Promise.reject(new TypeError("Failed to fetch")),
    () => answered(503, { detail: "it starts" }),
    () => new Response("<html>", { status: 502 }),
    () => answered(429, {}),
    () => new Response("<html>", { status: 200 }),
    () => answered(200, OVERVIEW),
  ];
  watch.isShown = true;
  await pass(15);
  expect(told).toEqual([
    "The market could not be read: Failed to fetch",
    "/v1/market answered 503: it starts",
    "/v1/market answered 502",
    "/v1/market answered 429",
    expect.stringMatching(/^The market could not be read: /),
    [OVERVIEW.as_of, false],
  ]);
});
