/** Numbers and times as the plain pages write them. */

import { expect, test } from "vitest";
import { bytes, clock, clockThere, count, duration } from "../../../http/page/words.js";

test.each([
  [0, "0 s"],
  [0.000_424, "424 µs"],
  [0.045_9, "45.9 ms"],
  [21, "21 s"],
  [59.96, "60 s"],
  [60, "1 min"],
  [200, "3 min 20 s"],
  [526.8, "8 min 47 s"],
  [3_600, "1 h"],
  [3_605, "1 h"],
  [11_100, "3 h 5 min"],
  [190_000, "2 d 4 h"],
])("%f s are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test("numbers have three or four digits, and a prefix", () => {
  expect([count(999), count(1_110), bytes(0), bytes(63_200)]).toEqual([
    "999",
    "1.11 k",
    "0 B",
    "63.2 kB",
  ]);
});

test("a day has 24 hours", () => {
  expect(clock(new Date(2026, 10, 30, 0, 5, 9))).toMatch(/^00.05.09$/);
  expect(clock(new Date(2026, 10, 30, 23, 5, 9))).toMatch(/^23.05.09$/);
});

test("a clock is of the zone that was chosen, and says where that is", () => {
  const time = Date.UTC(2026, 10, 30, 14, 30, 5);
  expect(clock(time, "America/New_York")).toMatch(/^09.30.05$/);
  expect(clockThere(time, "America/New_York")).toMatch(/^09.30.05 New York$/);
  expect(clockThere(time, "UTC")).toMatch(/^14.30.05 UTC$/);
  expect(clockThere(time)).toBe(clock(time));
});
