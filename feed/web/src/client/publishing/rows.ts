/**
 * Rows: ticks as they are sent, each packed once.
 *
 * A row is one tick in the wire's own shape, as MessagePack or JSON. A batch is an envelope around
 * rows that were packed before: `{"sequence": N, "ticks": [row, …]}`. A tick that tells no time gets
 * that of its publication here, since it may wait for a connection; a trade without an id gets one
 * from the server.
 */

import { encode as encodeMessagePack } from "@msgpack/msgpack";
import { InvalidInput } from "../errors.ts";
import type { CodecName, Payload } from "../wire/codec.ts";

/** Of one tick; the longest that is accepted has a few thousand. */
export const MAX_ROW_BYTES = 65_536;

interface Common {
  /** The symbol. */
  S: string;
  /** When it happened, RFC 3339 or a Date; by default when it is published. */
  t?: string | Date;
  /** Conditions. */
  c?: readonly string[];
  /** Tape. */
  z?: string;
}

/** One execution. */
export interface PublishedTrade extends Common {
  T: "t";
  /** Price. */
  p: number;
  /** Size. */
  s: number;
  /** Its exchange's id; by default one more than the largest of the symbol. */
  i?: number | string;
  /** Exchange. */
  x?: string;
  /** Taker side. */
  tks?: "B" | "S";
}

/** The best bid and ask of one symbol at one moment. */
export interface PublishedQuote extends Common {
  T: "q";
  bp: number;
  ap: number;
  bs?: number;
  as?: number;
  bx?: string;
  ax?: string;
}

/** A trading status of one symbol, such as a halt (`sc` "H") or a resumption ("T"). */
export interface PublishedStatus {
  T: "s";
  S: string;
  sc: string;
  sm?: string;
  rc?: string;
  rm?: string;
  t?: string | Date;
  z?: string;
}

export type Publishable = PublishedTrade | PublishedQuote | PublishedStatus;

/** A tick as it is sent. */
export interface Row {
  readonly payload: Payload;
  readonly bytes: number;
}

/**
 * Pack ticks, all or none.
 *
 * Of their fields only what makes them ticks at all is looked at; the server judges them. Throws
 * InvalidInput, which says which tick it was.
 */
export function packRows(ticks: readonly Publishable[], codec: CodecName, nowMs: number): Row[] {
  return ticks.map((tick, index) => packRow(tick, index, codec, nowMs));
}

function packRow(tick: Publishable, index: number, codec: CodecName, nowMs: number): Row {
  const where = `ticks[${index}]`;
  if (typeof tick !== "object" || typeof tick?.T !== "string" || typeof tick.S !== "string") {
    throw new InvalidInput(where, tick, "an object as on the wire, with T, S and more");
  }
  const { t = new Date(nowMs), ...fields } = tick;
  // An invalid Date has no text.
  const time = typeof t === "string" ? t : Number.isNaN(t.getTime()) ? "" : t.toISOString();
  const notFinite = Object.entries(fields).find(
    ([, value]) => typeof value === "number" && !Number.isFinite(value),
  );
  if (time === "" || notFinite !== undefined) {
    const [name, value] = notFinite ?? ["t", String(t)];
    throw new InvalidInput(`${where}: ${name}`, String(value), "a finite number, or a time");
  }
  const row = { ...fields, t: time };
  const text = JSON.stringify(row);
  // Through JSON, which leaves out what is undefined.
  const payload = codec === "json" ? text : encodeMessagePack(JSON.parse(text));
  const bytes = typeof payload === "string" ? 3 * payload.length : payload.byteLength;
  if (bytes > 3 * MAX_ROW_BYTES || (codec !== "json" && bytes > MAX_ROW_BYTES)) {
    throw new InvalidInput(where, tick, `a tick of at most ${MAX_ROW_BYTES} bytes`);
  }
  return { payload, bytes: typeof payload === "string" ? payload.length : bytes };
}

/** Return a batch as one message. */
export function packBatch(sequence: number, rows: readonly Row[], codec: CodecName): Payload {
  if (codec === "json") {
    const ticks = rows.map(({ payload }) => payload).join(",");
    return `{"sequence":${sequence},"ticks":[${ticks}]}`;
  }
  const head = encodeMessagePack({ sequence, ticks: [] }).slice(0, -1); // without the empty array
  const pieces = [head, arrayHeader(rows.length), ...rows.map(({ payload }) => payload)];
  const message = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    message.set(piece as Uint8Array, offset);
    offset += piece.length;
  }
  return message;
}

/** Source: the MessagePack specification, "array format family". */
function arrayHeader(count: number): Uint8Array {
  return count < 16
    ? Uint8Array.of(0x90 | count)
    : Uint8Array.of(0xdd, count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255);
}
