/** Alerts that others made are found, and looked for no longer. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FeedClient } from "../../src/client/index.ts";
import { onceThereAreRules } from "../../src/dashboard/desk/elsewhere.ts";

const MINUTE_MS = 60_000;
const first: (() => void)[] = [];
const client = {
  on: (_name: string, listener: () => void) => {
    first.push(listener);
    return () => first.splice(0);
  },
} as unknown as FeedClient;
const asked: string[] = [];
let answer: () => Response;

beforeEach(() => {
  vi.useFakeTimers();
  first.splice(0);
  asked.splice(0);
  vi.stubGlobal("document", { documentElement: { dataset: { base: "/feed/" } } });
  vi.stubGlobal("location", { href: "http://127.0.0.1/feed/" });
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(url.href);
    return answer();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("with the first prices, or a minute later, and then no more", async () => {
  const found = vi.fn();
  answer = () => Response.json({ rules: [], after: null });
  onceThereAreRules(client, found);
  expect(asked).toEqual([]); // the first prices come first
  for (const listener of [...first]) {
    listener();
  }
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual(["http://127.0.0.1/feed/v1/alerts?limit=1"]);
  expect(first).toEqual([]);
  expect(found).not.toHaveBeenCalled();

  answer = () => Response.json({ rules: [{ id: "rule_1" }], after: null });
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(found).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(asked).toHaveLength(2);
});

test.each([
  ["who must sign in", () => Response.json({ error: "unauthorized" }, { status: 401 })],
  ["a proxy's words", () => new Response("<h1>bad gateway</h1>", { status: 502 })],
  ["nobody", () => Response.error()],
])("none are found by %s", async (_name, refusal) => {
  const found = vi.fn();
  answer = refusal;
  onceThereAreRules(client, found);
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(asked).toHaveLength(2);
  expect(found).not.toHaveBeenCalled();
});
