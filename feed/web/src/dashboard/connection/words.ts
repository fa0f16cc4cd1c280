/** The state of a connection in words. Pure. */

import {
  CHANNELS,
  type Counters,
  type LinkStatus,
  type Symbols,
  type TransportKind,
} from "../../client/index.ts";
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  NOTHING,
} from "../../market/format.ts";

export const TRANSPORT_WORDS: Record<TransportKind, string> = {
  websocket: "WebSocket",
  stream: "HTTP stream",
  sse: "EventSource",
};

export const CODEC_WORDS: Record<string, string> = { json: "JSON", msgpack: "MessagePack" };

/** What compression saves of so many bytes a second; frames that are plain save nothing. */
export function savedWords(bytesPerS: number, share: number | undefined): string {
  return share === undefined || share <= 0
    ? NOTHING
    : `${formatBytes(bytesPerS * share)}/s · ${Math.round(share * 100)} %`;
}

/** The number of gaps; of one between two epochs nobody knows how much is missing. */
export function gapsWords({ gaps, missing }: { gaps: number; missing: number }): string {
  return missing === 0 ? formatCount(gaps) : `${gaps} · ${formatCompact(missing)} ticks`;
}

/** What a live connection is like: `· WebSocket · 12 ms · 0 gaps`, with the median of deliveries. */
export function pillWords(
  transport: TransportKind | undefined,
  { gaps, deliveryAge }: Pick<Counters, "gaps" | "deliveryAge">,
): string {
  const { count, p50Ms } = deliveryAge;
  const words = [
    transport === undefined ? "" : TRANSPORT_WORDS[transport],
    count === 0 ? "" : formatDuration(p50Ms),
    gaps === 1 ? "1 gap" : `${formatCount(gaps)} gaps`,
  ];
  return words
    .filter((word) => word !== "")
    .map((word) => `· ${word}`)
    .join(" ");
}

const MOST_NAMED = 5;

/** What a server gave and does not give any more, though it is wanted: `MSFT, TSLA on trades`. */
export function withdrawnWords(before: Symbols, now: Symbols, wanted: Symbols): string {
  const told = CHANNELS.map((channel) => {
    const gone = (before[channel] ?? []).filter(
      (name) => wanted[channel]?.includes(name) && !now[channel]?.includes(name),
    );
    const more = gone.length > MOST_NAMED ? ` and ${gone.length - MOST_NAMED} more` : "";
    return gone.length === 0 ? "" : `${gone.slice(0, MOST_NAMED).join(", ")}${more} on ${channel}`;
  });
  return told.filter((words) => words !== "").join("; ");
}

/** The quality of the connection, which a dot beside the words shows too. */
export type Health = "good" | "busy" | "bad" | "off";

export function healthOf({ phase }: LinkStatus, isSlowed: boolean): Health {
  switch (phase) {
    case "live":
      return isSlowed ? "busy" : "good";
    case "connecting":
    case "waiting":
      return "busy";
    case "parked":
    case "hidden":
    case "idle":
      return "off";
    case "offline":
    case "stopped":
      return "bad";
  }
}

/** One line for the head of the page. */
export function describe(status: LinkStatus, isSlowed: boolean, nowMs: number): string {
  switch (status.phase) {
    case "live":
      return isSlowed ? "Live, reading slowly" : "Live";
    case "connecting":
      return status.connects > 0 ? "Reconnecting…" : "Connecting…";
    case "waiting": {
      const leftMs = Math.max(0, (status.retryAtMs ?? nowMs) - nowMs);
      return leftMs < 100 ? "Reconnecting…" : `Reconnecting in ${Math.ceil(leftMs / 1_000)} s`;
    }
    case "offline":
      return "Offline";
    case "hidden":
      return "Paused while hidden";
    case "parked":
      return "Parked: nobody reads";
    case "idle":
      return "Nothing to watch";
    case "stopped":
      return "Stopped";
  }
}
