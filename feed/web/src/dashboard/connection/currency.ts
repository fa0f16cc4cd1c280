/**
 * Whether the prices on the page are current, and if not, why and as of when. Pure.
 *
 * They are not while the page is behind the server, while nothing comes from the source, and when a
 * recording is over.
 */

import type { LinkStatus } from "../../client/index.ts";
import { formatDuration } from "../../market/format.ts";
import { describe, type Health, healthOf } from "./words.ts";

/** The state of the source, as the server has it. */
export interface Source {
  /** Ticks happen now; in a recording they happened once. */
  isLive: boolean;
  /** The reason for which nothing comes: "silent", "failed", "finished"; undefined while ticks come. */
  down: string | undefined;
}

export interface Situation {
  status: LinkStatus;
  source: Source;
  isSlowed: boolean;
  /** How far the page is behind the server. */
  behindMs: number;
  /** The time of the newest tick on the page. */
  newestMs: number | undefined;
  /** The time of day. */
  nowMs: number;
}

export interface Currency {
  /** One line for the head of the page. */
  words: string;
  /** The same for who listens: without numbers, which change all the time. */
  spoken: string;
  health: Health;
  isCurrent: boolean;
  /** The time that prices are of, where they are not current; undefined where there are none. */
  asOfMs: number | undefined;
}

/** A delay that is worth a word; less is what asking now and then cannot tell from none. */
export const BEHIND_MS = 2_000;

const SOURCE_WORDS: Record<string, string> = {
  silent: "The source is silent",
  failed: "The source is gone",
  finished: "Recording ended",
};

function wordsOf(down: string, isLive: boolean): string {
  if (down === "finished" && isLive) {
    return "The source has ended";
  }
  return SOURCE_WORDS[down] ?? `Nothing comes: ${down}`;
}

export function currencyOf(situation: Situation): Currency {
  const { status, source, isSlowed, behindMs, newestMs, nowMs } = situation;
  const isConnected = status.phase === "live";
  const isBehind = behindMs >= BEHIND_MS || (!isConnected && status.connects > 0);
  const link = describe(status, isSlowed, nowMs);
  const spoken = status.phase === "waiting" ? "Reconnecting…" : link;
  const behind = behindMs >= BEHIND_MS ? ` · ${formatDuration(behindMs)} behind` : "";
  if (isConnected && source.down !== undefined && !isBehind) {
    return {
      words: wordsOf(source.down, source.isLive),
      spoken: wordsOf(source.down, source.isLive),
      health: source.down === "finished" ? "off" : "bad",
      isCurrent: false,
      asOfMs: newestMs,
    };
  }
  const health = healthOf(status, isSlowed);
  if (!isBehind) {
    return { words: link, spoken, health, isCurrent: true, asOfMs: undefined };
  }
  // Times in a recording are of another day: what is here is as of the newest of them.
  const isOfNow = source.isLive && source.down === undefined;
  return {
    words: `${link}${behind}`,
    spoken: `${spoken} · prices are not of now`,
    health: health === "good" ? "busy" : health,
    isCurrent: false,
    asOfMs: isOfNow ? nowMs - behindMs : newestMs,
  };
}
