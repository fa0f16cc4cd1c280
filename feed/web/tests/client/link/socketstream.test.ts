import { afterEach, beforeEach, expect, test } from "vitest";
import { ScriptedFeed } from "../../support/feed.ts";
import { WebSocketStream } from "../../support/socketstream.ts";
import { Record, range, until } from "../../support/world.ts";

let feed: ScriptedFeed;
let record: Record;

beforeEach(async () => {
  feed = await ScriptedFeed.start();
  const environment = { WebSocketStream, WebSocket: undefined };
  record = new Record(feed.origin, { transport: "websocket", environment });
});

afterEach(async () => {
  record.client.close();
  await feed.stop();
});

test.each(["json", "msgpack"] as const)(
  "delivers %s in order, and resumes after cuts",
  async (codec) => {
    record.client.configure({ codec });
    await record.client.subscribe({ trades: ["*"] });
    for (let round = 0; round < 10; round += 1) {
      await until(() => expect(record.client.position).toBe(feed.position));
      feed.publish("AAPL", "MSFT");
      feed.cut();
      feed.publish("TSLA");
    }
    await until(() => expect(record.sequences).toEqual(range(1, 30)));
    expect(record.gaps).toEqual([]);
    expect(record.problems[0]).toBe("websocket: the connection broke");
  },
);

test("while nobody reads the server is held up, and nothing is dropped", async () => {
  await record.client.subscribe({ trades: ["*"] });
  await until(() => expect(record.client.position).toBe(feed.position));
  record.client.configure({ throttle: 0 });
  const symbols = new Array<string>(1_000).fill("AAPL");
  const rounds = 200; // 20 MB: more than an inbox or a socket would take
  for (let round = 0; round < rounds; round += 1) {
    feed.publish(...symbols);
  }
  await until(() => expect(feed.buffered).toBeGreaterThan(0));
  expect(record.client.counters.ticks).toBeLessThanOrEqual(20);
  record.client.configure({ throttle: undefined });
  await until(() => expect(record.ticks.length).toBe(rounds * 1_000));
  expect(record.status.reconnects).toBe(0);
});

test("the words of a close frame are told", async () => {
  await record.client.subscribe({ trades: ["*"] });
  await until(() => expect(record.client.position).toBe(feed.position));
  feed.closeAll(1013, "slow client");
  await until(() =>
    expect(record.problems).toEqual(["websocket: closed with code 1013: slow client"]),
  );
  await until(() => expect(record.status.reconnects).toBe(1));
});

test("a server that is not there is said to be not there", async () => {
  await feed.stop();
  record.client.subscribe({ trades: ["*"] });
  await until(() => expect(record.problems[0]).toMatch(/^websocket: could not connect/));
  feed = await ScriptedFeed.start();
});
