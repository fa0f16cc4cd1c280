import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FeedClientOptions } from "../../../src/client/client.ts";
import { ScriptedFeed, trade } from "../../support/feed.ts";
import { Browser, type LocksOfOneTab } from "../../support/locks.ts";
import { Record, range, until } from "../../support/world.ts";

/** The channels of one tab, which can lose what is said, or hold it back. */
class Air {
  /** Nothing that the others say arrives. */
  isDeaf = false;
  /** Nothing that it says arrives. */
  isMute = false;
  /** What is held back while the tab is frozen; undefined while it is not. */
  held: (() => void)[] | undefined;
  /** Kinds of messages heard. */
  readonly heard: string[] = [];

  pass(isLost: boolean, deliver: () => void): void {
    if (this.held !== undefined) {
      this.held.push(deliver);
    } else if (!isLost) {
      deliver();
    }
  }

  channel(): typeof BroadcastChannel {
    const air = this;
    return class extends BroadcastChannel {
      override postMessage(message: unknown): void {
        air.pass(air.isMute, () => super.postMessage(message));
      }

      override set onmessage(listener: (event: MessageEvent) => void) {
        super.onmessage = (event: MessageEvent) => {
          air.pass(air.isDeaf, () => {
            air.heard.push(event.data.message.kind);
            listener(event);
          });
        };
      }
    };
  }
}

/** One page of the browser. Closing it loses its locks, its channel and its connection at once. */
class Tab extends Record {
  readonly #locks: LocksOfOneTab;
  readonly #air: Air;

  constructor(origin: string, browser: Browser, options: FeedClientOptions = {}) {
    const locks = browser.tab();
    const air = new Air();
    const environment = { ...options.environment, BroadcastChannel: air.channel() };
    super(origin, { transport: "stream", ...options, environment }, locks);
    this.#locks = locks;
    this.#air = air;
  }

  /** What reaches this tab of what the others say. */
  get air(): Air {
    return this.#air;
  }

  /** As when the browser freezes a tab in the background: nothing runs in it. */
  freeze(): void {
    const held: (() => void)[] = [];
    this.#air.held = held;
    this.#locks.defer = (learn) => held.push(learn);
  }

  thaw(): void {
    const { held = [] } = this.#air;
    this.#air.held = undefined;
    this.#locks.defer = undefined;
    for (const happen of held) {
      happen();
    }
  }

  /** As when the process of the tab is killed: nobody says goodbye. */
  crash(): void {
    this.#air.isMute = true;
    this.client.close();
    this.#locks.crash();
  }
}

let feed: ScriptedFeed;
let browser: Browser;
let tabs: Tab[];

beforeEach(async () => {
  feed = await ScriptedFeed.start();
  browser = new Browser();
  tabs = [];
});

afterEach(async () => {
  for (const { client } of tabs) {
    client.close();
  }
  await feed.stop();
});

function open(options: FeedClientOptions = {}): Tab {
  const tab = new Tab(feed.origin, browser, options);
  tabs.push(tab);
  return tab;
}

/** Open tabs that want all trades, and wait until they are on the connection. */
async function openAll(count: number, options: FeedClientOptions = {}): Promise<Tab[]> {
  for (let index = 0; index < count; index += 1) {
    const tab = open(options);
    await tab.client.subscribe({ trades: ["*"] });
  }
  await until(() => {
    for (const { client } of tabs) {
      expect(client.status).toMatchObject({ phase: "live", tabs: count });
      expect(client.position).toBe(feed.position);
    }
  });
  return tabs;
}

const leader = () => tabs.find(({ client }) => client.status.role === "leader") as Tab;

