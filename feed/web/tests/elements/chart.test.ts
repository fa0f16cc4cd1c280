import { describe, expect, test } from "vitest";
import { countFor, filled, layoutOf, linkedPane } from "../../src/dashboard/chart/layout.ts";
import { markWords } from "../../src/elements/chart/axis.ts";
import { press } from "../../src/elements/chart/keys.ts";
import { textOf, valuesOf } from "../../src/elements/chart/legend.ts";
import { Picture, type Subject } from "../../src/elements/chart/picture.ts";
import { lay, placeOf, slotsUpTo } from "../../src/elements/chart/slots.ts";
import { Interruptions } from "../../src/market/interruptions.ts";
import { Zone } from "../../src/market/zone.ts";
import { bar, status, T0, tradeAt } from "../support/bars.ts";

const SUBJECT: Subject = { symbol: "A", timeframe: "1m", other: undefined, periods: [2, 3] };
const UTC = new Zone("UTC");

function offsets(slots: readonly number[]): number[] {
  return slots.map((slot) => slot - T0);
}

describe("slots", () => {
  test("a minute without trades is blank, and no line breaks at it", () => {
    const { slots, breaks, spans } = lay([T0, T0 + 180], 60, []);
    expect(offsets(slots)).toEqual([0, 60, 120, 180]);
    expect([breaks.size, spans]).toEqual([0, []]);
  });

  test("a long time without trades is cut and told, and lines break there", () => {
    const { slots, breaks, spans } = lay([T0, T0 + 61_260], 60, []);
    expect(slots).toHaveLength(8);
    expect(breaks.has(T0)).toBe(true);
    expect(spans).toEqual([
      { kind: "idle", fromS: T0 + 60, toS: T0 + 61_260, words: "17 h without trades" },
    ]);
  });

  test("what was missed is told where no bars came for it after all", () => {
    const gap = { kind: "gap", fromS: T0 + 10, toS: T0 + 200, words: "Gap" } as const;
    expect(lay([T0, T0 + 60, T0 + 120, T0 + 180], 60, [gap]).spans).toEqual([]);
    const { spans, breaks } = lay([T0, T0 + 180], 60, [gap]);
    expect(spans).toEqual([{ ...gap, fromS: T0 + 60, toS: T0 + 180 }]);
    expect(breaks.has(T0)).toBe(true);
  });

  test("a weekend is no hole among days", () => {
    const day = 86_400;
    expect(lay([T0, T0 + 3 * day], day, []).slots).toHaveLength(2);
    expect(lay([T0, T0 + 9 * day], day, []).slots).toHaveLength(10);
  });

  test("no more are laid out than a chart can hold", () => {
    const times = Array.from({ length: 3_600 }, (_, index) => T0 + index * 30);
    expect(lay(times, 1, []).slots.length).toBeLessThan(7_300);
  });

  test("those of a new candle come behind the last, unless all is laid anew", () => {
    expect(slotsUpTo(T0, T0, 1)).toEqual([]);
    expect(offsets(slotsUpTo(T0, T0 + 2, 1) ?? [])).toEqual([1, 2]);
    expect(slotsUpTo(T0, T0 + 100, 1)).toBeUndefined();
    expect(slotsUpTo(T0, T0 - 1, 1)).toBeUndefined();
  });

  test("a time within a slot has its place there, and one in what was cut at its end", () => {
    const slots = [T0, T0 + 60, T0 + 600];
    expect(placeOf(T0 + 30, slots, 60)).toBe(0);
    expect(placeOf(T0 + 60, slots, 60)).toBe(0.5);
    expect(placeOf(T0 + 500, slots, 60)).toBe(1.5);
  });
});

describe("interruptions", () => {
  test("a halt lasts until trading resumes, and each status counts once", () => {
    const all = new Interruptions();
    expect(all.take(status(10, "H", "News"))).toBe(true);
    expect(all.take(status(10, "H", "News"))).toBe(false);
    expect(all.all).toEqual([
      { kind: "halt", fromS: T0 + 10, toS: undefined, words: "Halted: News" },
    ]);
    expect(all.take(status(70, "T"))).toBe(true);
    expect(all.all[0]?.toS).toBe(T0 + 70);
    expect(all.take(status(80, "STALE"))).toBe(false);
  });

  test("what is missed ends with the next trade", () => {
    const all = new Interruptions();
    all.miss("gap", T0 + 10, "Gap");
    all.miss("down", T0 + 12, "The source is gone");
    all.take(tradeAt(30, 1));
    expect(all.all).toEqual([{ kind: "gap", fromS: T0 + 10, toS: T0 + 30, words: "Gap" }]);
  });
});

