/** Asking the server how it is: now and then, while somebody sees what it answers. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServerWatch } from "../../src/dashboard/connection/server.ts";

class Page extends EventTarget {
  visibilityState = "visible";

  become(state: string): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

let page: Page;
let answers: (() => Promise<Response>)[];
let asked: number;
let told: (string | undefined)[];

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  answers = [];
  asked = 0;
  told = [];
  vi.stubGlobal("document", page);
  vi.stubGlobal("fetch", async () => {
    asked += 1;
    return (answers.length > 1 ? answers.shift() : answers[0])?.();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);
const answered = (pos: string) => async () => new Response(JSON.stringify({ pos }));
const watch = () => new ServerWatch((status) => told.push(status?.pos));

test("it is asked every two seconds, and no answer is told as well", async () => {
  answers = [answered("a-1"), answered("a-2"), () => Promise.reject(new Error("gone"))];
  watch();
  await pass(0);
  await pass(2);
  await pass(2);
  expect(told).toEqual(["a-1", "a-2", undefined]);
});

test("an answer that comes while the page is hidden is not told", async () => {
  let answer = (_: Response): void => {};
  const late = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  answers = [() => late, answered("a-2")];
  watch();
  await pass(0);
  page.become("hidden");
  answer(new Response(JSON.stringify({ pos: "a-1" })));
  await pass(60);
  expect([asked, told]).toEqual([1, []]);
  page.become("visible");
  await pass(0);
  expect([asked, told]).toEqual([2, ["a-2"]]);
});
