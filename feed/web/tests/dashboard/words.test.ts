import { describe, expect, test } from "vitest";
import { INITIAL_STATUS, type LinkStatus, type Phase } from "../../src/client/link/status.ts";
import { Rates } from "../../src/dashboard/connection/rates.ts";
import {
  describe as describeStatus,
  gapsWords,
  healthOf,
  pillWords,
  savedWords,
  withdrawnWords,
} from "../../src/dashboard/connection/words.ts";
import { snippet } from "../../src/dashboard/ui/snippets.ts";
import {
  formatBasisPoints,
  formatByPower,
  formatBytes,
  formatChange,
  formatCompact,
  formatDuration,
  formatPrice,
  formatSide,
  formatSize,
  wayOf,
} from "../../src/market/format.ts";

test.each([
  [formatPrice(98_569.7, 2), "98,569.70"],
  [formatPrice(undefined, 2), "–"],
  [formatPrice(-36.73, 2), "-36.73"],
  [formatPrice(0, 2), "0.00"],
  [formatPrice(169.839033, 6), "169.83903"],
  [formatPrice(1_234_567.891, 8), "1,234,567.89"],
  [formatPrice(1e-12, 8), "1e-12"],
  [formatPrice(-1.25e-12, 2), "-1.25e-12"],
  [formatPrice(1.2e-8, 8), "1.2e-8"],
  [formatPrice(0.00001234, 8), "0.00001234"],
  [formatPrice(1e308, 2), "1e308"],
  [formatSide(10, 300, 2), "10.00 × 300"],
  [formatSide(undefined, 0, 2), "–"],
  [formatByPower(1e10, 2), "1e10"],
  [formatByPower(-1.5e-300, 3), "-1.5e-300"],
  [formatChange(0.0125), "+1.25 %"],
  [formatChange(-0.0125), "−1.25 %"],
  [formatChange(-0.00001), "0.00 %"],
  [formatChange(undefined), "–"],
  [formatChange(1e300), "+1e302 %"],
  [formatBasisPoints(0.02, 200), "1.0 bp"],
  [formatBasisPoints(0.02, -36.73), "5.4 bp"],
  [formatBasisPoints(0.02, 0), ""],
  [formatBasisPoints(1e10, 1), "1e14 bp"],
  [formatSize(1e308), "1e308"],
  [formatCompact(1e308), "1e308"],
  [formatSize(2_900), "2,900"],
  [formatSize(0.03125), "0.0313"],
  [formatSize(0), "0"],
  [formatCompact(9_999), "9,999"],
  [formatCompact(173_078), "173.1K"],
  [formatBytes(0), "0 B"],
  [formatBytes(684_000), "684 kB"],
  [formatBytes(1_500), "1.5 kB"],
  [formatBytes(2_500_000), "2.5 MB"],
  [formatDuration(0.34), "340 µs"],
  [formatDuration(7.25), "7.3 ms"],
  [formatDuration(264), "264 ms"],
  [formatDuration(1_400), "1.4 s"],
  [formatDuration(90_000), "2 min"],
  [formatDuration(3 * 3_600_000), "3 h"],
])("%s", (written, expected) => {
  expect(written).toBe(expected);
});

test.each([
  [undefined, undefined],
  [0.00004, undefined],
  [-0.00004, undefined],
  [0.0001, "up"],
  [-0.0001, "down"],
])("a change of %f is shown as %s", (change, way) => {
  expect(wayOf(change)).toBe(way);
});

describe("rates", () => {
  test("are drawn from the last five seconds", () => {
    const rates = new Rates<"ticks">();
    for (let second = 0; second <= 20; second += 1) {
      rates.take(second * 1_000, { ticks: second < 10 ? 0 : (second - 10) * 200 });
    }
    expect(rates.perSecond("ticks")).toBe(200);
  });

  test("are zero while nothing is known", () => {
    const rates = new Rates<"ticks">();
    expect(rates.perSecond("ticks")).toBe(0);
    rates.take(0, { ticks: 7 });
    expect(rates.perSecond("ticks")).toBe(0);
  });
});