describe("a picture", () => {
  function picture(subject = SUBJECT, interruptions = new Interruptions()): Picture {
    const made = new Picture(subject, interruptions);
    const past = [0, 60, 120].map((second) => bar(second, 10 + second / 60));
    const others = [60, 120].map((second) => bar(second, 200, { S: "B" }));
    made.begin(
      {
        bars: { bars: past, current: null },
        other: { bars: others, current: null },
        day: { bars: [], current: bar(0, 11, { v: 30 }) },
      },
      100,
    );
    return made;
  }

  test("differs in the newest slots with a trade", () => {
    const it = picture();
    expect(it.settle()).toBeUndefined();
    expect(it.take(tradeAt(250, 20))).toBe(true);
    expect(it.settle()).toEqual({
      isWhole: false,
      slots: [T0 + 180, T0 + 240],
      from: 3,
      otherFrom: 0,
    });
    expect(it.readingAt(T0 + 240)).toMatchObject({
      averages: [16, expect.closeTo(43 / 3)],
      words: undefined,
    });
    expect(it.readingAt(T0 + 180).candle).toBeUndefined();
  });

  test("is laid out anew behind a halt, which is told at its time", () => {
    const it = picture();
    it.take(status(185, "H", "News"));
    expect(it.settle()?.isWhole).toBe(true);
    it.take(status(310, "T"));
    it.take(tradeAt(320, 20));
    expect(it.settle()?.isWhole).toBe(true);
    expect(it.laid.breaks.has(T0 + 120)).toBe(true);
    expect(it.readingAt(T0 + 240)).toMatchObject({ candle: undefined, words: "Halted: News" });
    it.take(tradeAt(380, 21));
    expect(it.settle()?.isWhole).toBe(false);
  });

  test("is laid out anew with a correction of what is older", () => {
    const it = picture();
    it.take(tradeAt(180, 20));
    it.settle();
    it.take(bar(60, 5, { T: "u" }));
    expect(it.settle()?.isWhole).toBe(true);
  });

  test("says the values of a bar", () => {
    const values = valuesOf(picture(), picture().readingAt(T0 + 120), 2, UTC, 0);
    expect(textOf(values)).toBe(
      "2026-01-02 00:02, O 12.00, H 12.00, L 12.00, C 12.00, Vol 10, VWAP 11.00, SMA 2 11.50, SMA 3 11.00",
    );
  });

  test("compares two symbols since both had a price", () => {
    const it = picture({ ...SUBJECT, other: "B" });
    expect(it.baseS).toBe(T0 + 60);
    it.take(tradeAt(190, 22));
    it.take(tradeAt(190, 150, { S: "B" }));
    it.settle();
    const now = (T0 + 190) * 1_000;
    expect(textOf(valuesOf(it, it.readingAt(T0 + 180), 2, UTC, now))).toBe(
      "00:03, A +100.00 %, B −25.00 %, since 00:01",
    );
  });
});

describe("times", () => {
  test("are those of a zone, on a clock of 24 hours", () => {
    const tokyo = new Zone("Asia/Tokyo");
    expect(tokyo.start(T0 + 50_000, 1)).toBe("2026-01-02 22:53:20");
    expect(tokyo.start(T0, 86_400)).toBe("2026-01-02"); // days are those of UTC
    expect(markWords(tokyo, 60, T0 + 15 * 3_600, 2)).toBe("3 Jan");
    expect(markWords(tokyo, 60, T0, 2)).toBe("09:00");
    expect(markWords(UTC, 86_400, T0, 1)).toBe("2026-01");
  });

  test("a zone that is none is refused in words", () => {
    expect(() => new Zone("Mars/Base")).toThrow("“Mars/Base” is not a time zone; accepted: UTC");
  });
});

test("keys walk, zoom and leave, and others mean nothing", () => {
  const done: unknown[] = [];
  const walker = {
    walk: (by: number) => `walked ${by}`,
    climb: (by: number) => `climbed ${by}`,
    zoom: (direction: 1 | -1) => done.push(direction),
    leave: () => done.push("left"),
  };
  expect(press("ArrowLeft", walker)).toBe("walked -1");
  expect(press("End", walker)).toBe("walked Infinity");
  expect(["ArrowUp", "ArrowDown"].map((key) => press(key, walker))).toEqual([
    "climbed 1",
    "climbed -1",
  ]);
  expect(["+", "-", "Escape"].map((key) => press(key, walker))).toEqual(["", "", ""]);
  expect(done).toEqual([-1, 1, "left"]);
  expect(press("x", walker)).toBeUndefined();
});

describe("the charts of a desk", () => {
  test.each([
    [360, undefined, 1],
    [360, 4, 1],
    [1_440, undefined, 1],
    [1_440, 2, 2],
    [3_840, undefined, 4],
    [3_840, 1, 1],
  ] as const)("on %i px where %s were chosen are %i", (width, chosen, count) => {
    expect(countFor(width, chosen)).toBe(count);
  });

  test("each without a symbol gets one that no other shows", () => {
    const { panes } = layoutOf(null);
    const shown = filled(
      [{ ...panes[0], symbol: "B" } as never, ...panes.slice(1)],
      ["A", "B", "C"],
    );
    expect(shown.map(({ symbol }) => symbol)).toEqual(["B", "A", "C", undefined]);
  });

  test("a link is about the pane that shows it already, else about the first", () => {
    const panes = [
      { symbol: "A", timeframe: "5m", compare: "" },
      { symbol: "B", timeframe: "1m", compare: "" },
      { symbol: "B", timeframe: "1h", compare: "" },
      { symbol: undefined, timeframe: "1m", compare: "" },
    ] as const;
    expect(linkedPane(panes, "B", "1h")).toBe(2);
    expect(linkedPane(panes, "B", "1d")).toBe(1);
    expect(linkedPane(panes, "B", undefined)).toBe(1);
    expect(linkedPane(panes, "C", "1m")).toBe(0);
    expect(linkedPane(panes, undefined, "1m")).toBe(0);
  });

  test("what was kept comes back, and what nobody can read is as on a first visit", () => {
    const kept = {
      count: 2,
      panes: [{ symbol: "A", timeframe: "1h", compare: "B" }, 7, { symbol: 1 }],
    };
    const { count, panes } = layoutOf(JSON.stringify(kept));
    expect(count).toBe(2);
    expect(panes[0]).toEqual({ symbol: "A", timeframe: "1h", compare: "B" });
    expect(panes[1]).toEqual({ symbol: undefined, timeframe: "1m", compare: "" });
    for (const text of [null, "", "{", "7", "null", '{"count":3,"panes":{}}']) {
      expect(layoutOf(text)).toEqual(layoutOf(null));
    }
  });
});
