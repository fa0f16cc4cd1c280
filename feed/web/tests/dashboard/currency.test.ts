import { describe, expect, test } from "vitest";
import { INITIAL_STATUS, type LinkStatus } from "../../src/client/link/status.ts";
import { currencyOf, type Situation } from "../../src/dashboard/connection/currency.ts";
import { Freshness } from "../../src/dashboard/connection/freshness.ts";
import { Passes } from "../../src/market/passes.ts";

/** A server at 100 ticks a second that is asked every two seconds, and a page that hears it. */
class Scene {
  readonly freshness = new Freshness();
  second = 0;

  /** Let seconds pass; in each of them frames come up to what the server had `lateS` ago. */
  pass(seconds: number, lateS: number | undefined, position?: number): void {
    for (let passed = 0; passed < seconds; passed += 1) {
      this.second += 1;
      if (this.second % 2 === 0) {
        this.freshness.serverAt(`e-${this.second * 100}`, this.second * 1_000);
      }
      if (lateS !== undefined) {
        this.freshness.heard(`e-${position ?? (this.second - lateS) * 100}`, this.second * 1_000);
      }
    }
  }

  behindS(isConnected = true): number {
    return this.freshness.behindMs(this.second * 1_000, isConnected) / 1_000;
  }
}

describe("how far a page is behind", () => {
  test("not at all while it hears what the server has", () => {
    const scene = new Scene();
    expect(scene.behindS()).toBe(0);
    scene.pass(30, 0);
    expect(scene.behindS()).toBe(0);
  });

  test("by the time since the server was where a slow reader is", () => {
    const scene = new Scene();
    scene.pass(20, 0);
    scene.pass(10, 0, 2_000);
    expect(scene.behindS()).toBeCloseTo(10, 1);
    scene.pass(5, 12);
    expect(scene.behindS()).toBeCloseTo(12, 1);
    scene.pass(2, 0);
    expect(scene.behindS()).toBe(0);
  });

  test("a reader that stops is behind as soon as that is unusual", () => {
    const scene = new Scene();
    scene.pass(20, 0);
    scene.pass(2, undefined);
    expect(scene.behindS()).toBe(0);
    scene.pass(3, undefined);
    expect(scene.behindS()).toBeCloseTo(5, 1);
  });

  test("a quiet selection that hears of a busy feed every ten seconds is not", () => {
    const scene = new Scene();
    for (let heard = 0; heard < 6; heard += 1) {
      scene.pass(1, 0);
      scene.pass(9, undefined);
      expect(scene.behindS()).toBe(0);
    }
    scene.pass(3, undefined);
    expect(scene.behindS()).toBeCloseTo(12, 1);
  });

  test("a server that is stopped, connections and all, is missed as soon", () => {
    const scene = new Scene();
    scene.pass(20, 0);
    scene.second += 4;
    expect(scene.behindS()).toBe(0); // it may have nothing to say
    scene.freshness.serverIsSilent();
    expect(scene.behindS()).toBe(4);
    scene.pass(2, 0);
    expect(scene.behindS()).toBe(0);
  });

  test("a server whose status cannot be had is not missed while it ticks", () => {
    const scene = new Scene();
    scene.pass(20, 0);
    scene.freshness.serverIsSilent();
    scene.pass(1, 0);
    expect(scene.behindS()).toBe(0);
  });

  test("by all the time since it heard anything, where it is not connected", () => {
    const scene = new Scene();
    scene.pass(20, 0);
    scene.second += 7;
    expect(scene.behindS(false)).toBe(7);
  });

  test("a restarted server counts from its beginning", () => {
    const scene = new Scene();
    scene.pass(20, 0);
    scene.freshness.serverAt("f-1", 20_500);
    scene.freshness.heard("f-1", 20_600);
    expect(scene.behindS()).toBe(0);
  });
});

const NOW_MS = Date.parse("2026-01-02T12:00:30Z");
const NEWEST_MS = Date.parse("2026-01-02T12:00:00Z");
const LIVE: LinkStatus = { ...INITIAL_STATUS, phase: "live", connects: 1 };
const CURRENT: Situation = {
  status: LIVE,
  source: { isLive: true, down: undefined },
  isSlowed: false,
  behindMs: 0,
  newestMs: NEWEST_MS,
  nowMs: NOW_MS,
};

describe("prices", () => {
  test.each<[string, Partial<Situation>, object]>([
    ["are current", {}, { words: "Live", health: "good", asOfMs: undefined }],
    [
      "of a slow reader are as of then",
      { behindMs: 12_000 },
      { words: "Live · 12 s behind", health: "busy", asOfMs: NOW_MS - 12_000 },
    ],
    [
      "of a reader that is slowed and keeps up are current",
      { isSlowed: true },
      { words: "Live, reading slowly", health: "busy", asOfMs: undefined },
    ],
    [
      "without a connection are as of when it was lost",
      { status: { ...LIVE, phase: "offline" }, behindMs: 5_000 },
      { words: "Offline · 5.0 s behind", health: "bad", asOfMs: NOW_MS - 5_000 },
    ],
    [
      "of a connection that was just lost are not current either",
      { status: { ...LIVE, phase: "connecting" }, behindMs: 300 },
      { words: "Reconnecting…", health: "busy", asOfMs: NOW_MS - 300 },
    ],
    [
      "that never came are of no time",
      { status: { ...LIVE, phase: "connecting", connects: 0 } },
      { words: "Connecting…", asOfMs: undefined },
    ],
    [
      "of a recording that is over are as of its end",
      { source: { isLive: false, down: "finished" } },
      { words: "Recording ended", health: "off", asOfMs: NEWEST_MS },
    ],
    [
      "of a source that is silent are as of its last word",
      { source: { isLive: true, down: "silent" } },
      { words: "The source is silent", health: "bad", asOfMs: NEWEST_MS },
    ],
    [
      "of a recording that is read slowly are as of its own time",
      { source: { isLive: false, down: undefined }, behindMs: 60_000 },
      { words: "Live · 1 min behind", asOfMs: NEWEST_MS },
    ],
  ])("%s", (_, changes, currency) => {
    const told = currencyOf({ ...CURRENT, ...changes });
    expect(told).toMatchObject(currency);
    expect(told.isCurrent).toBe(told.asOfMs === undefined);
  });

  test("of a recording that is over are not current before they are here", () => {
    const source = { isLive: false, down: "finished" };
    const told = currencyOf({ ...CURRENT, source, newestMs: undefined });
    expect(told).toMatchObject({ isCurrent: false, asOfMs: undefined });
  });
});

describe("a recording that begins anew", () => {
  const passes = (timesS: number[]) => {
    const judge = new Passes();
    return timesS.map((second) => judge.take(second * 1_000, Date.UTC(2026, 0, 2)));
  };

  test("is seen by times that stay back", () => {
    expect(passes([1, 2, 30, 1, 2, 3, 4, 30])).toEqual([
      ...[false, false, false, false, false],
      true,
      ...[false, false],
    ]);
  });

  test("is not seen in trades that are late", () => {
    expect(passes([10, 3, 11, 2, 3, 12, 10.5, 10.4, 10.3, 10.2])).not.toContain(true);
  });
});
