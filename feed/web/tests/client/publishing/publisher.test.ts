import { decode } from "@msgpack/msgpack";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  BatchRefused,
  BufferFull,
  Closed,
  type FeedError,
  InvalidInput,
  NameInUse,
  Undelivered,
} from "../../../src/client/errors.ts";
import {
  FeedPublisher,
  type FeedPublisherOptions,
} from "../../../src/client/publishing/publisher.ts";
import { type PublishedTrade, packBatch, packRows } from "../../../src/client/publishing/rows.ts";
import { ScriptedIngest } from "../../support/ingest.ts";
import { Page, range, until } from "../../support/world.ts";

let server: ScriptedIngest;
const opened: FeedPublisher[] = [];

beforeEach(async () => {
  server = await ScriptedIngest.start();
});

afterEach(async () => {
  const closing = Promise.all(opened.splice(0).map((out) => out.close().catch(() => {})));
  await server.stop();
  await closing;
});

function publisher(options: FeedPublisherOptions = {}): FeedPublisher {
  const out = new FeedPublisher({
    url: server.origin,
    producer: "me",
    closeTimeoutMs: 60_000,
    ...options,
    environment: { ...new Page().environment(), ...options.environment },
  });
  opened.push(out);
  return out;
}

function trades(first: number, last: number): PublishedTrade[] {
  return range(first, last).map((i) => ({ T: "t", S: "OWN", p: 1.5, s: 1, i }));
}

