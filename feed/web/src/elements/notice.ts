/** What an element says of its prices beside them: whether they are current, and if not, why. Pure. */

import type { LinkStatus, Status } from "../client/index.ts";
import { formatAsOf } from "../market/format.ts";
import { HERE } from "../market/zone.ts";
import type { Reach } from "./reach.ts";

/**
 * - `live`: prices are current
 * - `waiting`: there are none yet
 * - `stale`: they are those of an earlier time
 * - `failed`: none come until somebody does something
 */
export type Condition = "live" | "waiting" | "stale" | "failed";

export interface Notice {
  condition: Condition;
  words: string;
}

/** What is known of the way to a server. */
export interface Way {
  server: string;
  pageOrigin: string;
  status: LinkStatus;
  reach: Reach;
  /** The server, or the token callback, said no: in words. */
  refusal: { words: string; needsToken: boolean } | undefined;
  /** The reason for which nothing comes from the source; undefined while it does. */
  down: string | undefined;
  newestMs: number | undefined;
}

/** What is known of the symbol that an element shows. */
export interface Shown {
  /** Why it is not listed, or not granted, with its name. */
  unlisted: string | undefined;
  halt: Status | undefined;
  silence: Status | undefined;
  asOfMs: number | undefined;
}

export const DOWN_WORDS: Record<string, string> = {
  silent: "The source is silent",
  failed: "The source is gone",
  finished: "The recording has ended",
};

/** Return what to say; `shown` is left out where an element shows several symbols. */
export function noticeOf(way: Way, shown: Shown | undefined, nowMs: number, zone = HERE): Notice {
  const asOfMs = shown === undefined ? way.newestMs : shown.asOfMs;
  if (asOfMs !== undefined && isLive(way, shown)) {
    return LIVE; // as nearly always, many times a second
  }
  const asOf = asOfMs === undefined ? "" : ` · prices as of ${formatAsOf(asOfMs, nowMs, zone)}`;
  const barred = barredWords(way);
  if (barred !== undefined) {
    return { condition: "failed", words: `${barred}${asOf}` };
  }
  if (way.status.phase !== "live") {
    return unconnected(way, asOf);
  }
  if (shown?.unlisted !== undefined) {
    return { condition: "failed", words: shown.unlisted };
  }
  if (way.down !== undefined) {
    const words = DOWN_WORDS[way.down] ?? `Nothing comes: ${way.down}`;
    return { condition: "stale", words: `${words}${asOf}` };
  }
  if (shown?.halt !== undefined) {
    const why = shown.halt.rm === "" ? "" : ` (${shown.halt.rm})`;
    return { condition: "stale", words: `${shown.halt.sm}${why}${asOf}` };
  }
  if (shown?.silence !== undefined) {
    return { condition: "stale", words: `Stale${asOf}` };
  }
  return { condition: "waiting", words: "Waiting for the first price" };
}

const LIVE: Notice = { condition: "live", words: "Live" };

/** Whether nothing is known that keeps prices from being current. */
function isLive({ refusal, status, down }: Way, shown: Shown | undefined): boolean {
  const isStopped = shown?.halt !== undefined || shown?.silence !== undefined;
  const isOpen = refusal === undefined && status.phase === "live" && down === undefined;
  return isOpen && shown?.unlisted === undefined && !isStopped;
}

/** What keeps an element from its data until the author of the page, or an operator, acts. */
function barredWords({ server, pageOrigin, status, reach, refusal }: Way): string | undefined {
  if (refusal !== undefined) {
    return refusal.needsToken
      ? `${server} wants to know who reads: set the element's token property (${refusal.words})`
      : refusal.words;
  }
  if (status.phase === "live") {
    return undefined;
  }
  switch (reach) {
    case "forbidden":
      return (
        `${server} does not give its data to pages of ${pageOrigin}. ` +
        `Its operator allows them with --allow-origin ${pageOrigin}`
      );
    case "blocked":
      return (
        `This page's Content-Security-Policy keeps it from ${server}. ` +
        `Name it in connect-src, as ${sourcesOf(server)}`
      );
    default:
      return undefined;
  }
}

function unconnected({ server, status, reach }: Way, asOf: string): Notice {
  if (status.connects > 0) {
    const words = status.phase === "offline" ? "Offline" : "Disconnected, trying again";
    return { condition: "stale", words: `${words}${asOf}` };
  }
  if (status.phase === "offline") {
    return { condition: "waiting", words: "Offline" };
  }
  return reach === "unreachable"
    ? { condition: "failed", words: `${server} does not answer. Trying again` }
    : { condition: "waiting", words: "Connecting…" };
}

/** A server as a Content-Security-Policy names it: WebSockets are another scheme. */
function sourcesOf(server: string): string {
  const { origin } = new URL(server);
  return `${origin} ${origin.replace(/^http/, "ws")}`;
}
