import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Ages } from "../../src/client/ages.ts";
import { MAX_PENDING_TICKS, Pending } from "../../src/client/batch.ts";
import { FeedClient } from "../../src/client/client.ts";
import { Emitter } from "../../src/client/emitter.ts";
import type { Environment } from "../../src/client/environment.ts";
import { FeedbackReporter } from "../../src/client/feedback.ts";
import { Newest } from "../../src/client/newest.ts";
import { Receiver } from "../../src/client/receiver.ts";
import { decodeFrame } from "../../src/client/wire/codec.ts";
import { Selection } from "../../src/client/wire/selection.ts";
import {
  type ConflatedTrade,
  firstTradeId,
  type Message,
  type Tick,
  type Trade,
  tradeId,
} from "../../src/client/wire/ticks.ts";
import { encode, ScriptedFeed, trade } from "../support/feed.ts";
import { Page, Record, range, until } from "../support/world.ts";

describe("ids of trades", () => {
  const huge = "18446744073709551615";

  test.each(["json", "msgpack"] as const)("arrive exactly in %s, whatever they are", (codec) => {
    const plain = trade("A", 7) as Trade;
    const trades: Trade[] = [plain, { ...plain, i: 2 ** 64, xi: huge }, { ...plain, xi: "ETH-1" }];
    const decoded = decodeFrame(encode(trades, codec), codec) as Trade[];
    expect(decoded.map(tradeId)).toEqual(["7", huge, "ETH-1"]);
    const newest = new Newest();
    for (const tick of decoded.slice(0, 2)) {
      newest.update(tick);
    }
    expect(tradeId(newest.get("A")?.trade as Trade)).toBe(huge);
  });

  test("a conflated trade has two", () => {
    const conflated: ConflatedTrade = {
      ...(trade("A", 9) as ConflatedTrade),
      ...{ n: 2, h: 1, l: 1, v: 1, vw: 1, fi: 2 ** 64 },
    };
    expect(firstTradeId(conflated)).toBe("18446744073709552000");
    expect(firstTradeId({ ...conflated, xfi: huge })).toBe(huge);
    expect(firstTradeId(trade("A", 9) as Trade)).toBe("9");
  });
});

describe("pending ticks", () => {
  test("become one batch in order", () => {
    const pending = new Pending(false);
    const ticks = [trade("A", 1), trade("B", 2), trade("A", 3)];
    for (const tick of ticks) {
      pending.push(tick, false);
    }
    pending.moveTo("e-3");
    const [batch, ...others] = pending.take();
    expect(others).toEqual([]);
    expect(batch).toMatchObject({ ticks, isSnapshot: false, position: "e-3", merged: 0 });
    expect([...(batch?.newest() ?? [])]).toEqual([ticks[1], ticks[2]]);
    expect(pending.take()).toEqual([]);
  });

  test("a snapshot is a batch of its own between those before and after it", () => {
    const pending = new Pending(false);
    pending.push(trade("A", 1), false);
    pending.push(trade("A", 1), true);
    pending.push(trade("A", 2), false);
    expect(pending.take().map(({ isSnapshot }) => isSnapshot)).toEqual([false, true, false]);
  });

  test("newest only merges by kind and symbol, and counts it", () => {
    const pending = new Pending(true);
    const quote = { ...trade("A", 2), T: "q" } as unknown as Tick;
    for (const tick of [trade("A", 1), quote, trade("A", 3)]) {
      pending.push(tick, false);
    }
    const [batch] = pending.take();
    expect(batch).toMatchObject({ ticks: [quote, trade("A", 3)], merged: 1 });
  });

  test("too many for a late consumer are merged, so that memory is bounded", () => {
    const pending = new Pending(false);
    let largest = 0;
    for (let sequence = 1; sequence <= 3 * MAX_PENDING_TICKS; sequence += 1) {
      pending.push(trade(`S${sequence % 10}`, sequence), false);
      largest = Math.max(largest, pending.size);
    }
    expect(largest).toBeLessThanOrEqual(MAX_PENDING_TICKS);
    const [batch] = pending.take();
    expect((batch?.ticks.length ?? 0) + (batch?.merged ?? 0)).toBe(3 * MAX_PENDING_TICKS);
    expect(batch?.ticks.at(-1)).toEqual(trade("S0", 3 * MAX_PENDING_TICKS));
  });
});

