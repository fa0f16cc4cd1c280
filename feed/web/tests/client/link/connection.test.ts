import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FeedClientOptions } from "../../../src/client/client.ts";
import { Closed, InvalidInput, LimitExceeded, Refused } from "../../../src/client/errors.ts";
import type { LinkStatus } from "../../../src/client/link/status.ts";
import { ScriptedFeed } from "../../support/feed.ts";
import { Record, range, until } from "../../support/world.ts";

let feed: ScriptedFeed;
const records: Record[] = [];

beforeEach(async () => {
  feed = await ScriptedFeed.start();
});

afterEach(async () => {
  for (const { client } of records.splice(0)) {
    client.close();
  }
  await feed.stop();
});

function connect(options: FeedClientOptions = {}): Record {
  const record = new Record(feed.origin, options);
  records.push(record);
  return record;
}

const wires = (["websocket", "stream", "sse"] as const).flatMap((transport) =>
  (["json", "msgpack"] as const).map((codec) => ({ transport, codec })),
);

describe.each(wires)("$transport $codec", (wire) => {
  test("begins with the last known state, then delivers every tick in order", async () => {
    feed.publish("AAPL", "TSLA");
    const record = connect(wire);
    await record.client.subscribe({ trades: ["AAPL", "MSFT"] });
    await until(() => expect(record.snapshots).toHaveLength(1));
    feed.publish("AAPL", "TSLA", "MSFT");
    await until(() => expect(record.sequences).toEqual([3, 5]));
    expect(record.ticks[0]).toEqual(feed.ticks[2]);
    expect(record.status).toMatchObject({ phase: "live", ...wire });
    expect(record.client.newest("MSFT")?.trade).toEqual(feed.ticks[4]);
    expect(record.client.counters).toMatchObject({
      ticks: 2,
      snapshotTicks: 1,
      snapshots: 1,
      gaps: 0,
    });
  });

  test("shows its number at the server, and the next one's, where the transport tells", async () => {
    const record = connect(wire);
    await record.client.subscribe({ trades: ["*"] });
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    const tells = wire.transport !== "sse";
    expect(record.status.connection).toBe(tells ? 1 : undefined);
    feed.cut();
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1, 2]));
    expect(record.status.connection).toBe(tells ? 2 : undefined);
  });

  test("shows what is left of its subscription when a grant shrinks", async () => {
    const record = connect(wire);
    const told: (readonly string[] | undefined)[] = [];
    record.client.on("subscription", ({ trades }) => told.push(trades));
    await record.client.subscribe({ trades: ["AAPL", "MSFT"] });
    await until(() => expect(feed.subscribers.size).toBe(1));
    feed.grant({ trades: ["MSFT"] });
    await until(() => expect(told.at(-1)).toEqual(["MSFT"]));
    expect(record.status.subscribed?.trades).toEqual(["MSFT"]);
    expect(record.client.subscription.trades).toEqual(["AAPL", "MSFT"]); // is wanted still
  });

  test("stays away for exactly as long as a server that leaves said", async () => {
    const record = connect(wire);
    await record.client.subscribe({ trades: ["*"] });
    await until(() => expect(feed.subscribers.size).toBe(1));
    const begunMs = Date.now();
    for (const { send, end } of feed.subscribers) {
      send([{ T: "leaving", retry_ms: 90_000 }], undefined);
      end();
    }
    await until(() => expect(record.status.phase).toBe("waiting"));
    expect(record.status.problem).toMatch(/goodbye: the server leaves/);
    const awayMs = (record.status.retryAtMs ?? 0) - begunMs;
    expect(awayMs).toBeGreaterThanOrEqual(90_000); // our own waits are 30 s at most
    expect(awayMs).toBeLessThan(120_000);
  });

  test("cut twenty times, it gets every tick once", async () => {
    const record = connect(wire);
    await record.client.subscribe({ trades: ["*"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    for (let round = 0; round < 20; round += 1) {
      feed.publish("AAPL", "MSFT");
      if (round % 2 === 0) {
        await until(() => expect(record.client.position).toBe(feed.position));
      }
      feed.cut();
      feed.publish("TSLA");
    }
    await until(() => expect(record.sequences).toEqual(range(1, 60)));
    expect(record.gaps).toEqual([]);
    expect(record.client.counters.reconnects).toBeGreaterThanOrEqual(10);
  });

  test("a restart with another epoch is told as a gap, with the state after it", async () => {
    const record = connect(wire);
    await record.client.subscribe({ trades: ["*"] });
    feed.publish("AAPL", "MSFT");
    await until(() => expect(record.sequences).toEqual([1, 2]));
    feed.restart("epoch2");
    feed.publish("TSLA");
    await until(() => expect(record.client.position).toBe("epoch2-1"));
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1, 2, 2]));
    expect(record.gaps).toEqual([
      { T: "gap", from: "epoch1-2", to: "epoch2-1", reason: "epoch", missing: undefined },
    ]);
    expect(record.snapshots.map(({ S }) => S)).toEqual(["TSLA"]);
  });

  test("a symbol that is taken up again comes with its last known state", async () => {
    const record = connect(wire);
    const { client } = record;
    await client.subscribe({ trades: ["AAPL", "MSFT"] });
    feed.publish("MSFT");
    await until(() => expect(record.sequences).toEqual([1]));
    await client.unsubscribe({ trades: ["MSFT"] });
    feed.publish("MSFT", "AAPL");
    await until(() => expect(client.position).toBe("epoch1-3"));
    await client.subscribe({ trades: ["MSFT"] });
    await until(() => expect(record.snapshots).toContainEqual(feed.ticks[1]));
    expect(client.newest("MSFT")?.trade).toEqual(feed.ticks[1]);
  });

  test("what is asked for and taken back before it went out is answered", async () => {
    const record = connect(wire);
    const { client } = record;
    const first = client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(record.phases).toContain("connecting"));
    await Promise.all([
      client.subscribe({ trades: ["MSFT"] }),
      client.unsubscribe({ trades: ["MSFT"] }),
    ]);
    await first;
    await Promise.all([
      client.subscribe({ trades: ["MSFT"] }),
      client.unsubscribe({ trades: ["MSFT"] }),
    ]);
    feed.publish("MSFT", "AAPL");
    await until(() => expect(record.sequences).toEqual([2]));
    expect(feed.requests).toHaveLength(1);
  });

  test("symbols added and removed while connected arrive and stop", async () => {
    feed.publish("MSFT");
    const record = connect(wire);
    await record.client.subscribe({ trades: ["AAPL"] });
    await record.client.subscribe({ trades: ["MSFT"] });
    await until(() => expect(record.snapshots.map(({ S }) => S)).toContain("MSFT"));
    await record.client.unsubscribe({ trades: ["AAPL"] });
    feed.publish("AAPL", "MSFT");
    await until(() => expect(record.sequences).toEqual([3]));
  });
});

