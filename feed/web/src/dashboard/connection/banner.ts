/** The line over the page that says that prices are not of now, and why. Pure. */

import type { LinkStatus } from "../../client/index.ts";
import { denialIn } from "../../elements/denial.ts";
import { formatAsOf } from "../../market/format.ts";
import { HERE, type Zone } from "../../market/zone.ts";
import type { Currency, Source } from "./currency.ts";

/** A page that is behind by less may catch up before anybody has read about it. */
const WORTH_MS = 5_000;

export interface Banner {
  /** One short line. */
  words: string;
  /** What is behind it, for whoever asks. */
  why: string;
  /** Whether a new connection may help. */
  canRetry: boolean;
}

export interface Trouble {
  status: LinkStatus;
  currency: Currency;
  source: Source;
  isSlowed: boolean;
  behindMs: number;
  nowMs: number;
  /** Of its times; by default that of the browser. */
  zone?: Zone;
}

/** Return what to say; undefined where prices are of now, or will be in a moment. */
export function bannerOf(trouble: Trouble): Banner | undefined {
  const { status, currency, source, isSlowed, behindMs, nowMs, zone = HERE } = trouble;
  const { phase, problem } = status;
  const { asOfMs } = currency;
  const asOf = asOfMs === undefined ? "" : ` · prices as of ${formatAsOf(asOfMs, nowMs, zone)}`;
  const words = `${currency.words}${asOf}`;
  if (phase === "stopped" && problem !== undefined && denialIn(problem) !== undefined) {
    return { words: "Your key includes nothing of what is shown", why: problem, canRetry: true };
  }
  if (phase !== "live") {
    // A reconnect that takes a moment needs no banner.
    const isWorth = phase === "offline" || phase === "stopped" || problem !== undefined;
    return isWorth ? { words, why: problem ?? whyOf(phase), canRetry: true } : undefined;
  }
  if (behindMs >= WORTH_MS) {
    const why = isSlowed
      ? "This page was told to read slowly: Connection, “Slow me down”."
      : "The server is further than what has come here: the way between is slow, or broken.";
    return { words, why, canRetry: !isSlowed };
  }
  if (source.down !== undefined && (source.down !== "finished" || source.isLive)) {
    const why = `The connection is fine; the server's source says “${source.down}”.`;
    return { words, why, canRetry: false };
  }
  return undefined;
}

function whyOf(phase: LinkStatus["phase"]): string {
  return phase === "offline"
    ? "The browser says that there is no network. It connects again as soon as there is."
    : "Nothing is tried any more.";
}
