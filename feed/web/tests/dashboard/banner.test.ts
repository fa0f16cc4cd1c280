import { expect, test } from "vitest";
import { INITIAL_STATUS, type LinkStatus } from "../../src/client/link/status.ts";
import { type Banner, bannerOf } from "../../src/dashboard/connection/banner.ts";
import { currencyOf, type Source } from "../../src/dashboard/connection/currency.ts";

const NOW = new Date(2026, 4, 1, 14, 30, 15).getTime();
const LIVE = { ...INITIAL_STATUS, phase: "live", connects: 1 } as LinkStatus;

function told(
  status: Partial<LinkStatus>,
  { behindMs = 0, isSlowed = false, source = {} as Partial<Source> } = {},
): Banner | undefined {
  const situation = {
    status: { ...LIVE, ...status },
    source: { isLive: true, down: undefined, ...source },
    isSlowed,
    behindMs,
    newestMs: NOW - 12_000,
    nowMs: NOW,
  };
  return bannerOf({ ...situation, currency: currencyOf(situation) });
}

test("prices of now, and a reconnect that takes a moment, need no banner", () => {
  expect(told({})).toBeUndefined();
  expect(told({ phase: "connecting" })).toBeUndefined();
  expect(told({}, { behindMs: 4_000 })).toBeUndefined();
  expect(told({}, { source: { isLive: false, down: "finished" } })).toBeUndefined();
});

test("a lost server is told in one line, its reason apart, and may be tried now", () => {
  const lost = { phase: "waiting", problem: "refused", retryAtMs: NOW + 4_000 } as const;
  expect(told(lost, { behindMs: 12_000 })).toEqual({
    words: "Reconnecting in 4 s · 12 s behind · prices as of 14:30:03",
    why: "refused",
    canRetry: true,
  });
  expect(told({ phase: "offline" })?.words).toBe("Offline · prices as of 14:30:15");
});

test("of a key that includes nothing of what is shown it is said, and what it does include", () => {
  const problem =
    "insufficient subscription: MSFT on trades is not granted; granted: trades=A (409)";
  expect(told({ phase: "stopped", problem })).toEqual({
    words: "Your key includes nothing of what is shown",
    why: problem,
    canRetry: true,
  });
});

test("a page that is behind tells why, and one that is slowed needs no new connection", () => {
  expect(told({}, { behindMs: 30_000 })).toMatchObject({ canRetry: true });
  expect(told({}, { behindMs: 30_000, isSlowed: true })).toMatchObject({
    words: "Live, reading slowly · 30 s behind · prices as of 14:29:45",
    canRetry: false,
  });
});

test("a source that gives nothing is told though the connection is fine", () => {
  expect(told({}, { source: { down: "silent" } })).toMatchObject({
    words: "The source is silent · prices as of 14:30:03",
    canRetry: false,
  });
});

test("what is said aloud has no numbers that change every second", () => {
  const status = { ...LIVE, phase: "waiting", retryAtMs: NOW + 4_000 } as LinkStatus;
  const situation = {
    status,
    source: { isLive: true, down: undefined },
    isSlowed: false,
    behindMs: 12_000,
    newestMs: NOW,
    nowMs: NOW,
  };
  expect(currencyOf(situation).spoken).toBe("Reconnecting… · prices are not of now");
});