describe("changing the wire while ticks come", () => {
  test("over all transports and codecs, every tick comes once", async () => {
    const record = connect({ transport: "websocket" });
    await record.client.subscribe({ trades: ["*"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    let published = 0;
    for (const wire of [...wires, ...wires.toReversed()]) {
      record.client.configure(wire);
      feed.publish("AAPL");
      await until(() => expect(record.status).toMatchObject({ phase: "live", ...wire }));
      feed.publish("MSFT");
      published += 2;
    }
    await until(() => expect(record.sequences).toEqual(range(1, published)));
    expect(record.gaps).toEqual([]);
    expect(record.problems).toEqual([]);
  });
});

test("a connection that is cut on purpose stays away as long as was asked for", async () => {
  const record = connect({ transport: "websocket" });
  await record.client.subscribe({ trades: ["*"] });
  await until(() => expect(record.client.position).toBe(feed.position));
  record.client.reconnect(60_000);
  await until(() => expect(record.status).toMatchObject({ phase: "waiting", problem: undefined }));
  await until(() => expect(feed.subscribers.size).toBe(0));
  feed.publish("AAPL");
  const laterMs = Date.now() + 600_000;
  record.client.reconnect(600_000); // is counted from here
  await until(() => expect(record.status.retryAtMs).toBeGreaterThanOrEqual(laterMs));
  expect(record.status.phase).toBe("waiting");
  expect(feed.requests).toHaveLength(1);
  record.client.reconnect();
  await until(() => expect(record.sequences).toEqual([1]));
  expect(record.gaps).toEqual([]);
});

describe("auto", () => {
  test("takes the WebSocket when there is one", async () => {
    const record = connect();
    await record.client.subscribe({ trades: ["AAPL"] });
    expect(record.status).toMatchObject({ transport: "websocket", fallbacks: [] });
  });

  test("falls back to the stream, then to SSE, and says why", async () => {
    feed.websocket = false;
    feed.answers.set("/v1/stream", (response) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<html>Sign in</html>");
    });
    const record = connect();
    await record.client.subscribe({ trades: ["AAPL"] });
    expect(record.status.transport).toBe("sse");
    expect(record.status.fallbacks[0]).toMatch(/^websocket: could not connect/);
    expect(record.status.fallbacks[1]).toMatch(/^stream: answered 200 with text\/html, a page/);
  });

  test("goes back to the transport that worked after a cut", async () => {
    feed.websocket = false;
    const record = connect();
    await record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    feed.websocket = true;
    feed.cut();
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    expect(record.status.transport).toBe("stream");
  });

  test("a transport that opens but never says anything is passed over", async () => {
    feed.websocket = false;
    feed.answers.set("/v1/stream", (response) => {
      response.writeHead(200, { "Content-Type": "application/x-ndjson" }).flushHeaders();
    });
    const record = connect({ heartbeatMs: 40 });
    const lives: LinkStatus[] = []; // each is soon silent, too
    record.client.on("status", (status) => status.phase === "live" && lives.push(status));
    await record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(lives.map(({ transport }) => transport)).toContain("sse"));
    const live = lives.find(({ transport }) => transport === "sse");
    expect(live?.fallbacks[1]).toMatch(/^stream: open, but silent/);
  });

  test("when nothing works, says so for each", async () => {
    feed.websocket = false;
    const refuse = (status: number) => (response: import("node:http").ServerResponse) => {
      response.writeHead(status, { "Content-Type": "text/plain" }).end();
    };
    feed.answers.set("/v1/stream", refuse(502));
    feed.answers.set("/v1/sse", refuse(504));
    const record = connect();
    record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(record.problems.length).toBeGreaterThan(0));
    expect(record.problems[0]).toMatch(/websocket: .*; stream: answered 502.*; sse: answered 504/);
  });
});

