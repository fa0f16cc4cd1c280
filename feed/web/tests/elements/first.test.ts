import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FeedClient } from "../../src/client/index.ts";
import { firstPrices, LONGEST_MS } from "../../src/elements/first.ts";

/** A client of which only events are known. */
class Told {
  readonly listeners = new Map<string, Set<() => void>>();
  readonly on = ((name: string, listener: () => void) => {
    const some = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, some.add(listener));
    return () => some.delete(listener);
  }) as unknown as FeedClient["on"];

  tell(name: string): void {
    for (const listener of this.listeners.get(name) ?? []) {
      listener();
    }
  }
}

let isPainted = false;

beforeEach(() => {
  vi.useFakeTimers();
  isPainted = false;
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) =>
    setTimeout(() => {
      isPainted = true;
      callback();
    }, 16),
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each(["batch", "snapshot"])(
  "what waits goes on once the first %s is painted",
  async (name) => {
    const client = new Told();
    let isOver = false;
    void firstPrices(client).then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(LONGEST_MS / 2);
    expect(isOver).toBe(false);
    client.tell(name);
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    expect([isOver, isPainted]).toEqual([true, true]);
    expect([...client.listeners.values()].map(({ size }) => size)).toEqual([0, 0]);
  },
);

test.each([
  ["nothing comes", () => {}],
  ["nothing is painted, in a tab that is hidden", (client: Told) => client.tell("batch")],
])("what waits goes on in time where %s", async (_, happens) => {
  vi.stubGlobal("requestAnimationFrame", () => {});
  const client = new Told();
  let isOver = false;
  void firstPrices(client).then(() => {
    isOver = true;
  });
  happens(client);
  await vi.advanceTimersByTimeAsync(LONGEST_MS - 1);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(true);
});
