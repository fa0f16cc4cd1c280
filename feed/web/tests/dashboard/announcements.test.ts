/** What is said to people who listen: little, and in time. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Announcements } from "../../src/dashboard/spoken/announcements.ts";

/** Everything that is said over a while, in which something happens every step. */
function said(
  forMs: number,
  stepMs: number,
  happen: (announcements: Announcements, nowMs: number) => void,
): string[] {
  const announcements = new Announcements();
  const heard: string[] = [];
  for (let nowMs = 0; nowMs <= forMs; nowMs += stepMs) {
    happen(announcements, nowMs);
    const words = announcements.take(nowMs);
    if (words !== undefined) {
      heard.push(words);
    }
  }
  return heard;
}

describe("a state", () => {
  test("is said once, however often it is told", () => {
    expect(said(60_000, 10, (to, nowMs) => to.state("connection", "Live", nowMs))).toEqual([
      "Live.",
    ]);
  });

  test("that flaps for ten minutes is said six times a minute at most, and as it is at the end", () => {
    const flapping = (nowMs: number) => (Math.floor(nowMs / 3_000) % 2 === 0 ? "Live" : "Offline");
    const heard = said(600_000, 100, (to, nowMs) => to.state("connection", flapping(nowMs), nowMs));
    expect(heard.length).toBeLessThanOrEqual(61);
    expect(heard.length).toBeGreaterThan(30);
    expect(heard.at(-1)).toBe(`${flapping(599_000)}.`);
  });

  test("that passes in a moment is not said", () => {
    const heard = said(60_000, 10, (to, nowMs) => {
      to.state("connection", nowMs < 900 ? "Connecting…" : "Live", nowMs);
    });
    expect(heard).toEqual(["Live."]);
  });

  test("that came back before it was said is no news", () => {
    const announcements = new Announcements();
    announcements.state("connection", "Live", 0);
    expect(announcements.take(1_000)).toBe("Live.");
    announcements.state("connection", "Reconnecting…", 2_000);
    expect(announcements.dueMs).toBe(11_000);
    announcements.state("connection", "Live", 5_000);
    expect(announcements.dueMs).toBeUndefined();
  });
});

describe("news", () => {
  test("are said together, the newest, with the number of the rest", () => {
    const announcements = new Announcements();
    for (let number = 1; number <= 20; number += 1) {
      announcements.news("room", `Ann: ${number}`);
    }
    announcements.news("export", "The csv export is done");
    expect(announcements.take(0)).toBe(
      "Ann: 18. Ann: 19. Ann: 20. And 17 more. The csv export is done.",
    );
    expect(announcements.take(9_999)).toBeUndefined();
  });

  test("of a busy hour come every two seconds at most", () => {
    const heard = said(3_600_000, 50, (to, nowMs) => to.news("alert", `AAPL: ${nowMs}`));
    expect(heard.length).toBeLessThanOrEqual(1_801);
  });

  test("are all said where nothing may be left out, and what was not said may be forgotten", () => {
    const announcements = new Announcements();
    for (const words of ["One.", "Two.", "Three.", "Four.", "Five."]) {
      announcements.news("answer", words, Number.POSITIVE_INFINITY);
    }
    expect(announcements.take(0)).toBe("One. Two. Three. Four. Five.");
    announcements.news("answer", "Six.");
    announcements.forget("answer");
    expect(announcements.take(9_999)).toBeUndefined();
  });
});

test("the page has one region that waits, one for alerts, and answers to what one does", () => {
  const page = readFileSync(new URL("../../src/dashboard/index.html", import.meta.url), "utf8");
  const live = [
    ...page.matchAll(/<\w+[^>]*(?:aria-live="(?!off)|role="(?:status|log|alert)")[^>]*>/g),
  ]
    .map(([tag]) => tag)
    .filter((tag) => !tag.includes('aria-live="off"'));
  const ids = live.map((tag) => /id="([\w-]+)"/.exec(tag)?.[1] ?? tag);
  expect(ids.filter((id) => !id.endsWith("-problem"))).toEqual(["spoken", "alarm"]);
});
