/**
 * A feed for tests, scripted: speaks all three transports, forgets nothing, and fails as it is told.
 *
 * A small stand-in for the server, with the same contract where the client can see it.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { decode, Encoder, ExtensionCodec } from "@msgpack/msgpack";
import { type WebSocket, WebSocketServer } from "ws";
import type { CodecName } from "../../src/client/wire/codec.ts";
import {
  type DeskWord,
  isDeskWord,
  isGone,
  keyOf,
  partOf,
} from "../../src/client/wire/deskwords.ts";
import { Selection, type Symbols } from "../../src/client/wire/selection.ts";
import { CHANNELS, type Tick } from "../../src/client/wire/ticks.ts";
import { WORD_CHANNELS } from "../../src/client/wire/words.ts";

/** One subscriber of any transport. */
interface Subscriber {
  codec: CodecName;
  selection: Selection;
  transport: string;
  send(messages: object[], position: string | undefined, name?: string): void;
  /** End it in order, after what was sent. */
  end(): void;
}

export interface ControlMessage extends Symbols {
  action: string;
  after?: string;
  snapshot?: boolean;
  marks?: boolean;
}

const FRAME_TICKS = 10;
const ALL_CHANNELS: readonly string[] = [...CHANNELS, ...WORD_CHANNELS];

type Answer = (response: ServerResponse) => void;

export class ScriptedFeed {
  epoch = "epoch1";
  readonly ticks: Tick[] = [];
  readonly subscribers = new Set<Subscriber>();
  /** Requests in the order in which they came: `/v1/stream?…`, `/v1/ws`. */
  readonly requests: string[] = [];
  readonly controls: ControlMessage[] = [];
  /** What requests said of who asks, where they did. */
  readonly authorizations: string[] = [];
  /** What to answer in place of a stream, by path. */
  readonly answers = new Map<string, Answer>();
  /** Accept WebSockets. */
  websocket = true;
  /** Be as a server that is not there, whose port is nobody else's. */
  isAway = false;
  /** Refuse the next position that comes over a WebSocket. */
  refusePosition = false;
  /** A symbol that is refused over WebSocket. */
  unwanted = "ZZZ";
  /** Most connections that were open at once. */
  peak = 0;
  #connections = 0;
  #server: Server;
  #sockets = new Set<Socket>();
  #websockets = new Set<WebSocket>();
  #origin = "";

