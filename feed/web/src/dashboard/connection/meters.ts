/** The numbers of the connection, once a second: rates, ages, lag, gaps. */

import {
  type Counters,
  distance,
  type FeedClient,
  type LinkStatus,
  type Percentiles,
} from "../../client/index.ts";
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  NOTHING,
} from "../../market/format.ts";
import { byId, Text } from "../ui/dom.ts";
import { Rates } from "./rates.ts";
import type { ServerStatus, Traffic } from "./server.ts";
import { CODEC_WORDS, gapsWords, savedWords, TRANSPORT_WORDS } from "./words.ts";

/** Bars of ages run from 100 µs to 100 s, by the logarithm: every decade takes the same room. */
const SMALLEST_MS = 0.1;
const DECADES = 6;
/** Ticks older than this come from a recording, and their age says nothing. */
const RECORDED_MS = 24 * 60 * 60 * 1_000;

const FIELDS = [
  "transport",
  "codec",
  "compression",
  "bytes",
  "saved",
  "ticks",
  "lag",
  "reconnects",
  "connection",
  "gaps",
  "merged",
  "malformed",
  "tabs",
] as const;
type Field = (typeof FIELDS)[number];
const PERCENTILES = ["p50", "p90", "p99", "max"] as const;

export class Meters {
  readonly #client: FeedClient;
  readonly #fields = new Map<Field, Text>();
  readonly #ages = new Map<string, { text: Text; bar: HTMLElement }>();
  readonly #rates = new Rates<"ticks" | "bytes">();
  #saved: number | undefined; // share of bytes that compression saves
  #traffic: Traffic | undefined;
  #lagTicks: number | undefined;
  /** Ticks happen now; those of a recording have no age. */
  isLive = true;

  constructor(client: FeedClient) {
    this.#client = client;
    for (const field of FIELDS) {
      const text = new Text(NOTHING);
      byId(`meter-${field}`).append(text.node);
      this.#fields.set(field, text);
    }
    for (const kind of ["event", "delivery"]) {
      for (const name of PERCENTILES) {
        const text = new Text(NOTHING);
        byId(`age-${kind}-${name}`).append(text.node);
        this.#ages.set(`${kind}-${name}`, { text, bar: byId(`age-${kind}-${name}-bar`) });
      }
    }
  }

  /** Bring everything up to date. */
  show(nowMs: number): void {
    const { status, counters } = this.#client;
    this.#rates.take(nowMs, { ticks: counters.ticks, bytes: counters.receivedBytes });
    this.#showConnection(status, counters);
    this.#showAges("event", counters.eventAge);
    this.#showAges("delivery", counters.deliveryAge);
  }

  /** Ask the server for our lag, and for the bytes that compression saves. */
  learn(server: ServerStatus | undefined): void {
    const { position } = this.#client;
    const behind =
      server === undefined || position === undefined ? undefined : distance(position, server.pos);
    this.#lagTicks = behind === undefined ? undefined : Math.max(0, behind);
    this.#learnTraffic(server?.traffic);
  }

  get lagTicks(): number | undefined {
    return this.#lagTicks;
  }

  #learnTraffic(traffic: Traffic[] | undefined): void {
    const { transport, codec } = this.#client.status;
    const now = traffic?.find((row) => row.transport === transport && row.codec === codec);
    const before = this.#traffic;
    this.#traffic = now;
    const isSameWire = before?.transport === now?.transport && before?.codec === now?.codec;
    if (now === undefined || before === undefined || !isSameWire) {
      this.#saved = undefined;
      return;
    }
    const plain = now.plain_bytes - before.plain_bytes;
    this.#saved = plain > 0 ? 1 - (now.frame_bytes - before.frame_bytes) / plain : this.#saved;
  }

  #showConnection(status: LinkStatus, counters: Counters): void {
    const { transport, codec, compression, phase } = status;
    const isLive = phase === "live";
    const bytes = this.#rates.perSecond("bytes");
    this.#set("transport", transport === undefined ? NOTHING : TRANSPORT_WORDS[transport]);
    this.#set("codec", isLive ? (CODEC_WORDS[codec] ?? codec) : NOTHING);
    this.#set("compression", isLive ? compressionWords(compression) : NOTHING);
    this.#set("bytes", `${formatBytes(bytes)}/s`);
    this.#set("saved", savedWords(bytes, this.#saved));
    this.#set("ticks", `${formatCompact(Math.round(this.#rates.perSecond("ticks")))}/s`);
    this.#set(
      "lag",
      this.#lagTicks === undefined ? NOTHING : `${formatCompact(this.#lagTicks)} ticks`,
    );
    this.#set("reconnects", formatCount(status.reconnects));
    this.#set("connection", status.connection === undefined ? NOTHING : String(status.connection));
    this.#set("gaps", gapsWords(counters));
    this.#set(
      "merged",
      formatCompact(counters.merged + counters.conflatedFrom - counters.conflatedTicks),
    );
    this.#set("malformed", formatCount(counters.malformed + counters.unknown));
    const role = status.role === "leader" ? "this one leads" : "another one leads";
    this.#set(
      "tabs",
      status.role === "own" ? "not shared" : status.tabs === 1 ? "1" : `${status.tabs}, ${role}`,
    );
  }

  #showAges(kind: string, ages: Percentiles): void {
    const values = [ages.p50Ms, ages.p90Ms, ages.p99Ms, ages.maxMs];
    const isRecorded = kind === "event" && (!this.isLive || ages.p50Ms >= RECORDED_MS);
    const isKnown = ages.count > 0 && !isRecorded;
    for (const [index, name] of PERCENTILES.entries()) {
      const { text, bar } = this.#ages.get(`${kind}-${name}`) as { text: Text; bar: HTMLElement };
      const ms = values[index] as number;
      text.set(isKnown ? formatDuration(ms) : ages.count > 0 ? "recorded" : NOTHING);
      const share = isKnown ? Math.log10(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / DECADES : 0;
      bar.style.transform = `scaleX(${Math.min(1, Math.max(0.005, share)).toFixed(3)})`;
    }
  }

  #set(field: Field, text: string): void {
    this.#fields.get(field)?.set(text);
  }
}

function compressionWords(compression: string | undefined): string {
  if (compression === undefined) {
    return "not told by the browser";
  }
  return compression === "identity" ? "none" : compression;
}
