/** The common parts of the three transports. */

import type { Url } from "../platform.ts";
import type { CodecName, Payload } from "../wire/codec.ts";
import type { Selection } from "../wire/selection.ts";
import type { Channel } from "../wire/ticks.ts";

/** In the order in which "auto" tries them. */
export const TRANSPORTS = ["websocket", "stream", "sse"] as const;
export type TransportKind = (typeof TRANSPORTS)[number];
export type TransportName = TransportKind | "auto";

/** One frame as it came. */
export interface Arrival {
  payload: Payload;
  codec: CodecName;
  /** Set where the transport carries positions itself (the id of an SSE event). */
  position?: string;
}

/** The beginning of a connection: symbols, position and options. */
export interface Request {
  /** The server's address, with a slash at its end; paths of requests go on from it. */
  base: string;
  codec: CodecName;
  selection: Selection;
  after: string | undefined;
  last: number | undefined;
  /** Begin with the last known state of every symbol. */
  snapshot: boolean;
  conflate: Conflation;
  onLag: OnLagName | undefined;
  fields: readonly string[] | undefined;
  compress: boolean | undefined;
  credentials: Credentials | undefined;
}

/** Newest per symbol within an interval, by channel: `{ quotes: "250ms" }`. */
export type Conflation = Partial<Record<Channel, string>>;
/** The action of the server for a reader that the ring overran. */
export type OnLagName = "gap" | "conflate" | "disconnect";
/** Who asks: a key and its secret, or a token. */
export type Credentials = { key: string; secret: string } | { token: string };
/** The same, or a function that is asked anew for each connection. */
export type CredentialsSource = Credentials | (() => Credentials | Promise<Credentials>);

/** The credentials of the next connection. Throws what the function throws. */
export async function currentCredentials(
  source: CredentialsSource | undefined,
): Promise<Credentials | undefined> {
  return typeof source === "function" ? await source() : source;
}

/** The header of a request that says who asks. */
export function authorization(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) {
    return {};
  }
  const bearer =
    "token" in credentials ? credentials.token : `${credentials.key}.${credentials.secret}`;
  return { Authorization: `Bearer ${bearer}` };
}

/** The agreement with the server at the opening. */
export interface Opened {
  codec: CodecName;
  /** "deflate", "gzip", "identity"; undefined where the browser does not tell. */
  compression: string | undefined;
  /** The id of the connection at the server, where it is known by now. */
  connection: number | undefined;
}

export interface Transport {
  readonly kind: TransportKind;
  /** Whether the selection can change while it is open. */
  readonly canSubscribe: boolean;

  /** Connect. Throws TransportFailed, or Refused when the server said why. */
  open(): Promise<Opened>;

  /**
   * Return the next frame; undefined once the server ended in order.
   *
   * Bytes are read from the network only when this is called, where the browser can pause it.
   * Throws TransportFailed or Malformed.
   */
  read(): Promise<Arrival | undefined>;

  /** Send a control message; only where `canSubscribe`. */
  send(message: object): void;

  /** End it now; a pending `read` settles. Harmless when called twice. */
  close(): void;
}

/** The URL of an HTTP transport with everything a request says. */
export function requestUrl(path: string, request: Request): Url {
  const url = new URL(path, request.base);
  const query = url.searchParams;
  request.selection.appendTo(query);
  const conflate = Object.entries(request.conflate).map(
    ([channel, interval]) => `${channel}:${interval}`,
  );
  if (conflate.length > 0) {
    query.set("conflate", conflate.join(","));
  }
  if (request.onLag !== undefined) {
    query.set("on_lag", request.onLag);
  }
  if (request.fields !== undefined) {
    query.set("fields", request.fields.join(","));
  }
  if (request.compress !== undefined) {
    query.set("compress", request.compress ? "1" : "0");
  }
  if (request.snapshot) {
    query.set("snapshot", "1");
  }
  if (request.after !== undefined) {
    query.set("after", request.after);
  }
  if (request.last !== undefined) {
    query.set("last", String(request.last));
  }
  return url;
}

/** The server's limit is 64 KiB for the whole request line; a WebSocket has no such limit. */
export const MAX_URL_LENGTH = 60 * 1024;
