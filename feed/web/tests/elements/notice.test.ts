import { describe, expect, test } from "vitest";
import type { Status } from "../../src/client/index.ts";
import { INITIAL_STATUS } from "../../src/client/link/status.ts";
import { noticeOf, type Shown, type Way } from "../../src/elements/notice.ts";
import { isOfServer, look } from "../../src/elements/reach.ts";

const NOW = Date.UTC(2026, 0, 2, 15, 0, 10);
const LIVE = { ...INITIAL_STATUS, phase: "live", connects: 1 } as const;
const LOST = { ...INITIAL_STATUS, phase: "waiting", connects: 1 } as const;
const NEVER = { ...INITIAL_STATUS, phase: "waiting" } as const;

const way: Way = {
  server: "https://feed.example",
  pageOrigin: "https://shop.example",
  status: LIVE,
  reach: "unknown",
  refusal: undefined,
  down: undefined,
  newestMs: NOW,
};
const shown: Shown = { unlisted: undefined, halt: undefined, silence: undefined, asOfMs: NOW };
const status = (sc: string, sm: string, rm: string): Status => {
  return { T: "s", S: "AAPL", sc, sm, rc: "", rm, t: "2026-01-02T15:00:00Z" };
};

function said(changes: Partial<Way>, symbol: Partial<Shown> | undefined = {}): string {
  const { condition, words } = noticeOf(
    { ...way, ...changes },
    symbol && { ...shown, ...symbol },
    NOW,
  );
  return `${condition}: ${words.replace(/\d\d:\d\d:10/, "TIME")}`;
}

describe("what is said beside prices", () => {
  test.each<[string, Partial<Way>, Partial<Shown> | undefined]>([
    ["live: Live", {}, {}],
    ["live: Live", {}, undefined],
    ["waiting: Waiting for the first price", {}, { asOfMs: undefined }],
    ["waiting: Connecting…", { status: INITIAL_STATUS }, { asOfMs: undefined }],
    ["stale: Disconnected, trying again · prices as of TIME", { status: LOST }, {}],
    ["stale: Offline · prices as of TIME", { status: { ...LOST, phase: "offline" } }, {}],
    ["waiting: Offline", { status: { ...NEVER, phase: "offline" } }, { asOfMs: undefined }],
    [
      "failed: https://feed.example does not answer. Trying again",
      { status: NEVER, reach: "unreachable" },
      { asOfMs: undefined },
    ],
    ["stale: The source is silent · prices as of TIME", { down: "silent" }, {}],
    [
      "stale: Trading halt (News pending) · prices as of TIME",
      {},
      { halt: status("H", "Trading halt", "News pending") },
    ],
    ["stale: Stale · prices as of TIME", {}, { silence: status("STALE", "Stale", "") }],
    ["failed: aapl is not listed", {}, { unlisted: "aapl is not listed" }],
    [
      "failed: The token callback failed: no session",
      {
        status: NEVER,
        refusal: { words: "The token callback failed: no session", needsToken: false },
      },
      { asOfMs: undefined },
    ],
  ])("%s", (expected, changes, symbol) => {
    expect(said(changes, symbol)).toBe(expected);
  });

  test("an operator reads what to start the server with", () => {
    expect(said({ status: NEVER, reach: "forbidden" }, { asOfMs: undefined })).toBe(
      "failed: https://feed.example does not give its data to pages of https://shop.example. " +
        "Its operator allows them with --allow-origin https://shop.example",
    );
  });

  test("an author reads what the page's policy has to name", () => {
    expect(said({ status: NEVER, reach: "blocked" }, { asOfMs: undefined })).toContain(
      "Name it in connect-src, as https://feed.example wss://feed.example",
    );
  });

  test("an author reads that the server wants a token", () => {
    const refusal = { words: "credentials are due", needsToken: true };
    expect(said({ status: NEVER, refusal }, { asOfMs: undefined })).toBe(
      "failed: https://feed.example wants to know who reads: set the element's token property " +
        "(credentials are due)",
    );
  });

  test("what kept it from the data is past once it is live", () => {
    expect(said({ reach: "forbidden" })).toBe("live: Live");
  });
});

describe("a look at a server", () => {
  const asked =
    (...answering: string[]) =>
    async (url: string): Promise<void> => {
      if (!answering.some((path) => url.endsWith(path))) {
        throw new TypeError("Failed to fetch");
      }
    };

  test.each([
    ["forbidden", ["/client.js"]],
    ["unreachable", []],
    ["unknown", ["/client.js", "/healthz"]],
  ])("finds it %s", async (reach, answering) => {
    const found = await look(
      "https://feed.example/p/",
      "https://shop.example",
      asked(...answering),
    );
    expect(found).toBe(reach);
  });

  test("is not worth it from a page of its own", async () => {
    expect(await look("https://feed.example/", "https://feed.example", asked())).toBe("unknown");
  });

  test("tells what a policy has stopped on its way there", () => {
    expect(isOfServer("wss://feed.example/v1/ws", "https://feed.example/")).toBe(true);
    expect(isOfServer("https://other.example/", "https://feed.example/")).toBe(false);
    expect(isOfServer("inline", "https://feed.example/")).toBe(false);
  });
});
