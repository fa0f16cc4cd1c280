/**
 * Ticks and the other messages of the wire, as the dialect names their fields.
 *
 * Knows nothing of codecs: a tick looks the same whether it came as JSON or as MessagePack. Times
 * are RFC 3339 texts with nanoseconds, because no JavaScript number holds nanoseconds since 1970.
 */

import type { Word } from "./words.ts";

export const CHANNELS = [
  "trades",
  "quotes",
  "bars",
  "updatedBars",
  "secondBars",
  "statuses",
] as const;
export type Channel = (typeof CHANNELS)[number];

interface Execution {
  T: "t";
  S: string;
  /** Trade id; only grows per symbol. Above 2^53 it is not exact: `tradeId` says what it is. */
  i: number;
  /** The trade id as text, where it is no integer or exceeds 2^53 − 1. */
  xi?: string;
  /** Exchange. */
  x: string;
  /** Price. */
  p: number;
  /** Size. */
  s: number;
  t: string;
  /** Conditions. */
  c?: string[];
  /** Tape. */
  z?: string;
}

/** One execution. */
export interface Trade extends Execution {
  /** Taker side, where the source says it. */
  tks?: "B" | "S";
  n?: never;
  xfi?: never;
}

/** The newest trade of an interval, with the trades that it stands for. */
export interface ConflatedTrade extends Execution {
  /** Number of trades in the interval, its own included. */
  n: number;
  /** Highest and lowest price, volume and volume-weighted price of those. */
  h: number;
  l: number;
  v: number;
  vw: number;
  /** Id of the first of them; `i` is the last. */
  fi: number;
  /** `fi` as text, where it is no integer or exceeds 2^53 − 1. */
  xfi?: string;
}

/** The id of a trade, exactly: no number of JavaScript holds an integer above 2^53. */
export function tradeId({ xi, i }: Trade | ConflatedTrade): string {
  return xi ?? String(i);
}

/** The id of the first trade that a conflated one stands for, exactly; else its own. */
export function firstTradeId(trade: Trade | ConflatedTrade): string {
  return trade.n === undefined ? tradeId(trade) : (trade.xfi ?? String(trade.fi));
}

/** The best bid and ask of one symbol at one moment. */
export interface Quote {
  T: "q";
  S: string;
  bx: string;
  bp: number;
  bs: number;
  ax: string;
  ap: number;
  as: number;
  t: string;
  c?: string[];
  z?: string;
}

/** Trades of one symbol in a minute (`b`) or a second (`b1s`), or a late correction (`u`). */
export interface Bar {
  T: "b" | "u" | "b1s";
  S: string;
  o: number;
  h: number;
  l: number;
  c: number;
  v: number;
  n: number;
  vw: number;
  /** The beginning of the interval. */
  t: string;
}

/** A trading status of one symbol, such as a halt (`sc` "H") or a resumption ("T"). */
export interface Status {
  T: "s";
  S: string;
  sc: string;
  sm: string;
  rc: string;
  rm: string;
  t: string;
  z?: string;
}

export type Tick = Trade | ConflatedTrade | Quote | Bar | Status;
export type Kind = Tick["T"];

/** Carries the position, and is the heartbeat: at least one every ten seconds. */
export interface Mark {
  T: "mark";
  pos: string;
  t?: string;
}

/** Ticks that were due and are not coming: first and last missing position, inclusive. */
export interface Gap {
  T: "gap";
  from: string;
  to: string;
  reason: string;
  /** Those that it concerns; without it all that are subscribed to. */
  channels?: string[];
}

/** Between "begin" and "end" come ordinary ticks: the last known state per symbol. */
export interface SnapshotBorder {
  T: "snapshot";
  state: "begin" | "end";
  pos?: string;
}

/** The full state of the subscription of this connection. */
export interface SubscriptionState extends Partial<Record<Channel, string[]>> {
  T: "subscription";
  /** Ids of answers, where there are some. */
  generations?: string[];
  /** Intervals of conflated channels, as the server rounded them. */
  conflate?: Partial<Record<Channel, string>>;
}

export interface Success {
  T: "success";
  msg: string;
  /** With "connected": the id of the connection, to ask administrators about. */
  connection?: number;
}

export interface ServerError {
  T: "error";
  code: number;
  msg: string;
}

/** Whether anything can come at all: one message for all symbols. */
export interface FeedState {
  T: "feed";
  state: "live" | "source_down";
  source: string;
  /** The cause while it is down: "silent", "failed" or "finished". */
  reason: string;
  t: string;
}

/** Some of what was subscribed to does not come, or not yet; told once a connection. */
export interface Warning {
  T: "warning";
  /** "unlisted", "silent_channel", "nothing", "not_granted" or "rewind". */
  reason: string;
  /** In words: "aapl is not listed; did you mean AAPL?" */
  msg: string;
  /** The symbols or channels; at most 20 of all `count`. */
  names: string[];
  /** For some of the names the listed symbol that was probably meant. */
  nearest: Readonly<Record<string, string>>;
  count: number;
  /** Of "rewind": from when on ticks come. */
  since?: string;
}

/** Who the reader is ends soon, and the connection with it, unless others are shown before. */
export interface Expiring {
  T: "expiring";
  /** When. */
  t: string;
  msg: string;
}

/** The server leaves, and ends the connection with its next words. */
export interface Leaving {
  T: "leaving";
  /** How long to stay away then: a time of this client's own among all that are sent away. */
  retry_ms: number;
}

/** The last words of a transport that has no close codes. */
export interface Bye {
  T: "bye";
  /** The reason's name: "shutdown", "slow". */
  reason: string;
  /** In words. */
  msg: string;
  /** Whether coming back can succeed. */
  reconnect: boolean;
}

export type Message =
  | Tick
  | Word
  | Mark
  | Gap
  | SnapshotBorder
  | SubscriptionState
  | Success
  | ServerError
  | FeedState
  | Warning
  | Expiring
  | Leaving
  | Bye;

export const CHANNEL_OF_KIND: Readonly<Record<Kind, Channel>> = {
  t: "trades",
  q: "quotes",
  b: "bars",
  u: "updatedBars",
  b1s: "secondBars",
  s: "statuses",
};

const KINDS: ReadonlySet<string> = new Set(Object.keys(CHANNEL_OF_KIND));

/** Tell whether a message is a tick. */
export function isTick(message: { T: string }): message is Tick {
  return KINDS.has(message.T);
}