describe("what goes wrong on the way", () => {
  test("a frame that is cut in two is asked for again", async () => {
    const record = connect({ transport: "stream" });
    await record.client.subscribe({ trades: ["*"] });
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    feed.answers.set("/v1/stream", (response) => {
      feed.answers.delete("/v1/stream");
      response.writeHead(200, { "Content-Type": "application/x-ndjson" });
      response.end('[{"T":"t","S":"AAPL","i":2,"t":"2026-');
    });
    feed.cut();
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1, 2]));
    expect(record.problems.join()).toMatch(/ended within a message, after 37 bytes/);
  });

  test("a frame that cannot be read is counted, and asked for again", async () => {
    const record = connect({ transport: "websocket" });
    await record.client.subscribe({ trades: ["*"] });
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    for (const { send } of feed.subscribers) {
      send([{ S: "no T" }], undefined);
    }
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1, 2]));
    expect(record.client.counters).toMatchObject({ malformed: 1, gaps: 0 });
    expect(record.problems[0]).toMatch(/array of objects with a T/);
  });

  test("a frame that can never be read is given up after three tries, as a gap", async () => {
    const record = connect({ transport: "stream" });
    await record.client.subscribe({ trades: ["*"] });
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    let tries = 0;
    feed.answers.set("/v1/stream", (response) => {
      tries += 1;
      if (tries === 3) {
        feed.answers.delete("/v1/stream");
      }
      response.writeHead(200, { "Content-Type": "application/x-ndjson" }).end("{poison}\n");
    });
    feed.cut();
    feed.publish("MSFT");
    await until(() => expect(record.gaps).toHaveLength(1));
    expect(record.gaps[0]).toMatchObject({
      from: "epoch1-2",
      to: "epoch1-2",
      reason: "malformed",
      missing: 1,
    });
    await until(() => expect(record.snapshots.map(({ S }) => S)).toContain("MSFT"));
    expect(record.client.counters.malformed).toBe(3);
  });

  test("a message of an unknown kind is counted and told, and nothing else happens", async () => {
    const record = connect();
    const unknown: unknown[] = [];
    record.client.on("unknown", (message) => unknown.push(message));
    await record.client.subscribe({ trades: ["*"] });
    for (const { send } of feed.subscribers) {
      send([{ T: "zz" }], undefined);
    }
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    expect(unknown).toEqual([{ T: "zz" }]);
    expect(record.client.counters).toMatchObject({ unknown: 1, malformed: 0 });
  });

  test("a connection that is open but silent is dead", async () => {
    const record = connect({ transport: "stream", heartbeatMs: 40 });
    await record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(record.status.reconnects).toBeGreaterThan(0));
    expect(record.problems[0]).toMatch(/open, but silent for 0.04 s/);
  });

  test("a transport that does not open in time is given up", async () => {
    feed.answers.set("/v1/stream", () => {});
    const record = connect({ transport: "stream", connectTimeoutMs: 40 });
    record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(record.problems[0]).toMatch(/did not open within 0.04 s/));
  });

  test.each(["websocket", "stream", "sse"] as const)(
    "a position that is refused over %s is dropped, told as a gap, and the state comes",
    async (transport) => {
      const record = connect({ transport });
      await record.client.subscribe({ trades: ["*"] });
      feed.publish("AAPL");
      await until(() => expect(record.sequences).toEqual([1]));
      const refuse = (response: import("node:http").ServerResponse) => {
        const detail = "after: 'epoch1-1' is not accepted; accepted: something else";
        response.writeHead(400, { "Content-Type": "application/problem+json" });
        response.end(JSON.stringify({ title: "Bad Request", status: 400, detail }));
        if (transport === "stream" || response.req.headers.accept === "text/event-stream") {
          refused += 1;
        }
        if (refused >= (transport === "sse" ? 2 : 1)) {
          feed.answers.clear();
        }
      };
      let refused = 0;
      if (transport === "websocket") {
        feed.refusePosition = true;
      } else {
        feed.answers.set(`/v1/${transport}`, refuse);
      }
      feed.cut();
      feed.publish("MSFT");
      await until(() => expect(record.gaps).toHaveLength(1));
      expect(record.gaps[0]).toMatchObject({ from: "epoch1-2", to: "epoch1-2", reason: "refused" });
      expect(record.problems.join()).toMatch(/after: 'epoch1-1' is not accepted/);
    },
  );
});