describe("the state of the connection", () => {
  const status = (phase: Phase, more: Partial<LinkStatus> = {}): LinkStatus => ({
    ...INITIAL_STATUS,
    phase,
    ...more,
  });

  test.each([
    [status("live"), false, "Live", "good"],
    [status("live"), true, "Live, reading slowly", "busy"],
    [status("connecting"), false, "Connecting…", "busy"],
    [status("connecting", { connects: 1 }), false, "Reconnecting…", "busy"],
    [status("waiting", { retryAtMs: 12_500 }), false, "Reconnecting in 3 s", "busy"],
    [status("waiting", { retryAtMs: 9_000 }), false, "Reconnecting…", "busy"],
    [status("offline"), false, "Offline", "bad"],
    [status("stopped"), false, "Stopped", "bad"],
    [status("idle"), false, "Nothing to watch", "off"],
    [status("hidden"), false, "Paused while hidden", "off"],
    [status("parked"), false, "Parked: nobody reads", "off"],
  ])("%o", (state, isSlowed, words, health) => {
    expect(describeStatus(state, isSlowed, 10_000)).toBe(words);
    expect(healthOf(state, isSlowed)).toBe(health);
  });
});

test("snippets hold whatever is a symbol, without ending a text, a script or a command", () => {
  const symbol = `A"B'C</script>\\D &e=1`;
  for (const tab of ["browser", "eventsource", "python", "curl"] as const) {
    const text = snippet(tab, "http://127.0.0.1:8080", symbol);
    expect(text).not.toContain(symbol);
    expect(text.split("</script>").length).toBe(text.startsWith("<script") ? 2 : 1);
    for (const [quoted] of text.matchAll(/(?<=\[)"A(?:[^"\\]|\\.)*"(?=\])/g)) {
      expect(JSON.parse(quoted)).toBe(symbol);
    }
    for (const [, encoded] of text.matchAll(/trades=(A[^"'&]*)/g)) {
      expect(decodeURIComponent(encoded as string)).toBe(symbol);
    }
    expect(text.match(/"A|trades=A/)).not.toBeNull();
  }
  expect(snippet("curl", "http://x", "A'B").split("'").length).toBe(3);
});

test("snippets are ten lines or fewer, and name the server and the symbol", () => {
  for (const tab of ["browser", "eventsource", "python", "curl"] as const) {
    const text = snippet(tab, "http://127.0.0.1:8080", "BTC/USD");
    expect(text.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(10);
    expect(text).toContain("http://127.0.0.1:8080");
    expect(text).toMatch(/BTC(\/|%2F)USD/);
  }
});

test("what is saved and what is missing is told only where it is known", () => {
  expect(savedWords(10_000, 0.5)).toBe("5.0 kB/s · 50 %");
  expect(savedWords(10_000, -0.01)).toBe("–");
  expect(savedWords(10_000, undefined)).toBe("–");
  expect(gapsWords({ gaps: 0, missing: 0 })).toBe("0");
  expect(gapsWords({ gaps: 1, missing: 0 })).toBe("1");
  expect(gapsWords({ gaps: 2, missing: 14_500 })).toBe("2 · 14.5K ticks");
});

test("names what a server gave and gives no longer, if it is wanted still", () => {
  const before = { trades: ["A", "B", "C"], quotes: ["*"] };
  const now = { trades: ["A"], quotes: ["*"] };
  expect(withdrawnWords(before, now, { trades: ["A", "B"] })).toBe("B on trades");
  expect(withdrawnWords(before, {}, before)).toBe("A, B, C on trades; * on quotes");
  expect(withdrawnWords(before, now, { trades: ["A"] })).toBe("");
  expect(withdrawnWords({}, now, before)).toBe("");
  const many = ["1", "2", "3", "4", "5", "6", "7"];
  expect(withdrawnWords({ bars: many }, {}, { bars: many })).toBe(
    "1, 2, 3, 4, 5 and 2 more on bars",
  );
});

test("the pill tells a connection in one line", () => {
  const ages = { count: 3, p50Ms: 12, p90Ms: 20, p99Ms: 30, maxMs: 40 };
  expect(pillWords("websocket", { gaps: 0, deliveryAge: ages })).toBe(
    "· WebSocket · 12 ms · 0 gaps",
  );
  const unknown = { ...ages, count: 0 };
  expect(pillWords("sse", { gaps: 1, deliveryAge: unknown })).toBe("· EventSource · 1 gap");
  expect(pillWords(undefined, { gaps: 1_200, deliveryAge: unknown })).toBe("· 1,200 gaps");
});
