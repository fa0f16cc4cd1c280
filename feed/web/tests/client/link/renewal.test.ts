import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { leftUntil } from "../../../src/client/link/renewal.ts";
import { ScriptedFeed } from "../../support/feed.ts";
import { Record, range, until } from "../../support/world.ts";

let feed: ScriptedFeed;
let record: Record | undefined;

beforeEach(async () => {
  feed = await ScriptedFeed.start();
});

afterEach(async () => {
  record?.client.close();
  await feed.stop();
});

/** Waits that are no time-outs take no time. */
const hasty = {
  setTimeout: (callback: () => void, delayMs: number) =>
    setTimeout(callback, delayMs < 5_000 ? 0 : delayMs),
};

const soon = () => new Date(Date.now() + 8_000).toISOString();

/** A function that returns other credentials each time, and fails as it is told. */
function tokens(fail: (asked: number) => string | undefined = () => undefined) {
  let asked = 0;
  return async () => {
    asked += 1;
    const words = asked > 1 ? fail(asked) : undefined;
    if (words !== undefined) {
      throw new Error(words);
    }
    return { token: `a.b.${asked}` };
  };
}

test("a WebSocket shows others, and goes on as it is", async () => {
  record = new Record(feed.origin, {
    transport: "websocket",
    credentials: tokens(),
    environment: hasty,
  });
  await record.client.subscribe({ trades: ["*"] });
  feed.publish("AAPL", "MSFT");
  feed.expire(soon());
  await until(() => expect(feed.controls.map(({ action }) => action)).toHaveLength(3));
  expect(feed.controls[2]).toEqual({ action: "auth", token: "a.b.2" });
  feed.publish("AAPL");
  await until(() => expect(record?.sequences).toEqual([1, 2, 3]));
  await record.client.subscribe({ trades: ["AAPL", "MSFT"] }); // answers are still in order
  expect(record.status).toMatchObject({ connects: 1, phase: "live" });
  expect(record.problems).toEqual([]);
});

describe.each(["stream", "sse"] as const)("%s", (transport) => {
  test("comes back with others, where it stood", async () => {
    let given = 0;
    feed.answers.set("/v1/tickets", (response) => {
      given += 1;
      response.writeHead(201, { "Content-Type": "application/json" });
      response.end(`{"ticket":"number${given}"}`);
    });
    record = new Record(feed.origin, { transport, credentials: tokens(), environment: hasty });
    await record.client.subscribe({ trades: ["*"] });
    feed.publish("AAPL", "MSFT");
    await until(() => expect(record?.sequences).toEqual([1, 2]));
    for (let round = 1; round <= 3; round += 1) {
      feed.expire(soon());
      feed.publish("AAPL", "MSFT");
      await until(() => expect(record?.status.connects).toBe(round + 1));
      feed.publish("TSLA");
    }
    await until(() => expect(record?.sequences).toEqual(range(1, 11)));
    const numbers = [1, 2, 3, 4];
    expect(feed.authorizations).toEqual(numbers.map((number) => `Bearer a.b.${number}`));
    if (transport === "sse") {
      expect(feed.requests.filter((path) => path.includes("ticket=number4"))).toHaveLength(1);
    }
    expect(record.status.reconnects).toBe(0); // none was lost
    expect(record.problems).toEqual([]);
    expect(record.gaps).toEqual([]);
  });

  test("that has none at the end says why it stops", async () => {
    const credentials = tokens((asked) => {
      if (asked === 4) {
        feed.cut();
      }
      return "signed out";
    });
    feed.answers.set("/v1/tickets", (response) => response.writeHead(204).end());
    record = new Record(feed.origin, { transport, credentials, environment: hasty });
    await record.client.subscribe({ trades: ["*"] });
    feed.expire(new Date(Date.now()).toISOString());
    await until(() => expect(record?.status.phase).toBe("stopped"));
    expect(record.problems[0]).toBe("there are no credentials: signed out");
    expect(record.problems.at(-1)).toBe(
      "the identity has ended, and there are no credentials: signed out",
    );
    await until(() => expect(feed.subscribers.size).toBe(0));
  });
});

test("a function that fails is told and asked again, and ticks come meanwhile", async () => {
  const credentials = tokens((asked) => {
    feed.publish("AAPL");
    return asked <= 3 ? "signed out" : undefined;
  });
  record = new Record(feed.origin, { transport: "websocket", credentials, environment: hasty });
  await record.client.subscribe({ trades: ["*"] });
  feed.expire(soon());
  await until(() => expect(feed.controls.at(-1)).toEqual({ action: "auth", token: "a.b.4" }));
  expect(record.problems).toEqual(Array(2).fill("there are no credentials: signed out"));
  await until(() => expect(record?.sequences).toEqual([1, 2, 3]));
  expect(record.status.connects).toBe(1);
});

test("the credentials that end are not others, and what is no function is not asked", async () => {
  const credentials = { token: "a.b.c" };
  const same = () => credentials;
  record = new Record(feed.origin, {
    transport: "stream",
    credentials: same,
    environment: hasty,
  });
  await record.client.subscribe({ trades: ["*"] });
  feed.expire(soon());
  const words = "there are no credentials: there are none but those that end";
  await until(() => expect(record?.problems).toContain(words));
  record.client.close();
  record = new Record(feed.origin, { transport: "stream", credentials, environment: hasty });
  await record.client.subscribe({ trades: ["*"] });
  feed.expire(soon());
  feed.publish("AAPL");
  await until(() => expect(record?.sequences).toEqual([1]));
  expect(record.problems).toEqual([]);
});

test("what is left is within what a server tells", () => {
  expect(leftUntil("1970-01-01T00:01:00Z", 50_000)).toBe(10_000);
  expect(leftUntil("1970-01-01T00:01:00Z", 70_000)).toBe(0);
  expect(leftUntil("1970-01-01T00:01:00Z", 0)).toBe(30_000);
  expect(leftUntil("soon", 0)).toBe(30_000);
});