describe("ages", () => {
  test("percentiles are right within a bucket", () => {
    const ages = new Ages();
    for (let ageMs = 1; ageMs <= 1_000; ageMs += 1) {
      ages.record(1_000_000 - ageMs, 1_000_000);
    }
    const { count, p50Ms, p90Ms, p99Ms, maxMs } = ages.percentiles(1_000_000);
    expect({ count, maxMs }).toEqual({ count: 1_000, maxMs: 1_000 });
    for (const [found, exact] of [
      [p50Ms, 500],
      [p90Ms, 900],
      [p99Ms, 990],
    ] as const) {
      expect(Math.abs(found / exact - 1)).toBeLessThan(0.09);
    }
  });

  test("after ten seconds what was recorded is forgotten", () => {
    const ages = new Ages();
    ages.record(0, 5_000);
    expect(ages.percentiles(14_999).count).toBe(1);
    expect(ages.percentiles(15_000).count).toBe(0);
  });

  test("a clock that is behind is corrected by what is known of it", () => {
    const ages = new Ages();
    ages.record(2_000, 1_500);
    ages.record(2_000, 1_600);
    expect(ages.skewMs).toBe(500);
    expect(ages.percentiles(1_600).maxMs).toBe(100);
  });

  test("what is no time is not counted", () => {
    const ages = new Ages();
    ages.record(Number.NaN, 1_000);
    expect(ages.percentiles(1_000).count).toBe(0);
  });
});

test("a receiver counts gaps, conflation and the ages of ticks and marks", () => {
  const told: unknown[] = [];
  const ages: number[] = [];
  const tell = (...event: unknown[]) => void told.push(event);
  const receiver = new Receiver({
    tick: () => {},
    words: () => {},
    gap: ({ missing }) => tell("gap", missing),
    snapshot: () => {},
    conflation: (ticks, standFor) => tell("conflation", ticks, standFor),
    subscription: () => {},
    feed: ({ state }) => tell("feed", state),
    warning: ({ nearest }) => tell("warning", nearest),
    age: (ageMs) => ages.push(ageMs),
    unknown: () => {},
  });
  receiver.selection = Selection.of({ trades: ["*", "aapl"] });
  const at = Date.parse("2026-01-02T03:04:05.223Z");
  const messages: Message[] = [
    { T: "gap", from: "e-3", to: "e-7", reason: "overrun" },
    { T: "gap", from: "d-3", to: "e-7", reason: "epoch" },
    { ...trade("A", 8), n: 5 } as Message,
    trade("A", 9),
    { T: "feed", state: "source_down", source: "sim", reason: "silent", t: "" },
    {
      T: "warning",
      reason: "unlisted",
      msg: "aapl is not listed; did you mean AAPL?",
      names: ["aapl"],
      nearest: { aapl: "AAPL" },
      count: 1,
    },
    { T: "mark", pos: "e-9", t: "2026-01-02T03:04:05.213Z" },
  ];
  receiver.receive({
    payload: "",
    codec: "json",
    messages,
    altered: false,
    position: "e-9",
    receivedMs: at,
  });
  receiver.refreshAges(at);
  expect(told).toEqual([
    ["gap", 5],
    ["gap", undefined],
    ["feed", "source_down"],
    ["warning", { aapl: "AAPL" }],
    ["conflation", 1, 5],
  ]);
  expect(receiver.counters).toMatchObject({
    gaps: 2,
    missing: 5,
    conflatedTicks: 1,
    conflatedFrom: 5,
  });
  expect(receiver.counters.eventAge.maxMs).toBeCloseTo(100, 0);
  expect(ages).toHaveLength(2);
  expect(ages[0]).toBeCloseTo(99.54, 1);
  expect(receiver.counters.deliveryAge.maxMs).toBeCloseTo(10, 3);
});

