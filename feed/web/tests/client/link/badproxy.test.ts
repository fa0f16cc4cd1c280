import { expect, test } from "vitest";
import { ScriptedFeed } from "../../support/feed.ts";
import { BadProxy } from "../../support/proxy.ts";
import { Record, range, until } from "../../support/world.ts";

const CUTS = 200;

/**
 * Corruption is 0xff, which no UTF-8 text has: a flipped digit would be another price, and nothing
 * in any of these protocols could tell. EventSource replaces such bytes in silence, and a byte of a
 * MessagePack number is as good as another, so these two are cut and delayed only.
 */
test.each([
  { transport: "websocket", codec: "json", corrupt: 0.05 },
  { transport: "websocket", codec: "msgpack", corrupt: 0 },
  { transport: "stream", codec: "json", corrupt: 0.05 },
  { transport: "stream", codec: "msgpack", corrupt: 0 },
  { transport: "sse", codec: "json", corrupt: 0 },
] as const)(
  "cut 200 times, $transport $codec gives every sequence once",
  async ({ corrupt, ...wire }) => {
    const feed = await ScriptedFeed.start();
    const proxy = await BadProxy.start(feed.origin, 7, { maxBytes: 6_000, corrupt });
    const record = new Record(proxy.origin, wire);
    try {
      await record.client.subscribe({ trades: ["*"] });
      await until(() => expect(record.client.position).toBeDefined());
      while (proxy.cuts < CUTS) {
        if (feed.subscribers.size > 0) {
          feed.publish("AAPL", "MSFT", "TSLA");
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      proxy.healed = true;
      const last = feed.ticks.length;
      await until(() => expect(record.client.position).toBe(feed.position));
      const told = () => [
        ...record.sequences,
        ...record.gaps.flatMap(({ from, to }) => range(sequence(from), sequence(to))),
      ];
      await until(() => expect(told().length).toBeGreaterThanOrEqual(last)); // with the next frame
      expect(told().sort((a, b) => a - b)).toEqual(range(1, last));
      expect(record.client.counters.reconnects).toBeGreaterThan(10);
      expect(proxy.corruptions > 0).toBe(corrupt > 0);
    } finally {
      record.client.close();
      await proxy.stop();
      await feed.stop();
    }
  },
);

function sequence(position: string): number {
  return Number(position.split("-")[1]);
}