test("after a position is lost, what the caller began with does not come again", async () => {
  feed.publish("AAPL", "MSFT");
  const record = connect({ transport: "websocket", after: "epoch1-0" });
  await record.client.subscribe({ trades: ["*"] });
  await until(() => expect(record.sequences).toEqual([1, 2]));
  feed.refusePosition = true;
  feed.cut();
  feed.publish("TSLA");
  await until(() => expect(record.gaps).toHaveLength(1));
  expect(record.gaps[0]).toMatchObject({ from: "epoch1-3", to: "epoch1-3", reason: "refused" });
  feed.publish("AAPL");
  await until(() => expect(record.sequences).toEqual([1, 2, 4]));
});

describe("what the server refuses", () => {
  test("a mistake of ours stops the client for good, with the server's words", async () => {
    feed.answers.set("/v1/stream", (response) => {
      response.writeHead(400, { "Content-Type": "application/problem+json" });
      response.end('{"title":"Bad Request","detail":"trades: \'ZZZ\' is not accepted"}');
    });
    const record = connect({ transport: "stream" });
    await expect(record.client.subscribe({ trades: ["ZZZ"] })).rejects.toThrow(Refused);
    expect(record.status).toMatchObject({ phase: "stopped" });
    expect(record.status.problem).toMatch(/trades: 'ZZZ' is not accepted \(400\)/);
    expect(feed.requests).toHaveLength(1);
    await expect(record.client.subscribe({ trades: ["ZZZ"] })).rejects.toThrow(Refused);
    expect(feed.requests).toHaveLength(2);
    feed.answers.clear();
    await record.client.subscribe({ trades: ["ZZZ"] });
  });

  test.each(["websocket", "stream", "sse"] as const)(
    "a beginning of the caller's that is refused over %s is not asked for again",
    async (transport) => {
      feed.refusePosition = true;
      feed.answers.set(`/v1/${transport}`, (response) => {
        response.writeHead(400, { "Content-Type": "application/problem+json" });
        response.end(JSON.stringify({ status: 400, detail: "after: 'soon' is not accepted" }));
      });
      const record = connect({ transport, after: "soon" });
      const subscribed = record.client.subscribe({ trades: ["*"] });
      await expect(subscribed).rejects.toThrow(/after: 'soon' is not accepted/);
      await until(() => expect(record.status.phase).toBe("stopped"));
      expect(feed.requests).toHaveLength(transport === "sse" ? 2 : 1); // one to learn the words
      feed.answers.clear();
      record.client.configure({ after: undefined });
      await until(() => expect(record.status.phase).toBe("live"));
    },
  );

  test("a goodbye for good is one, and another goodbye is not", async () => {
    const record = connect({ transport: "stream" });
    await record.client.subscribe({ trades: ["*"] });
    for (const reconnect of [true, false]) {
      await until(() => {
        expect(record.status).toMatchObject({ phase: "live", reconnects: reconnect ? 0 : 1 });
        expect(feed.subscribers.size).toBe(1);
      });
      for (const { send, end } of feed.subscribers) {
        send([{ T: "bye", reason: "shutdown", msg: "come again?", reconnect }], undefined);
        end();
      }
      await until(() => expect(record.problems).toHaveLength(reconnect ? 1 : 2));
      expect(record.problems.at(-1)).toMatch(/come again\?/);
    }
    await until(() => expect(record.status.phase).toBe("stopped"));
    expect(record.status.reconnects).toBe(1);
  });

  test("another selection is tried after that", async () => {
    feed.answers.set("/v1/stream", (response) => {
      feed.answers.clear();
      response.writeHead(400, { "Content-Type": "application/problem+json" }).end("{}");
    });
    const record = connect({ transport: "stream" });
    await record.client.subscribe({ trades: ["ZZZ"] }).catch(() => {});
    await record.client.subscribe({ trades: ["AAPL"] });
    expect(record.status.phase).toBe("live");
  });

  test("an iteration is told of an error that ends everything", async () => {
    feed.answers.set("/v1/stream", (response) => {
      response.writeHead(403, { "Content-Type": "application/problem+json" }).end("{}");
    });
    const record = connect({ transport: "stream" });
    const iteration = record.client.batches();
    record.client.subscribe({ trades: ["AAPL"] });
    await expect(iteration.next()).rejects.toThrow(Refused);
  });

  test("an authentication that failed is final", async () => {
    const record = connect({ transport: "websocket", credentials: { key: "k", secret: "s" } });
    record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(feed.controls[0]).toMatchObject({ action: "auth", key: "k" }));
    for (const { send } of feed.subscribers) {
      send([{ T: "error", code: 402, msg: "auth failed" }], undefined);
    }
    await until(() => expect(record.status.phase).toBe("stopped"));
    expect(record.problems).toEqual(["auth failed (402)"]);
  });

  test("a symbol that is refused over WebSocket is told to whoever asked, and the rest goes on", async () => {
    const record = connect({ transport: "websocket" });
    await record.client.subscribe({ trades: ["AAPL"] });
    await expect(record.client.subscribe({ trades: [feed.unwanted] })).rejects.toThrow(
      /limit exceeded \(405\)/,
    );
    await record.client.unsubscribe({ trades: [feed.unwanted] });
    feed.publish("AAPL");
    await until(() => expect(record.sequences).toEqual([1]));
    expect(record.status).toMatchObject({ phase: "live", reconnects: 0 });
  });
});

