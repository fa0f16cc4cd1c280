/** The panel of exports: those of an earlier visit. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakePage } from "../support/page.ts";

let page: FakePage;
let asked: number;

beforeEach(() => {
  vi.useFakeTimers();
  page = new FakePage();
  asked = 0;
  vi.stubGlobal("document", page);
  vi.stubGlobal("location", new URL("http://127.0.0.1:8080/"));
  vi.stubGlobal("requestAnimationFrame", () => 0);
  vi.stubGlobal("fetch", async () => {
    asked += 1;
    if (asked === 1) {
      throw new TypeError("Failed to fetch");
    }
    return new Response('{"jobs":[]}');
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("are asked for again where the server was away, and whenever the panel is opened", async () => {
  const { JobsPanel } = await import("../../src/dashboard/desk/jobs.ts");
  new JobsPanel();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(2);
  page.getElementById("jobs").dispatchEvent(new Event("toggle"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(3);
});