describe("tabs of an origin", () => {
  test("share one connection, and each gets every tick", async () => {
    await openAll(20);
    feed.publish("AAPL", "MSFT");
    for (const tab of tabs) {
      await until(() => expect(tab.sequences).toEqual([1, 2]));
    }
    expect(feed.peak).toBe(1);
    expect(feed.requests).toHaveLength(1);
    expect(tabs.map(({ client }) => client.status.role).sort()[19]).toBe("leader");
  });

  test("get what each asked for, out of a connection that carries all of it", async () => {
    const one = open();
    const other = open();
    await one.client.subscribe({ trades: ["AAPL"] });
    await other.client.subscribe({ trades: ["MSFT"] });
    feed.publish("AAPL", "MSFT", "TSLA");
    await until(() => expect(one.sequences).toEqual([1]));
    await until(() => expect(other.sequences).toEqual([2]));
    await one.client.unsubscribe({ trades: ["AAPL"] });
    await until(() =>
      expect([...feed.subscribers].map(({ selection }) => selection.toJSON())).toEqual([
        { trades: ["MSFT"] },
      ]),
    );
  });

  test("hear no warnings of what the others asked for", async () => {
    const one = open();
    const other = open();
    await one.client.subscribe({ trades: ["aapl"] });
    await other.client.subscribe({ trades: ["MSFT"], quotes: ["BTCUSD", "NOSUCH"] });
    feed.warn({ aapl: "AAPL" });
    feed.warn({ BTCUSD: "BTC/USD", NOSUCH: undefined, aapl: "AAPL" });
    await until(() => expect(one.warnings).toEqual(["of the server"]));
    await until(() =>
      expect(other.warnings).toEqual([
        "2 symbols are not listed: BTCUSD (did you mean BTC/USD?), NOSUCH",
      ]),
    );
    await one.client.subscribe({ quotes: ["NOSUCH"] });
    expect(one.warnings[1]).toBe("NOSUCH is not listed");
  });

  test("that come late are told what the connection was warned of before", async () => {
    const [first] = await openAll(1);
    await first?.client.subscribe({ quotes: ["aapl", "NEW"] });
    feed.warn({ aapl: "AAPL", NEW: undefined });
    await until(() => expect(first?.warnings).toEqual(["of the server"]));
    feed.publish("NEW");
    await until(() => expect(first?.sequences).toEqual([1]));
    const late = open();
    await late.client.subscribe({ trades: ["aapl", "NEW", "MSFT"] });
    await until(() => expect(late.warnings).toEqual(["aapl is not listed; did you mean AAPL?"]));
    await late.client.unsubscribe({ trades: ["aapl"] });
    await late.client.subscribe({ trades: ["aapl"] });
    expect(late.warnings).toHaveLength(1);
    expect(first?.warnings).toHaveLength(1);
    feed.cut();
    await until(() => expect(first?.client.status).toMatchObject({ phase: "live", reconnects: 1 }));
    feed.warn({ aapl: "AAPL" });
    await until(() => expect(late.warnings).toHaveLength(2));
  });

  test("a tab that joins late is told the state that the others know", async () => {
    const [first] = await openAll(1);
    feed.publish("AAPL", "MSFT", "AAPL");
    await until(() => expect(first?.sequences).toEqual([1, 2, 3]));
    const late = open();
    await late.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(late.snapshots).toEqual([feed.ticks[2]]));
    feed.publish("AAPL");
    await until(() => expect(late.sequences).toEqual([4]));
    expect(late.client.newest("AAPL")?.trade).toEqual(feed.ticks[3]);
  });

  test("the leader that asks for what another tab had is told the state too", async () => {
    const first = open();
    const second = open();
    await first.client.subscribe({ trades: ["TSLA"] });
    await second.client.subscribe({ trades: ["AAPL"] });
    feed.publish("AAPL");
    await until(() => expect(second.sequences).toEqual([1]));
    expect(first.client.status.role).toBe("leader");
    await first.client.subscribe({ trades: ["AAPL"] });
    await until(() => expect(first.snapshots).toEqual([feed.ticks[0]]));
  });

  test("what one is told in the middle of a snapshot does not end it", async () => {
    const first = open();
    const second = open();
    await first.client.subscribe({ trades: ["TSLA"] });
    await second.client.subscribe({ trades: ["AAPL"] });
    feed.publish("AAPL");
    await until(() => expect(second.sequences).toEqual([1]));
    const begin = { T: "snapshot", state: "begin", pos: feed.position };
    for (const { send } of feed.subscribers) {
      send([begin, trade("TSLA", 10)], undefined);
    }
    await until(() => expect(first.snapshots).toHaveLength(1));
    await first.client.subscribe({ trades: ["AAPL"] });
    for (const { send } of feed.subscribers) {
      send([trade("TSLA", 11), { ...begin, state: "end" }], undefined);
    }
    await until(() => expect(first.snapshots).toHaveLength(3));
    expect(first.snapshots.map((tick) => tick.T === "t" && tick.i)).toEqual([10, 1, 11]);
    expect(first.ticks).toEqual([]);
  });

  test("settings are those of the connection, whichever tab changes them", async () => {
    const [, follower] = await openAll(2);
    follower?.client.configure({ transport: "sse", codec: "msgpack" });
    for (const { client } of tabs) {
      await until(() =>
        expect(client.status).toMatchObject({ phase: "live", transport: "sse", codec: "msgpack" }),
      );
      expect(client.settings.transport).toBe("sse");
    }
    feed.publish("AAPL");
    for (const tab of tabs) {
      await until(() => expect(tab.sequences).toEqual([1]));
    }
    await until(() => expect(feed.subscribers.size).toBe(1));
  });

  test("all are told of a gap, and of the state after it", async () => {
    await openAll(3);
    feed.publish("AAPL");
    await until(() => expect(tabs[2]?.sequences).toEqual([1]));
    feed.restart("epoch2");
    feed.publish("MSFT");
    for (const tab of tabs) {
      await until(() => expect(tab.snapshots.map(({ S }) => S)).toEqual(["MSFT"]));
      expect(tab.gaps).toHaveLength(1);
    }
  });

  test("a refusal reaches the tab that waits for an answer", async () => {
    await openAll(2);
    feed.answers.set("/v1/stream", (response) => {
      response.writeHead(400, { "Content-Type": "application/problem+json" });
      response.end('{"detail":"trades: too many"}');
    });
    const follower = tabs.find(({ client }) => client.status.role === "follower") as Tab;
    await expect(follower.client.subscribe({ quotes: ["ZZZ"] })).rejects.toThrow(/too many/);
    await until(() => expect(follower.client.status.phase).toBe("stopped"));
  });

  test("one tab that does not read does not hold up the others", async () => {
    await openAll(2);
    const [lazy, other] = tabs as [Tab, Tab];
    lazy.client.batches(); // and never asks
    for (let round = 0; round < 20; round += 1) {
      feed.publish(...new Array<string>(1_000).fill("AAPL"));
    }
    await until(() => expect(other.sequences).toHaveLength(20_000));
  });
});