  private constructor() {
    this.#server = createServer((request, response) => this.#respond(request, response));
    this.#server.on("connection", (socket) => {
      if (this.isAway) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    const sockets = new WebSocketServer({ noServer: true });
    this.#server.on("upgrade", (request, socket, head) => {
      this.requests.push(request.url ?? "");
      if (this.websocket) {
        sockets.handleUpgrade(request, socket, head, (websocket) => this.#accept(websocket));
      } else {
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      }
    });
  }

  static async start(): Promise<ScriptedFeed> {
    const feed = new ScriptedFeed();
    await feed.listen(0);
    return feed;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(port, "127.0.0.1", () => {
        this.#origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
        resolve();
      });
    });
  }

  get origin(): string {
    return this.#origin;
  }

  get position(): string {
    return `${this.epoch}-${this.ticks.length}`;
  }

  /** Say words, one after the other. */
  say(...words: DeskWord[]): void {
    const before = this.ticks.length;
    this.ticks.push(...(words as unknown as Tick[]));
    for (const subscriber of this.subscribers) {
      this.#sendTicks(subscriber, before);
    }
  }

  /** Publish trades of these symbols, one each; their `i` is their sequence. */
  publish(...symbols: string[]): void {
    const before = this.ticks.length;
    for (const symbol of symbols) {
      this.ticks.push(trade(symbol, this.ticks.length + 1));
    }
    for (const subscriber of this.subscribers) {
      this.#sendTicks(subscriber, before);
    }
  }

  /** Warn every connection that symbols are not listed. */
  warn(nearest: Record<string, string | undefined>): void {
    const names = Object.keys(nearest);
    const warning = { T: "warning", reason: "unlisted", msg: "of the server", names, nearest };
    for (const subscriber of this.subscribers) {
      subscriber.send([{ ...warning, count: names.length }], undefined, "warning");
    }
  }

  /** Tell every connection that its identity ends soon. */
  expire(time: string): void {
    for (const subscriber of this.subscribers) {
      subscriber.send([{ T: "expiring", t: time, msg: "soon" }], undefined, "expiring");
    }
  }

  /** Tell every connection that this is all it is given, unasked: its grants have changed. */
  grant(symbols: Symbols): void {
    for (const subscriber of this.subscribers) {
      subscriber.selection = Selection.of(symbols);
      subscriber.send([{ T: "subscription", ...symbols }], undefined, "subscription");
    }
  }

  /** Break every connection without a goodbye. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** Close every WebSocket in order, with a code and words. */
  closeAll(code: number, words: string): void {
    for (const websocket of this.#websockets) {
      websocket.close(code, words);
    }
  }

  /** Bytes that WebSockets have not taken yet. */
  get buffered(): number {
    return [...this.#websockets].reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
  }

  /** Sequences start over, as after a restart. */
  restart(epoch: string): void {
    this.cut();
    this.epoch = epoch;
    this.ticks.length = 0;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.cut();
    await closed;
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", this.#origin);
    this.requests.push(request.url ?? "");
    if (request.headers.authorization !== undefined) {
      this.authorizations.push(request.headers.authorization);
    }
    const answer = this.answers.get(url.pathname);
    if (answer !== undefined) {
      answer(response);
    } else if (url.pathname === "/v1/stream") {
      this.#stream(url, request, response);
    } else if (url.pathname === "/v1/sse") {
      this.#sse(url, response);
    } else {
      response.writeHead(404).end();
    }
  }

  #stream(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const codec = request.headers.accept === "application/vnd.msgpack" ? "msgpack" : "json";
    const mediaType = codec === "json" ? "application/x-ndjson" : "application/vnd.msgpack";
    this.#connections += 1;
    const headers = { "Content-Type": mediaType, "Feed-Connection": this.#connections };
    response.writeHead(200, headers).flushHeaders();
    this.#add(url, response, {
      codec,
      selection: selectionOf(url),
      transport: "stream",
      send: (messages) => {
        const bytes = encode(messages, codec);
        response.write(codec === "json" ? `${bytes}\n` : bytes);
      },
      end: () => response.end(),
    });
  }

  #sse(url: URL, response: ServerResponse): void {
    const codec = (url.searchParams.get("codec") ?? "json") as CodecName;
    response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
    this.#add(url, response, {
      codec,
      selection: selectionOf(url),
      transport: "sse",
      send: (messages, position, name) => {
        const data = name === undefined ? encode(messages, codec) : JSON.stringify(messages[0]);
        const text = typeof data === "string" ? data : Buffer.from(data).toString("base64");
        const id = position === undefined ? "" : `id: ${position}\n`;
        response.write(`${name === undefined ? "" : `event: ${name}\n`}${id}data: ${text}\n\n`);
      },
      end: () => response.end(),
    });
  }

  #accept(websocket: WebSocket): void {
    const codec: CodecName = websocket.protocol === "feed.msgpack" ? "msgpack" : "json";
    const subscriber: Subscriber = {
      codec,
      selection: Selection.NOTHING,
      transport: "websocket",
      send: (messages) => websocket.send(encode(messages, codec)),
      end: () => websocket.close(1000),
    };
    this.#enter(subscriber);
    this.#websockets.add(websocket);
    websocket.on("close", () => {
      this.#websockets.delete(websocket);
      this.subscribers.delete(subscriber);
    });
    this.#connections += 1;
    const connection = this.#connections;
    subscriber.send([{ T: "success", msg: "connected", connection }], undefined);
    websocket.on("message", (data: Buffer, isBinary) => {
      const message = (isBinary ? decode(data) : JSON.parse(data.toString())) as ControlMessage;
      this.controls.push(message);
      this.#control(subscriber, message);
    });
  }

  #control(subscriber: Subscriber, message: ControlMessage): void {
    const { action, after, snapshot = false, marks: _, ...rest } = message;
    const symbols = Object.fromEntries(
      Object.entries(rest).filter(([key]) => ALL_CHANNELS.includes(key)),
    );
    const asked = Selection.of(symbols);
    if (after !== undefined && this.refusePosition) {
      this.refusePosition = false;
      subscriber.send(
        [{ T: "error", code: 400, msg: `invalid syntax: after: '${after}' is not accepted` }],
        undefined,
      );
      return;
    }
    if (action === "auth") {
      subscriber.send([{ T: "success", msg: "authenticated" }], undefined);
      return;
    }
    if (action === "subscribe" && rest.trades?.includes(this.unwanted)) {
      subscriber.send([{ T: "error", code: 405, msg: "symbol limit exceeded" }], undefined);
      return;
    }
    subscriber.selection =
      action === "subscribe"
        ? subscriber.selection.with(asked)
        : subscriber.selection.without(asked);
    subscriber.send([{ T: "subscription", ...subscriber.selection.toJSON() }], undefined);
    if (action === "subscribe") {
      this.#begin(subscriber, asked, after, snapshot);
    }
  }

  #add(url: URL, response: ServerResponse, subscriber: Subscriber): void {
    this.#enter(subscriber);
    response.on("close", () => this.subscribers.delete(subscriber));
    const { searchParams: query } = url;
    const snapshot = query.get("snapshot") === "1";
    this.#begin(subscriber, subscriber.selection, query.get("after") ?? undefined, snapshot);
  }

  #enter(subscriber: Subscriber): void {
    this.subscribers.add(subscriber);
    this.peak = Math.max(this.peak, this.subscribers.size);
  }

  /** What a subscriber is due before it is live: a gap, a backlog, a snapshot. */
  #begin(
    subscriber: Subscriber,
    asked: Selection,
    after: string | undefined,
    snapshot: boolean,
  ): void {
    let wantsSnapshot = snapshot;
    if (after !== undefined) {
      const [epoch, sequence] = after.split("-");
      if (epoch === this.epoch && Number(sequence) <= this.ticks.length) {
        this.#sendTicks(subscriber, Number(sequence));
      } else {
        const gap = { T: "gap", from: after, to: this.position, reason: "epoch" };
        subscriber.send([gap], undefined, "gap");
        wantsSnapshot = true;
      }
    }
    if (wantsSnapshot) {
      const border = { T: "snapshot", pos: this.position };
      subscriber.send([{ ...border, state: "begin" }], undefined, "snapshot");
      const newest = new Map(this.ticks.map((tick) => [partName(tick), tick]));
      const known = [...newest.values()].filter(
        (tick) => asked.includes(tick) && !isGoneWord(tick),
      );
      if (known.length > 0) {
        subscriber.send(known, undefined);
      }
      subscriber.send([{ ...border, state: "end" }], this.position, "snapshot");
    }
  }

  /** Send what follows a position, in frames of at most ten ticks, each with its own position. */
  #sendTicks(subscriber: Subscriber, after: number): void {
    for (let first = after; first < this.ticks.length; first += FRAME_TICKS) {
      const last = Math.min(first + FRAME_TICKS, this.ticks.length);
      const wanted = this.ticks.slice(first, last);
      const due = wanted.filter((tick) => subscriber.selection.includes(tick));
      if (due.length > 0) {
        const position = `${this.epoch}-${last}`;
        const mark = { T: "mark", pos: position, t: "2026-01-02T03:04:05.000000000Z" };
        subscriber.send(subscriber.transport === "sse" ? due : [...due, mark], position);
      }
    }
  }
}