test("feedback is a sample of the ages, told every ten seconds", async () => {
  const posted: { url: string; body: { transport: string; ages_ms: number[] } }[] = [];
  let nowMs = 0;
  const feedback = new FeedbackReporter("http://127.0.0.1:8080", {
    now: () => nowMs,
    random: () => 0.5,
    fetch: async (url: URL, { body }: { body: string }) => {
      posted.push({ url: url.href, body: JSON.parse(body) });
      throw new Error("refused, which is of no consequence");
    },
  } as unknown as Environment);
  for (let age = 0; age < 1_000; age += 1) {
    feedback.note(age);
  }
  nowMs = 9_999;
  feedback.reportWhenDue("sse", nowMs);
  expect(posted).toEqual([]);
  nowMs = 10_000;
  feedback.reportWhenDue("sse", nowMs);
  feedback.reportWhenDue("sse", 99_999); // nothing new
  await until(() => expect(posted).toHaveLength(1)); // credentials are asked for first
  expect(posted[0]?.url).toBe("http://127.0.0.1:8080/v1/feedback");
  expect(posted[0]?.body.transport).toBe("sse");
  expect(posted[0]?.body.ages_ms).toHaveLength(64);
});

test("no feedback is given of ticks without an age: those of a recording", async () => {
  const posted: string[] = [];
  let nowMs = 0;
  const feedback = new FeedbackReporter("http://127.0.0.1:8080/prefix/", {
    now: () => nowMs,
    random: () => 0.5,
    fetch: async (url: URL) => {
      posted.push(url.href);
      return Response.json({ outcome: "not_live" });
    },
  } as unknown as Environment);
  const report = async (age: number) => {
    nowMs += 10_000;
    feedback.note(age);
    feedback.reportWhenDue("sse", nowMs);
    await new Promise((resolve) => setTimeout(resolve));
    return posted.length;
  };
  expect(await report(86_400_001)).toBe(0); // not accepted by any server
  expect(await report(60_000)).toBe(1);
  expect(await report(60_000)).toBe(1);
  expect(posted).toEqual(["http://127.0.0.1:8080/prefix/v1/feedback"]);
});

test.each([
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080/"],
  ["https://example.com/markets", "https://example.com/markets/"],
  ["https://example.com/markets/?a=1#b", "https://example.com/markets/"],
])("requests to %s go on from %s", async (url, base) => {
  const asked: string[] = [];
  const page = new Page().environment();
  const fetch = async (input: URL | string) => {
    asked.push(String(input));
    return new Response(null, { status: 404 });
  };
  const client = new FeedClient({
    url,
    transport: "stream",
    shared: false,
    environment: { ...page, fetch: fetch as unknown as typeof globalThis.fetch },
  });
  client.subscribe({ trades: ["A"] });
  await until(() => expect(asked).not.toEqual([]));
  client.close();
  expect(asked[0]?.split("?")[0]).toBe(`${base}v1/stream`);
});

