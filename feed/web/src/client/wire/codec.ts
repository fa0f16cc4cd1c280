/**
 * Codecs: one whole frame → its messages.
 *
 * A frame is an array of objects, each with a `T`; a named SSE event is one such object alone. An
 * object with an unknown `T` is handed on: the receiver counts it. Anything else (an HTML
 * page, a cut frame, broken UTF-8) is Malformed, and its message says what it looks like. A further
 * codec is one entry in `codecs`; transports ask it for all that differs.
 */

import {
  DecodeError,
  decode as decodeMessagePack,
  ExtensionCodec,
  encode as encodeMessagePack,
} from "@msgpack/msgpack";
import { Malformed } from "../errors.ts";
import { MessagePackSplitter } from "./messagepack.ts";
import { LineSplitter } from "./ndjson.ts";
import type { Splitter } from "./splitter.ts";
import { isTick, type Message } from "./ticks.ts";
import { formatTime } from "./time.ts";
import { isWholeWord, isWord } from "./words.ts";

export const CODECS = ["json", "msgpack"] as const;
export type CodecName = (typeof CODECS)[number];
export type Payload = string | Uint8Array;

export interface Codec {
  /** The media type of an HTTP stream in it. */
  readonly mediaType: string;
  /** Whether a frame is text; if not, an event stream has it as base64. */
  readonly isText: boolean;
  /** Read one value. Throws Malformed when it is not one. */
  readonly parse: (payload: Payload) => unknown;
  /** Write a control message; keys that are undefined are left out. */
  readonly encode: (message: object) => Payload;
  /** Make a splitter for an HTTP stream. */
  readonly makeSplitter: () => Splitter;
}

/**
 * Decode one frame.
 *
 * Throws Malformed when it is not one.
 */
export function decodeFrame(payload: Payload, codec: CodecName): Message[] {
  const value = codecs[codec].parse(payload);
  const messages: unknown[] = Array.isArray(value) ? value : [value];
  for (const message of messages) {
    if (!isMessage(message)) {
      throw new Malformed(
        "a frame is an array of objects with a T, ticks have S and t, and words what their T says",
        message,
      );
    }
  }
  return messages as Message[];
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const message = value as { T: string; S?: unknown; t?: unknown };
  if (typeof message.T !== "string") {
    return false;
  }
  return isTick(message)
    ? typeof message.S === "string" && typeof message.t === "string"
    : !isWord(message) || isWholeWord(message);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseJson(payload: Payload): unknown {
  let text: string;
  try {
    text = typeof payload === "string" ? payload : utf8.decode(payload);
  } catch {
    throw new Malformed("not UTF-8", payload);
  }
  try {
    return JSON.parse(text);
  } catch {
    const page = /^\s*<(!doctype|html|\?xml)/i.test(text);
    throw new Malformed(page ? "an HTML page where JSON was due" : "not JSON", text.slice(0, 200));
  }
}

function parseMessagePack(payload: Payload): unknown {
  if (typeof payload === "string") {
    throw new Malformed("text where MessagePack was due", payload.slice(0, 200));
  }
  try {
    return decodeMessagePack(payload, { extensionCodec: timestamps });
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError || error instanceof TypeError) {
      throw new Malformed(`not MessagePack: ${error.message}`, payload);
    }
    throw error;
  }
}

/** Timestamps become the texts that JSON carries, so that a tick is the same in both codecs. */
const timestamps = new ExtensionCodec();
timestamps.register({ type: -1, encode: () => null, decode: readTimestamp });

/** Source: the MessagePack specification, "Timestamp extension type", 32, 64 and 96 bits. */
function readTimestamp(data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.byteLength === 8) {
    const high = view.getUint32(0);
    return formatTime((high & 0x3) * 2 ** 32 + view.getUint32(4), high >>> 2);
  }
  if (data.byteLength === 4) {
    return formatTime(view.getUint32(0), 0);
  }
  if (data.byteLength === 12) {
    return formatTime(Number(view.getBigInt64(4)), view.getUint32(0));
  }
  throw new DecodeError(`a timestamp has 4, 8 or 12 bytes, not ${data.byteLength}`);
}

export const codecs: Readonly<Record<CodecName, Codec>> = {
  json: {
    mediaType: "application/x-ndjson",
    isText: true,
    parse: parseJson,
    encode: JSON.stringify,
    makeSplitter: () => new LineSplitter(),
  },
  msgpack: {
    mediaType: "application/vnd.msgpack",
    isText: false,
    parse: parseMessagePack,
    // Through JSON, which leaves undefined keys out.
    encode: (message) => encodeMessagePack(JSON.parse(JSON.stringify(message))),
    makeSplitter: () => new MessagePackSplitter(),
  },
};