/** What a tick or a word takes the place of. */
function partName(event: Tick | DeskWord): string {
  return "S" in event ? event.S : `${keyOf(event)} ${partOf(event)}`;
}

function isGoneWord(event: { T: string }): boolean {
  return isDeskWord(event) && isGone(event);
}

export function trade(symbol: string, sequence: number): Tick {
  return {
    T: "t",
    S: symbol,
    i: sequence,
    x: "V",
    p: 100 + sequence / 100,
    s: 10,
    c: ["@"],
    z: "C",
    t: "2026-01-02T03:04:05.123456789Z",
  };
}

function selectionOf(url: URL): Selection {
  const symbols: Record<string, string[]> = {};
  for (const channel of ALL_CHANNELS) {
    const list = url.searchParams.get(channel);
    if (list !== null) {
      symbols[channel] = list.split(",");
    }
  }
  return Selection.of(symbols);
}

/** Times as the Timestamp extension, 64 bits, as the server writes them. */
const timestamps = new ExtensionCodec();
timestamps.register({
  type: -1,
  decode: () => null,
  encode: (value) => {
    if (!(value instanceof Time)) {
      return null;
    }
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigUint64(0, (BigInt(value.nanoseconds) << 34n) | BigInt(value.seconds));
    return new Uint8Array(bytes.buffer);
  },
});

class Time {
  readonly seconds: number;
  readonly nanoseconds: number;

  constructor(text: string) {
    this.seconds = Date.parse(`${text.slice(0, 19)}Z`) / 1_000;
    this.nanoseconds = Number(text.slice(20, -1).padEnd(9, "0"));
  }
}

/** Encode a frame as the server does. */
export function encode(messages: object[], codec: CodecName): string | Uint8Array {
  if (codec === "json") {
    return JSON.stringify(messages);
  }
  const timed = messages.map((message) => {
    const { T, t } = message as { T: string; t?: string };
    return t === undefined || T === "mark" ? message : { ...message, t: new Time(t) };
  });
  return new Encoder({ extensionCodec: timestamps }).encode(timed);
}
