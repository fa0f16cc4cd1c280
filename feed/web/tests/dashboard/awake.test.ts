/** Keeping the screen on, on a wall. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Awake } from "../../src/dashboard/wall/awake.ts";
import { FakePage } from "../support/page.ts";

class FakeLock {
  released = false;
  async release(): Promise<void> {
    this.released = true;
  }
}

let page: FakePage;
let locks: FakeLock[];
let answers: (() => void)[];

beforeEach(() => {
  page = new FakePage();
  locks = [];
  answers = [];
  vi.stubGlobal("document", page);
  vi.stubGlobal("navigator", {
    wakeLock: {
      request: () =>
        new Promise((resolve) => {
          const lock = new FakeLock();
          locks.push(lock);
          answers.push(() => resolve(lock));
        }),
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

const held = () => locks.filter(({ released }) => !released).length;
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("one lock is held however often it is asked for, and none once it is over", async () => {
  const awake = new Awake(() => {});
  awake.begin();
  page.dispatchEvent(new Event("visibilitychange")); // before the first is granted
  for (const answer of answers) {
    answer();
  }
  await settled();
  expect(held()).toBe(1);
  page.dispatchEvent(new Event("visibilitychange"));
  for (const answer of answers) {
    answer();
  }
  await settled();
  expect(held()).toBe(1);
  awake.end();
  await settled();
  expect(held()).toBe(0);
});

test("that it cannot be is said once", async () => {
  vi.stubGlobal("navigator", {});
  const refused = vi.fn();
  const awake = new Awake(refused);
  awake.begin();
  page.dispatchEvent(new Event("visibilitychange"));
  expect(refused).toHaveBeenCalledOnce();
});