describe("offline", () => {
  test("what is asked for while there is no server is merged and goes out once there is one", async () => {
    feed.isAway = true;
    const record = connect({ transport: "websocket" });
    const asked = [
      record.client.subscribe({ trades: ["AAPL", "MSFT"] }),
      record.client.subscribe({ quotes: ["*"] }),
      record.client.unsubscribe({ trades: ["MSFT"] }),
      record.client.subscribe({ trades: ["TSLA"] }),
    ];
    await until(() => expect(record.problems.length).toBeGreaterThan(0));
    feed.isAway = false;
    await Promise.all(asked);
    expect(feed.controls).toEqual([
      {
        action: "subscribe",
        trades: ["AAPL", "TSLA"],
        quotes: ["*"],
        marks: true,
        snapshot: true,
      },
    ]);
  });

  test("too many callers that wait are refused by name", async () => {
    feed.answers.set("/v1/stream", () => {});
    const record = connect({ transport: "stream" });
    const asked = range(0, 1_000).map((n) => record.client.subscribe({ trades: [`S${n}`] }));
    await expect(asked[1_000]).rejects.toThrow(LimitExceeded);
    await expect(asked[1_000]).rejects.toThrow(/waiting for the server: 1001 .* limit of 1000/);
  });

  test("while the browser says that there is no network it waits, and comes back at once", async () => {
    const record = connect({ transport: "websocket" });
    await record.client.subscribe({ trades: ["*"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    record.page.change("offline");
    expect(record.status.phase).toBe("live"); // it works, whatever the browser says
    feed.websocket = false;
    feed.cut();
    await until(() => expect(record.status.phase).toBe("offline"));
    const before = feed.requests.length;
    feed.publish("AAPL");
    feed.websocket = true;
    record.page.change("online");
    await until(() => expect(record.sequences).toEqual([1]));
    expect(feed.requests.length).toBe(before + 1);
  });

  test("a hidden page that was asked to leaves, and resumes when it is shown", async () => {
    const timers: (() => void)[] = [];
    const record = connect({
      transport: "websocket",
      whenHidden: "disconnect",
      environment: {
        setTimeout: (callback, delayMs) =>
          delayMs === 10_000 ? timers.push(callback) : setTimeout(callback, delayMs),
      },
    });
    await record.client.subscribe({ trades: ["*"] });
    await until(() => expect(record.client.position).toBe(feed.position));
    record.page.change("hidden");
    for (const fire of timers) {
      fire();
    }
    await until(() => expect(record.status.phase).toBe("hidden"));
    await until(() => expect(feed.subscribers.size).toBe(0));
    feed.publish("AAPL", "MSFT");
    record.page.change("visible");
    await until(() => expect(record.sequences).toEqual([1, 2]));
    expect(record.gaps).toEqual([]);
  });

  test("a page that begins hidden leaves too", async () => {
    const timers: (() => void)[] = [];
    const record = connect({
      whenHidden: "disconnect",
      environment: {
        isVisible: () => false,
        setTimeout: (callback, delayMs) =>
          delayMs === 10_000 ? timers.push(callback) : setTimeout(callback, delayMs),
      },
    });
    await record.client.subscribe({ trades: ["*"] });
    for (const fire of timers) {
      fire();
    }
    await until(() => expect(record.status.phase).toBe("hidden"));
    record.page.change("visible");
    await until(() => expect(record.status.phase).toBe("live"));
  });

  test("nothing subscribed to, nothing connected", async () => {
    const record = connect();
    await record.client.subscribe({ trades: ["AAPL"] });
    await record.client.unsubscribe({ trades: ["AAPL"] });
    await until(() => expect(feed.subscribers.size).toBe(0));
    expect(record.status.phase).toBe("idle");
  });
});

describe("closing", () => {
  test("ends the connection and whoever waits", async () => {
    feed.answers.set("/v1/stream", () => {});
    const record = connect({ transport: "stream" });
    const asked = record.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(feed.requests).toHaveLength(1));
    record.client.close();
    await expect(asked).rejects.toThrow(Closed);
    await expect(record.client.subscribe({ trades: ["MSFT"] })).rejects.toThrow(Closed);
    expect(record.status.phase).toBe("stopped");
  });

  test("a server that is no address is refused at once", () => {
    expect(() => connect({ url: "ftp://example" })).toThrow(InvalidInput);
  });
});
