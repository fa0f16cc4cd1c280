/**
 * When the first prices are there. What a page asks for beside them waits for that: a server, and a
 * page, that begin with forty requests at once come to the prices last.
 */

import type { FeedClient } from "../client/index.ts";

/** Nothing waits for longer: the market may be closed, or the server away. */
export const LONGEST_MS = 1_000;

/** Resolve once the last known state, or the first ticks, have been painted. */
export function firstPrices(client: Pick<FeedClient, "on">): Promise<void> {
  return new Promise((resolve) => {
    const ends = [
      client.on("batch", () => begun()),
      client.on("snapshot", () => begun()), // nothing may be known yet
    ];
    const timer = setTimeout(() => done(), LONGEST_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const begun = () => {
      for (const end of ends) {
        end();
      }
      requestAnimationFrame(() => setTimeout(done)); // after the paint; where there is none, in time
    };
  });
}
