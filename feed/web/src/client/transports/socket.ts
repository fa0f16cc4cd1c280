/**
 * A WebSocket that is read when asked: `WebSocketStream` where there is one, `WebSocket` elsewhere.
 *
 * `WebSocketStream` pauses the sender through TCP while nobody reads. `WebSocket` cannot; its
 * inbox is bounded, and passing the bound ends the connection. Knows messages, not their meaning.
 */

import type { Environment, WebSocketStreamLike } from "../environment.ts";
import { TransportFailed } from "../errors.ts";
import type { Reader, Writer } from "../platform.ts";
import type { CodecName, Payload } from "../wire/codec.ts";
import { Inbox } from "./inbox.ts";
import type { Arrival } from "./transport.ts";

export interface Socket {
  /** Connect; resolves to the agreed protocol and extensions. Throws TransportFailed. */
  open(): Promise<{ protocol: string; extensions: string }>;
  read(): Promise<Arrival | undefined>;
  send(payload: Payload): void;
  close(): void;
}

/**
 * Make the better of the two kinds; undefined where there is neither.
 *
 * Subprotocols that are offered have to be agreed to: browsers close the connection otherwise.
 */
export function makeSocket(
  url: string,
  codec: CodecName,
  environment: Environment,
  protocols = [`feed.${codec}`],
): Socket | undefined {
  if (environment.WebSocketStream !== undefined) {
    return new StreamSocket(url, codec, protocols, environment);
  }
  return environment.WebSocket === undefined
    ? undefined
    : new EventSocket(url, codec, protocols, environment);
}

/** The close codes of an orderly end: normal, going away, restarting (RFC 6455 §7.4). */
const ORDERLY_CODES = new Set([1000, 1001, 1012]);
const NO_CLOSE_FRAME = 1006;
const UNREACHABLE = "could not connect: no answer, refused, or a proxy without WebSocket";

function failure(code: number, reason: string): TransportFailed {
  const words = reason === "" ? "" : `: ${reason}`;
  const broke =
    code === NO_CLOSE_FRAME ? "the connection broke" : `closed with code ${code}${words}`;
  return new TransportFailed("websocket", broke);
}

/** Text is JSON in any case: a codec may leave control messages to it. */
function arrival(data: string | Uint8Array | ArrayBuffer, codec: CodecName): Arrival {
  return typeof data === "string"
    ? { payload: data, codec: "json" }
    : { payload: data instanceof ArrayBuffer ? new Uint8Array(data) : data, codec };
}

class StreamSocket implements Socket {
  readonly #socket: WebSocketStreamLike;
  readonly #codec: CodecName;
  #reader: Reader<string | Uint8Array | ArrayBuffer> | undefined;
  #writer: Writer<string | Uint8Array> | undefined;
  #isClosed = false;

  constructor(url: string, codec: CodecName, protocols: string[], environment: Environment) {
    this.#codec = codec;
    this.#socket = new (
      environment.WebSocketStream as NonNullable<typeof environment.WebSocketStream>
    )(url, { protocols });
    this.#socket.closed.catch(() => {}); // told by `read`
  }

  async open(): Promise<{ protocol: string; extensions: string }> {
    try {
      const { readable, writable, protocol, extensions } = await this.#socket.opened;
      this.#reader = readable.getReader();
      this.#writer = writable.getWriter();
      this.#writer.closed.catch(() => {}); // told by `read`
      return { protocol, extensions };
    } catch {
      throw new TransportFailed("websocket", UNREACHABLE);
    }
  }

  async read(): Promise<Arrival | undefined> {
    let ended: { closeCode?: number; reason?: string };
    try {
      const result = await this.#reader?.read();
      if (result !== undefined && !result.done) {
        return arrival(result.value, this.#codec);
      }
      if (this.#isClosed) {
        return undefined; // the peer may take its time to agree
      }
      ended = await this.#socket.closed;
    } catch {
      throw failure(NO_CLOSE_FRAME, "");
    }
    const { closeCode = NO_CLOSE_FRAME, reason = "" } = ended;
    if (!ORDERLY_CODES.has(closeCode)) {
      throw failure(closeCode, reason);
    }
    return undefined;
  }

  send(payload: Payload): void {
    this.#writer?.write(payload).catch(() => {}); // told by `read`
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close({ closeCode: 1000 });
    // A reader that nobody asks would hold the socket open: the Close frame stands behind the data.
    this.#reader?.cancel().catch(() => {});
  }
}

class EventSocket implements Socket {
  readonly #socket: WebSocket;
  readonly #codec: CodecName;
  readonly #inbox: Inbox;

  constructor(url: string, codec: CodecName, protocols: string[], environment: Environment) {
    this.#codec = codec;
    this.#socket = new (environment.WebSocket as typeof WebSocket)(url, protocols);
    this.#socket.binaryType = "arraybuffer";
    this.#inbox = new Inbox(() => {
      this.#inbox.end(new TransportFailed("websocket", "nobody read; dropped to resume later"));
      this.#socket.close(1000);
    });
  }

  open(): Promise<{ protocol: string; extensions: string }> {
    const socket = this.#socket;
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      this.#inbox.push(arrival(event.data, this.#codec));
    };
    socket.onerror = () => {}; // tells nothing; `onclose` always follows
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve({ protocol: socket.protocol, extensions: socket.extensions });
      socket.onclose = ({ code, reason }) => {
        reject(new TransportFailed("websocket", UNREACHABLE));
        this.#inbox.end(ORDERLY_CODES.has(code) ? undefined : failure(code, reason));
      };
    });
  }

  read(): Promise<Arrival | undefined> {
    return this.#inbox.read();
  }

  send(payload: Payload): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(payload as string | Uint8Array<ArrayBuffer>);
    }
  }

  close(): void {
    this.#inbox.end();
    this.#socket.close(1000);
  }
}