test("ticks arrive in order in batches", async () => {
  const out = publisher({ batchTicks: 4 });
  await out.publish(trades(1, 10));
  expect(await out.flush()).toBe("aaaa-10");
  expect(server.ids).toEqual(range(1, 10));
  expect(server.came).toEqual([
    [1, 4],
    [2, 4],
    [3, 2],
  ]);
  expect(server.asked).toEqual(["/v1/ingest?producer=me"]);
  expect(server.applied[0]?.t).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

test("both codecs say the same", async () => {
  const t = new Date("2026-01-02T03:04:05.678Z");
  for (const codec of ["msgpack", "json"] as const) {
    const out = publisher({ codec, producer: codec });
    await out.publish({ T: "q", S: "OWN", bp: 1, ap: 2, t, c: ["@"] });
    await out.flush();
  }
  const tick = { T: "q", S: "OWN", bp: 1, ap: 2, t: "2026-01-02T03:04:05.678Z", c: ["@"] };
  expect(server.applied).toEqual([tick, tick]);
});

test("an envelope of any size is one value", () => {
  for (const count of [0, 15, 16, 300]) {
    const rows = packRows(trades(1, count), "msgpack", 0);
    const { sequence, ticks } = decode(packBatch(7, rows, "msgpack") as Uint8Array) as {
      sequence: number;
      ticks: object[];
    };
    expect([sequence, ticks.length]).toEqual([7, count]);
  }
});

test("a tick alone leaves at once, and others gather until the server answers", async () => {
  server.acks = false;
  const out = publisher({ batchTicks: 5, lingerMs: 60_000 });
  await out.open();
  await out.publish(trades(1, 1));
  await until(() => expect(server.came).toEqual([[1, 1]]));
  await out.publish(trades(2, 4));
  await out.publish(trades(5, 8));
  await until(() => expect(server.came.slice(1)).toEqual([[2, 5]]));
  server.acks = true;
  server.tell({ T: "ack", sequence: 1, pos: null, durable: true, duplicate: false });
  server.tell({ T: "ack", sequence: 2, pos: null, durable: true, duplicate: false });
  await out.flush();
  expect(server.came.slice(2)).toEqual([[3, 2]]);
});

test("a cut loses nothing and doubles nothing", async () => {
  server.cutAtBatch = 4; // which is applied, and nobody is told
  const out = publisher({ batchTicks: 5 });
  for (const first of [1, 51, 101, 151]) {
    await out.publish(trades(first, first + 49));
  }
  await out.flush();
  expect(server.ids).toEqual(range(1, 200));
  expect(out.connects).toBeGreaterThan(5);
});

test("a program that starts again goes on behind its last batch", async () => {
  const one = publisher();
  await one.publish(trades(1, 3));
  await one.close();
  const other = publisher();
  await other.open();
  expect(other.last).toBe(1);
  await other.publish(trades(4, 5));
  await other.flush();
  expect(server.came).toEqual([
    [1, 3],
    [2, 2],
  ]);
});

test("a program that numbers its batches may publish all of them again", async () => {
  for (let round = 0; round < 2; round += 1) {
    const out = publisher();
    await out.publish(trades(1, 1), { sequence: 1 });
    await out.publish(trades(2, 2), { sequence: 2 });
    await expect(out.publish(trades(3, 3))).rejects.toThrow(InvalidInput);
    await out.close();
  }
  expect(server.ids).toEqual([1, 2]);
  expect(server.came.length).toBe(4);
});

test("two programs of one name are told", async () => {
  const one = publisher();
  const other = publisher();
  await other.open();
  await one.publish(trades(1, 1));
  await one.flush();
  await other.publish(trades(2, 2));
  await expect(other.flush()).rejects.toThrow(NameInUse);
  await expect(other.close()).rejects.toThrow(Undelivered);
  expect(server.ids).toEqual([1]);
});

test("a refused batch is thrown, and the rest goes on", async () => {
  server.refuses = (sequence) =>
    sequence === 2 ? { code: 400, row: 2, msg: "row 2: p" } : undefined;
  const out = publisher({ batchTicks: 3 });
  await out.publish(trades(1, 9));
  const refused = await out.flush().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BatchRefused);
  expect(refused).toMatchObject({ sequence: 2, code: 400, row: 2, first: 3, ticks: 3 });
  expect(await out.flush()).toBe("aaaa-6");
  expect(server.ids).toEqual([1, 2, 3, 7, 8, 9]);
});

test("a function of the caller is told of refusals instead", async () => {
  server.refuses = () => ({ code: 403, msg: "not granted" });
  const told: string[] = [];
  const out = publisher({ onRefused: ({ message }) => told.push(message) });
  await out.publish(trades(1, 2));
  await out.close();
  expect(told).toEqual(["batch 1 of 2 ticks was refused with 403: not granted"]);
});

test("a full buffer waits for room, and then says what is wrong", async () => {
  server.settles = false;
  const clock = { skewMs: 0 };
  const environment = {
    now: () => Date.now() + clock.skewMs,
    setTimeout: (callback: () => void, delayMs: number) =>
      setTimeout(callback, delayMs > 30_000 ? 1 : delayMs), // long waits look at the time often
  };
  const out = publisher({
    ...{ bufferTicks: 10, batchTicks: 5, fullTimeoutMs: 60_000 },
    ...{ heartbeatMs: 1_000_000, environment },
  });
  await out.publish(trades(1, 8));
  await until(() => expect(server.came.length).toBe(2));
  const late = out.publish(trades(9, 11)).catch((error: unknown) => error);
  clock.skewMs += 60_000;
  const full = await late;
  expect(full).toBeInstanceOf(BufferFull);
  expect(full).toMatchObject({ taken: 0, ticks: 8 });
  expect((full as Error).message).toContain("8 ticks are applied and not durable yet");
  server.settles = true;
  server.settle();
  await out.publish(trades(9, 40));
  await out.flush();
  expect(server.ids).toEqual(range(1, 40));
});

test("what nobody waits for arrives all the same", async () => {
  const out = publisher();
  await out.open();
  const published = [out.publish(trades(1, 2))];
  expect(await out.flush()).toBe("aaaa-2");
  published.push(out.publish(trades(3, 4)), out.publish(trades(5, 5)));
  await out.close();
  expect(server.ids).toEqual(range(1, 5));
  await Promise.all(published);
});

test("calls that nobody waits for keep their order and the bounds of the buffer", async () => {
  server.settles = false;
  const out = publisher({ bufferTicks: 10, batchTicks: 5 });
  await out.publish(trades(1, 6));
  const published = [trades(7, 30), trades(31, 36), trades(37, 37)].map((some) =>
    out.publish(some),
  );
  await until(() => expect(server.ids).toEqual(range(1, 6)));
  expect(out.unsafeTicks).toBe(6); // although the last of them alone would find room
  server.settles = true;
  server.settle();
  await out.flush();
  expect(server.ids).toEqual(range(1, 37));
  await Promise.all(published);
});

test("what found no room before the end is told", async () => {
  server.settles = false;
  const out = publisher({ bufferTicks: 5, closeTimeoutMs: 50 });
  await out.publish(trades(1, 5));
  const late = out.publish(trades(6, 6)).catch((error: unknown) => error);
  const closed = out.close().catch((error: unknown) => error);
  await expect(out.publish(trades(7, 7))).rejects.toThrow(Closed);
  expect(await closed).toBeInstanceOf(Undelivered);
  expect(await late).toBeInstanceOf(Closed);
  expect(server.ids).not.toContain(6);
});

test("what is not durable is told at the end", async () => {
  server.acks = false;
  const out = publisher({ closeTimeoutMs: 50 });
  await out.publish(trades(1, 4));
  const end = await out.close().catch((error: unknown) => error);
  expect(end).toBeInstanceOf(Undelivered);
  expect(end).toMatchObject({ ticks: 4, first: 0 });
});

test("what is no tick is named with its place, and nothing is taken", async () => {
  const out = publisher();
  const wrong = [
    "AAPL",
    { T: "t", p: 1 },
    { T: "t", S: "A", p: Number.NaN },
    { T: "t", S: "A", t: new Date("no") },
    { T: "t", S: "A", x: "x".repeat(70_000) },
  ];
  for (const tick of wrong) {
    const published = out.publish([...trades(1, 1), tick as unknown as PublishedTrade]);
    await expect(published).rejects.toThrow(/^ticks\[1\]/);
  }
  await out.publish(trades(2, 2));
  await out.flush();
  expect(server.ids).toEqual([2]);
});

test("who asks says so first, and again before that ends", async () => {
  server.firstWords = [{ T: "success", msg: "connected" }];
  let asked = 0;
  const out = publisher({
    source: "fx",
    credentials: () => {
      asked += 1;
      return { token: `a.b.${asked}` };
    },
  });
  await out.open();
  server.tell({ T: "expiring", t: new Date().toISOString(), msg: "soon" });
  await until(() => expect(server.said.length).toBe(2));
  expect(server.said).toEqual([1, 2].map((n) => ({ action: "auth", token: `a.b.${n}` })));
  expect(server.asked).toEqual(["/v1/ingest?producer=me&source=fx"]);
});

test("credentials that have ended unannounced are followed by others", async () => {
  let asked = 0;
  const credentials = () => {
    asked += 1;
    return { token: `a.b.${asked}` };
  };
  const out = publisher({ credentials });
  await out.open();
  server.tell({ T: "error", code: 402, msg: "auth failed: it has ended" });
  await until(() => expect(server.said.length).toBe(2));
  await out.publish(trades(1, 1));
  await out.flush();
  expect(out.connects).toBe(2);
});

test("a message that the server could not read ends nothing", async () => {
  const out = publisher();
  await out.open();
  server.tell({ T: "refused", sequence: null, code: 400, msg: "no batch" });
  await out.publish(trades(1, 1));
  await out.flush();
  expect(out.connects).toBe(1);
});

test("a connection over which nothing is answered is made anew, an idle one is kept", async () => {
  const clock = { skewMs: 0, looks: 0 };
  const environment = {
    now: () => Date.now() + clock.skewMs,
    setTimeout: (callback: () => void, delayMs: number) => {
      clock.looks += delayMs === 50_000 ? 1 : 0; // a quarter of a heartbeat
      return setTimeout(callback, delayMs === 50_000 ? 1 : delayMs);
    },
  };
  const out = publisher({ heartbeatMs: 200_000, lingerMs: 1, environment });
  await out.publish(trades(1, 1));
  await out.flush();
  clock.skewMs += 1_000_000;
  const looks = clock.looks;
  await until(() => expect(clock.looks).toBeGreaterThan(looks + 2));
  expect(out.connects).toBe(1);
  server.acks = false;
  await out.publish(trades(2, 2));
  await until(() => expect(server.came.length).toBe(2));
  clock.skewMs += 1_000_000;
  await until(() => expect(out.connects).toBeGreaterThan(1));
  server.acks = true;
  clock.skewMs += 1_000_000; // what went over the second connection before may wait for good, too
  await out.flush();
  expect(server.ids).toEqual([1, 2]);
});

test("a server that will not have us is not asked again", async () => {
  server.firstWords = [{ T: "error", code: 409, msg: "insufficient subscription" }];
  server.greets = false;
  const out = publisher();
  await expect(out.open()).rejects.toThrow("insufficient subscription (409)");
  await expect(out.publish(trades(1, 1))).rejects.toThrow("(409)");
  expect(server.asked.length).toBe(1);
});

test("a server that cannot now is come back to", async () => {
  server.answers.push(503, 429);
  let busy = 0;
  server.refuses = () => {
    busy += 1;
    return busy < 3 ? { code: 429, msg: "later" } : undefined;
  };
  const problems: FeedError[] = [];
  const out = publisher();
  out.on("problem", (error) => problems.push(error));
  await out.open();
  server.tell({ T: "leaving", retry_ms: 1 });
  await out.publish(trades(1, 2));
  await out.flush();
  expect(server.ids).toEqual([1, 2]);
  expect(problems.map(({ message }) => message)).toContain("websocket: goodbye: the server leaves");
});

test("a server of another protocol is not asked for ever", async () => {
  server.firstWords = [{ T: "ack", sequence: "one" }];
  await expect(publisher().open()).rejects.toThrow("sequence of a message of T ack is no number");
  expect(server.asked.length).toBe(5);
});

test("options that are not accepted are named", () => {
  const wrong: [FeedPublisherOptions, string][] = [
    [{ producer: "a b" }, "producer"],
    [{ batchTicks: 0 }, "batchTicks"],
    [{ lingerMs: -1 }, "lingerMs"],
    [{ codec: "protobuf" as "json" }, "codec"],
    [{ url: "ftp://x" }, "url"],
  ];
  for (const [options, name] of wrong) {
    expect(() => new FeedPublisher({ url: server.origin, ...options })).toThrow(name);
  }
});