describe("a client", () => {
  let feed: ScriptedFeed;
  let client: FeedClient | undefined;

  beforeEach(async () => {
    feed = await ScriptedFeed.start();
  });

  afterEach(async () => {
    client?.close();
    await feed.stop();
  });

  test("delivers once per animation frame, however many frames came", async () => {
    const frames: (() => void)[] = [];
    const environment = { requestFrame: (callback: () => void) => void frames.push(callback) };
    const record = new Record(feed.origin, { environment });
    client = record.client;
    await client.subscribe({ trades: ["*"] });
    feed.publish("AAPL");
    feed.publish("AAPL");
    feed.publish("MSFT");
    await until(() => expect(record.client.position).toBe(feed.position));
    expect(frames).toHaveLength(1);
    expect(record.ticks).toEqual([]);
    expect(record.client.newest("AAPL")?.trade).toEqual(feed.ticks[1]); // on demand, at any time
    frames.shift()?.();
    expect(record.sequences).toEqual([1, 2, 3]);
    expect(record.client.counters.batches).toBe(1);
  });

  test("an iteration gets every tick at its own pace, and holds the reading up", async () => {
    client = new FeedClient({
      url: feed.origin,
      transport: "stream",
      environment: new Page().environment(),
    });
    const iteration = client.batches();
    await client.subscribe({ trades: ["*"] });
    const symbols = new Array<string>(1_000).fill("AAPL");
    for (let round = 0; round < 200; round += 1) {
      feed.publish(...symbols);
    }
    const read = () => client?.counters.ticks ?? 0;
    await until(() => expect(read()).toBeGreaterThan(5_000));
    let before = Number.NaN;
    await until(() => {
      const held = before;
      before = read();
      expect(before).toBe(held); // nobody asked, so nothing is read
    });
    expect(before).toBeLessThan(200_000);
    let received = 0;
    for await (const { ticks } of iteration) {
      received += ticks.length;
      if (received === 200_000) {
        break;
      }
    }
    expect(received).toBe(200_000);
    expect(client.counters.gaps).toBe(0);
  }, 60_000);

  test("an iteration ends when the client is closed, after what is there", async () => {
    client = new FeedClient({ url: feed.origin, environment: new Page().environment() });
    const iteration = client.batches();
    await client.subscribe({ trades: ["*"] });
    feed.publish("AAPL", "MSFT");
    await until(() => expect(client?.counters.ticks).toBe(2));
    client.close();
    const received: number[] = [];
    for await (const { ticks } of iteration) {
      received.push(ticks.length);
    }
    expect(received).toEqual([2]);
  });

  test("not reading is a setting, and lifting it loses nothing", async () => {
    const record = new Record(feed.origin, { transport: "stream" });
    const other = new Record(feed.origin, { transport: "stream" });
    client = record.client;
    await client.subscribe({ trades: ["*"] });
    await other.client.subscribe({ trades: ["*"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    client.configure({ throttle: 0 });
    feed.publish("AAPL"); // for the read that was under way
    await until(() => expect(record.sequences).toEqual([1]));
    feed.publish("AAPL", "AAPL");
    await until(() => expect(other.sequences).toEqual([1, 2, 3]));
    other.client.close();
    expect(record.sequences).toEqual([1]);
    client.configure({ throttle: undefined });
    await until(() => expect(record.sequences).toEqual([1, 2, 3]));
    expect(record.status.reconnects).toBe(0);
  });

  test("a socket that cannot be paused is dropped when nobody reads, and resumed", async () => {
    const record = new Record(feed.origin, { transport: "websocket" });
    client = record.client;
    await client.subscribe({ trades: ["*"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    client.configure({ throttle: 0 });
    const symbols = new Array<string>(1_000).fill("AAPL");
    let published = 0;
    while (feed.subscribers.size > 0 && published < 100_000) {
      feed.publish(...symbols);
      published += symbols.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => expect(feed.subscribers.size).toBe(0));
    client.configure({ throttle: undefined });
    await until(() => expect(record.sequences.length).toBe(published));
    expect(record.sequences).toEqual(range(1, published));
    expect(record.problems.join()).toMatch(/nobody read; dropped to resume later/);
  });
});

test("a listener that throws does not keep events from the others, and is heard of", () => {
  const uncaught: (() => void)[] = [];
  vi.stubGlobal("queueMicrotask", (callback: () => void) => uncaught.push(callback));
  const emitter = new Emitter<{ tick: number }>();
  const received: number[] = [];
  emitter.on("tick", () => {
    throw new Error("on purpose");
  });
  const off = emitter.on("tick", (tick) => received.push(tick));
  emitter.emit("tick", 1);
  off();
  emitter.emit("tick", 2);
  vi.unstubAllGlobals();
  expect(received).toEqual([1]);
  expect(uncaught[0]).toThrow("on purpose");
});
