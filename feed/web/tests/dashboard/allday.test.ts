/** A page that stays open: whether it slept, what it missed, and whether there is another version. */

import { describe, expect, test } from "vitest";
import { SleepWatch } from "../../src/dashboard/allday/sleep.ts";
import { isAnother } from "../../src/dashboard/allday/version.ts";
import { Waking } from "../../src/dashboard/allday/waking.ts";

const HOUR_MS = 3_600_000;

describe("a sleep", () => {
  test("is a time in which no timer ran", () => {
    const watch = new SleepWatch(0);
    expect(watch.look(1_000, false)).toBeUndefined();
    expect(watch.look(11_000, false)).toBeUndefined(); // busy
    expect(watch.look(11_000 + 3 * HOUR_MS, false)).toBe(3 * HOUR_MS);
    expect(watch.look(12_000 + 3 * HOUR_MS, false)).toBeUndefined();
  });

  test("is none where a hidden page is woken once a minute", () => {
    const watch = new SleepWatch(0);
    watch.look(1_000, true);
    expect(watch.look(61_000, true)).toBeUndefined();
    expect(watch.look(121_000, false)).toBeUndefined(); // shown meanwhile
    expect(watch.look(160_000, false)).toBe(39_000);
    watch.look(161_000, true);
    expect(watch.look(161_000 + HOUR_MS, true)).toBe(HOUR_MS);
  });

  test("that the browser tells counts from its beginning, and once", () => {
    const watch = new SleepWatch(0);
    watch.freeze(10_000);
    expect(watch.resume(40_000)).toBe(30_000);
    expect(watch.look(40_500, true)).toBeUndefined();
    watch.freeze(50_000);
    expect(watch.resume(51_000)).toBeUndefined(); // a moment
    expect(watch.resume(90_000)).toBeUndefined(); // nothing was told before
  });

  test("does not come of a clock that is set back", () => {
    const watch = new SleepWatch(HOUR_MS);
    expect(watch.look(0, false)).toBeUndefined();
    expect(watch.look(1_000, false)).toBeUndefined();
  });
});

describe("after a sleep", () => {
  const before = { connects: 1, role: "own" } as const;
  const after = { connects: 2, role: "own" } as const;

  test("what comes of the connection before says nothing", () => {
    const waking = new Waking(3 * HOUR_MS, before);
    expect(waking.words).toBe("Was asleep for 3 h. Coming back…");
    expect(waking.came(before)).toBeUndefined();
    expect(waking.came(after)).toBe("Was asleep for 3 h. All that happened meanwhile has come.");
    expect(waking.hasGap).toBe(false);
    expect(waking.came(after)).toBeUndefined();
  });

  test("what is missing is told, with its number where that is known", () => {
    const waking = new Waking(3 * HOUR_MS, before);
    waking.gap(1_000);
    waking.gap(234);
    expect(waking.came(after)).toBe(
      "Was asleep for 3 h. 1,234 ticks of all symbols are not coming; " +
        "charts and days are filled from the server's bars.",
    );
    expect(waking.hasGap).toBe(true);
    const restarted = new Waking(HOUR_MS, before);
    restarted.gap(undefined);
    restarted.gap(5);
    expect(restarted.came(after)).toContain(" The ticks of that time are not coming; ");
  });

  test("a tab that follows is told by its leader, whose connection may have lasted", () => {
    const follower = { connects: 1, role: "follower" } as const;
    expect(new Waking(HOUR_MS, follower).came(follower)).toContain("All that happened");
  });
});

describe("another version", () => {
  test.each([
    ["a", "a", false, false],
    ["a", "a", true, false], // what is missing is missing there too
    ["a", "b", false, true],
    ["a", null, true, false], // it has no page
    ["a", undefined, false, false], // an older server
    ["a", undefined, true, true],
    [undefined, "b", true, false], // a page of npm run dev
  ])("of %s, told %s, lacking something: %s: %s", (own, told, isLacking, expected) => {
    expect(isAnother(own, told, isLacking)).toBe(expected);
  });
});
