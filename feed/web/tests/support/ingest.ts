/**
 * A server for tests that takes ticks: the contract of `/v1/ingest`, and ways to misbehave on cue.
 *
 * It applies each batch of a producer once, and says when that is durable.
 */

import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { decode } from "@msgpack/msgpack";
import { type WebSocket, WebSocketServer } from "ws";

export interface AppliedTick {
  T: string;
  S: string;
  i?: number;
  t?: string;
  [key: string]: unknown;
}

interface Envelope {
  action?: string;
  sequence: number;
  ticks: AppliedTick[];
}

export class ScriptedIngest {
  /** It has a state: what it applied becomes durable. */
  keeps = true;
  /** It says so at once. */
  settles = true;
  mostTicks = 10_000;
  readonly applied: AppliedTick[] = [];
  /** The numbers of all batches that came, duplicates too, with how many ticks they had. */
  readonly came: [number, number][] = [];
  readonly asked: string[] = [];
  readonly said: object[] = [];
  /** What the next connections get in place of a socket: an HTTP status. */
  readonly answers: number[] = [];
  /** Why a batch is refused; undefined: it is not. */
  refuses: (sequence: number) => object | undefined = () => undefined;
  acks = true;
  greets = true;
  /** Cut each connection off at this batch, which is applied. */
  cutAtBatch = Number.POSITIVE_INFINITY;
  firstWords: object[] = [];
  readonly #sequences = new Map<string, Set<number>>();
  #unsettled: [WebSocket, number][] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #websockets = new Set<WebSocket>();
  origin = "";

  private constructor() {
    this.#server = createServer((_, response) => response.writeHead(404).end());
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    const sockets = new WebSocketServer({ noServer: true });
    this.#server.on("upgrade", (request, socket, head) => {
      this.asked.push(request.url ?? "");
      const answer = this.answers.shift();
      if (answer !== undefined) {
        socket.end(`HTTP/1.1 ${answer} No\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const { searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
      sockets.handleUpgrade(request, socket, head, (websocket) =>
        this.#accept(websocket, searchParams.get("producer") ?? ""),
      );
    });
  }

  static async start(): Promise<ScriptedIngest> {
    const ingest = new ScriptedIngest();
    await new Promise<void>((resolve) => {
      ingest.#server.listen(0, "127.0.0.1", () => resolve());
    });
    ingest.origin = `http://127.0.0.1:${(ingest.#server.address() as AddressInfo).port}`;
    return ingest;
  }

  get ids(): (number | undefined)[] {
    return this.applied.map(({ i }) => i);
  }

  /** Break every connection without a goodbye. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.cut();
    await closed;
  }

  /** Say that all that was applied would survive. */
  settle(): void {
    const newest = new Map(this.#unsettled.splice(0));
    for (const [websocket, sequence] of newest) {
      say(websocket, { T: "durable", sequence });
    }
  }

  /** Say something to every connection. */
  tell(message: object): void {
    for (const websocket of this.#websockets) {
      say(websocket, message);
    }
  }

  #accept(websocket: WebSocket, producer: string): void {
    this.#websockets.add(websocket);
    websocket.on("close", () => this.#websockets.delete(websocket));
    const sequences = this.#sequences.get(producer) ?? new Set();
    this.#sequences.set(producer, sequences);
    for (const message of this.firstWords) {
      say(websocket, message);
    }
    if (this.greets) {
      const last = sequences.size === 0 ? null : Math.max(...sequences);
      const { keeps, mostTicks: most_ticks } = this;
      say(websocket, { T: "producer", producer, last, missing: [], keeps, most_ticks });
    }
    let batches = 0;
    websocket.on("message", (data: Buffer, isBinary) => {
      const message = (isBinary ? decode(data) : JSON.parse(data.toString())) as Envelope;
      if (message.action !== undefined) {
        this.said.push(message);
        say(websocket, { T: "success", msg: "authenticated" });
        return;
      }
      batches += 1;
      const answer = this.#take(message, sequences);
      if (batches === this.cutAtBatch) {
        websocket.terminate();
      } else if (this.acks && batches < this.cutAtBatch) {
        say(websocket, answer);
        this.#unsettled.push([websocket, message.sequence]);
        if (this.keeps && this.settles) {
          this.settle();
        }
      }
    });
  }

  #take({ sequence, ticks }: Envelope, sequences: Set<number>): object {
    this.came.push([sequence, ticks.length]);
    const refusal = this.refuses(sequence);
    if (refusal !== undefined) {
      return { T: "refused", sequence, ...refusal };
    }
    const duplicate = sequences.has(sequence);
    if (!duplicate) {
      sequences.add(sequence);
      this.applied.push(...ticks);
    }
    const pos = duplicate ? null : `aaaa-${this.applied.length}`;
    return { T: "ack", sequence, pos, count: ticks.length, durable: false, duplicate };
  }
}

function say(websocket: WebSocket, message: object): void {
  websocket.send(JSON.stringify(message));
}