test("a tab that joins is not told of reconnects before its time", async () => {
  await openAll(1);
  feed.cut();
  await until(() => expect(tabs[0]?.client.status).toMatchObject({ phase: "live", reconnects: 1 }));
  const late = open();
  const reconnects: number[] = [];
  late.client.on("reconnect", (event) => reconnects.push(event.reconnects));
  await late.client.subscribe({ trades: ["*"] });
  await until(() => expect(late.client.status).toMatchObject({ phase: "live", reconnects: 1 }));
  feed.cut();
  await until(() => expect(reconnects).toEqual([2]));
});

describe("when the leader goes", () => {
  const ends: [string, (tab: Tab) => void][] = [
    ["is closed", (tab) => tab.client.close()],
    ["is left for another page", (tab) => tab.page.change("left")],
    ["crashes", (tab) => tab.crash()],
  ];

  test.each(ends)("because its tab %s, the others go on with every tick once", async (_, end) => {
    // No wait of a second or more stands in the way, whatever the machine takes for the rest.
    const setShortTimeout = (callback: () => void, delayMs: number) =>
      delayMs < 1_000 ? setTimeout(callback, delayMs) : undefined;
    await openAll(6, { environment: { setTimeout: setShortTimeout } });
    for (let round = 0; round < 4; round += 1) {
      const gone = leader();
      feed.publish("AAPL", "MSFT");
      if (round % 2 === 0) {
        await until(() => expect(tabs.at(-1)?.client.position).toBe(feed.position));
      }
      tabs = tabs.filter((tab) => tab !== gone);
      end(gone);
      feed.publish("TSLA");
      await until(() => expect(leader()?.client.status.phase).toBe("live"));
      for (const tab of tabs) {
        await until(() => expect(tab.sequences).toEqual(range(1, 3 * (round + 1))));
      }
    }
    expect(tabs.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect(tabs.every(({ client }) => client.status.reconnects === 4)).toBe(true);
    await until(() => expect(feed.subscribers.size).toBe(1));
  });

  test("what it passed on to only one tab reaches all, and is not asked for again", async () => {
    await openAll(3);
    const gone = leader();
    const [knowing, lagging] = tabs.filter((tab) => tab !== gone) as [Tab, Tab];
    // The last frame before the crash reaches one of the others only.
    lagging.air.isDeaf = true;
    feed.publish("AAPL");
    await until(() => expect(knowing.sequences).toEqual([1]));
    tabs = [knowing, lagging];
    gone.crash();
    lagging.air.isDeaf = false;
    feed.publish("MSFT");
    for (const tab of tabs) {
      await until(() => expect(tab.sequences).toEqual([1, 2]));
      expect(tab.gaps).toEqual([]);
    }
    expect(feed.requests.at(-1)).toContain("after=epoch1-1");
  });

  test("tabs that want too much together are led, and told", async () => {
    const [gone] = await openAll(1, { transport: "websocket" });
    const names = range(1, 12_000).map(String);
    tabs = [open(), open()];
    const [one, other] = tabs as [Tab, Tab];
    await one.client.subscribe({ trades: names });
    await expect(other.client.subscribe({ quotes: names })).rejects.toThrow("limit of 20000");
    const told = one.problems.length;
    gone?.crash();
    await until(() => expect(leader()?.client.status.role).toBe("leader"));
    await until(() => expect(one.problems.length).toBeGreaterThan(told));
    expect(one.problems.at(-1)).toContain("limit of 20000");
  });

  test("what it passed on and nobody keeps is told as a gap", async () => {
    await openAll(3);
    const gone = leader();
    const [knowing, lagging] = tabs.filter((tab) => tab !== gone) as [Tab, Tab];
    lagging.air.isDeaf = true;
    for (let round = 0; round < 300; round += 1) {
      feed.publish("AAPL"); // a frame each
    }
    await until(() => expect(knowing.client.position).toBe(feed.position));
    tabs = [knowing, lagging];
    gone.crash();
    lagging.air.isDeaf = false;
    feed.publish("MSFT");
    await until(() => expect(lagging.sequences).toEqual([301]));
    await until(() => expect(knowing.sequences).toEqual(range(1, 301)));
    const gap = { T: "gap", reason: "takeover", from: "epoch1-1", to: "epoch1-300", missing: 300 };
    expect(lagging.gaps).toEqual([gap]);
  });

  test("a leader that is frozen is replaced, and follows when it wakes", async () => {
    const clock = { skewMs: 0 };
    const environment = {
      now: () => Date.now() + clock.skewMs,
      setTimeout: (callback: () => void, delayMs: number) =>
        setTimeout(callback, delayMs === 1_000 ? 5 : delayMs), // the vigil looks often
    };
    await openAll(3, { environment });
    const frozen = leader();
    const others = tabs.filter((tab) => tab !== frozen);
    frozen.freeze();
    clock.skewMs = 6_000; // silent for long
    await until(() => expect(others.some(({ air }) => air.heard.includes("ping"))).toBe(true));
    clock.skewMs = 9_000; // and no answer
    await until(() =>
      expect(others.some(({ client }) => client.status.role === "leader")).toBe(true),
    );
    frozen.thaw();
    await until(() => expect(frozen.client.status.role).toBe("follower"));
    await until(() => expect(feed.subscribers.size).toBe(1));
    feed.publish("AAPL");
    for (const tab of tabs) {
      await until(() => expect(tab.sequences).toEqual([1]));
    }
  });

  test("a page that comes back from the back-forward cache joins again", async () => {
    await openAll(2);
    const gone = leader();
    gone.page.change("left");
    await until(() =>
      expect(tabs.filter(({ client }) => client.status.role === "leader")).toHaveLength(2),
    );
    feed.publish("AAPL");
    gone.page.change("restored");
    await until(() =>
      expect(gone.client.status).toMatchObject({ role: "follower", phase: "live" }),
    );
    feed.publish("MSFT");
    await until(() => expect(gone.sequences.at(-1)).toBe(2));
    await until(() => expect(feed.subscribers.size).toBe(1));
  });
});

test("without Web Locks a client says that it has a connection of its own", async () => {
  const alone = new Record(feed.origin);
  await alone.client.subscribe({ trades: ["*"] });
  expect(alone.status).toMatchObject({ role: "own", tabs: 1 });
  alone.client.close();
});
