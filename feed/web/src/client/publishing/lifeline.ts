/**
 * The lifeline of a publisher: its connection, made anew however often it ends.
 *
 * A tick leaves at once where nothing is on its way; while earlier ones are, it waits some
 * milliseconds for others to go with it. When the connection ends, however it ends, whatever is not
 * safe goes again over the next one. Knows no caller, but that it has to be woken.
 */

import type { Environment } from "../environment.ts";
import { FeedError, Malformed, Refused, TransportFailed } from "../errors.ts";
import { Backoff } from "../link/backoff.ts";
import { Bell } from "../link/bell.ts";
import { Heartbeat } from "../link/heartbeat.ts";
import { Papers } from "../link/papers.ts";
import { leftUntil, Renewal } from "../link/renewal.ts";
import { makeSocket, type Socket } from "../transports/socket.ts";
import type { CredentialsSource } from "../transports/transport.ts";
import { type CodecName, codecs } from "../wire/codec.ts";
import { FINAL_CODES, INVALID_SYNTAX, PASSING_CODES } from "../wire/errorcodes.ts";
import { type Greeting, readAnswer } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { packBatch } from "./rows.ts";

const PATH = "v1/ingest";
/** To connect, and to be greeted. */
const OPEN_TIMEOUT_MS = 10_000;
/** A server that asks us to stay away for longer is asked again all the same. */
const LONGEST_AWAY_MS = 300_000;
/** Connections in a row that broke the protocol. */
const MALFORMED_TRIES = 5;
const TOO_MANY = 429;
const FAILED = 500;

export interface LifelineOptions {
  base: string;
  source: string | undefined;
  codec: CodecName;
  credentials: CredentialsSource | undefined;
  heartbeatMs: number;
  lingerMs: number;
}

export interface LifelineHost {
  /** A connection stands or ended, or something came over it: whoever waits may look again. */
  changed(): void;
  /** An error that it survives. */
  problem(error: FeedError): void;
}

interface Message {
  T: string;
  code?: unknown;
  msg?: unknown;
  retry_ms?: unknown;
  reconnect?: unknown;
  t?: unknown;
}

export class Lifeline {
  readonly #options: LifelineOptions;
  readonly #outbox: Outbox;
  readonly #environment: Environment;
  readonly #host: LifelineHost;
  readonly #papers: Papers;
  readonly #backoff: Backoff;
  /** There may be something to send, or the end has come. */
  readonly #work: Bell;
  readonly #rest: Bell;
  #socket: Socket | undefined;
  #renewal: Renewal | undefined;
  #isClosed = false;
  #malformed = 0;
  /** The connection that ended last was greeted. */
  #wasGreeted = false;
  #awayMs: number | undefined;
  /** There is a connection, and it was greeted. */
  stands = false;
  /** Connections that were greeted. */
  connects = 0;
  /** The cause of there being none, or of the last one's end, in words. */
  reason: string | undefined;

  constructor(
    options: LifelineOptions,
    outbox: Outbox,
    environment: Environment,
    host: LifelineHost,
  ) {
    this.#options = options;
    this.#outbox = outbox;
    this.#environment = environment;
    this.#host = host;
    this.#papers = new Papers(options.credentials, environment);
    this.#backoff = new Backoff(() => environment.random());
    this.#work = new Bell(environment);
    this.#rest = new Bell(environment);
  }

  /** Let the sender look what there is to send. */
  wake(): void {
    this.#work.ring();
  }

  /** Connect, send and receive, until it is closed. Throws the error that ends it for good. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      let error: unknown;
      try {
        await this.#connectOnce();
        error = new TransportFailed("websocket", "the server ended the connection");
      } catch (thrown) {
        error = thrown;
      }
      this.#drop();
      if (this.#isClosed) {
        return;
      }
      this.#judge(error);
      const waitMs = this.#awayMs ?? this.#backoff.next();
      this.#awayMs = undefined;
      await this.#rest.wait(waitMs);
    }
  }

  /** End the connection, and make none any more. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
    this.#rest.ring();
  }

  /** Draw the consequences of an end. Throws the error where it is one for good. */
  #judge(error: unknown): void {
    const hasEnded = this.#wasGreeted && this.#papers.canRenew && isOfIdentity(error);
    if (!(error instanceof FeedError) || (error.fatal && !hasEnded)) {
      throw error;
    }
    if (hasEnded) {
      this.#awayMs = 0; // there may be other credentials
    }
    this.#malformed = error instanceof Malformed ? this.#malformed + 1 : 0;
    if (this.#malformed >= MALFORMED_TRIES) {
      throw error;
    }
    this.reason = error.message;
    this.#host.problem(error);
    this.#host.changed();
  }

  #drop(): void {
    this.#wasGreeted = this.stands;
    this.stands = false;
    this.#renewal?.stop();
    this.#socket?.close();
    this.#socket = undefined;
    this.#work.ring();
  }

  async #connectOnce(): Promise<void> {
    const credentials = await this.#papers.show();
    const { base, source } = this.#options;
    const url = new URL(PATH, base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("producer", this.#outbox.producer);
    if (source !== undefined) {
      url.searchParams.set("source", source);
    }
    const socket = makeSocket(url.href, "msgpack", this.#environment, []);
    if (socket === undefined) {
      throw new TransportFailed("websocket", "there is no WebSocket here");
    }
    this.#socket = socket;
    if (this.#isClosed) {
      return;
    }
    let silent: string | undefined;
    const late = this.#environment.setTimeout(() => {
      silent = `no answer within ${OPEN_TIMEOUT_MS / 1_000} s`;
      socket.close();
    }, OPEN_TIMEOUT_MS);
    const heartbeat = new Heartbeat(this.#environment, this.#options.heartbeatMs, () => {
      silent = `no answer to a batch for ${this.#options.heartbeatMs / 1_000} s`;
      socket.close();
    });
    try {
      await socket.open();
      if (credentials !== undefined) {
        socket.send(JSON.stringify({ action: "auth", ...credentials }));
      }
      await this.#read(socket, heartbeat, () => this.#environment.clearTimeout(late));
    } catch (error) {
      throw silent === undefined ? error : new TransportFailed("websocket", silent);
    } finally {
      this.#environment.clearTimeout(late);
      heartbeat.stop();
    }
    if (silent !== undefined) {
      throw new TransportFailed("websocket", silent);
    }
  }

  async #read(socket: Socket, heartbeat: Heartbeat, greeted: () => void): Promise<void> {
    for (;;) {
      const arrival = await socket.read();
      heartbeat.beats();
      if (arrival === undefined || this.#socket !== socket) {
        return;
      }
      for (const message of messagesOf(codecs[arrival.codec].parse(arrival.payload))) {
        if (message.T === "producer") {
          greeted();
          this.#begin(socket, heartbeat, readAnswer(message) as Greeting);
        } else {
          this.#obey(socket, message);
        }
      }
      if (!this.#outbox.isIdle) {
        heartbeat.waits();
      }
      this.#work.ring();
      this.#host.changed();
    }
  }

  #begin(socket: Socket, heartbeat: Heartbeat, greeting: Greeting): void {
    this.#outbox.connect(greeting);
    this.stands = true;
    this.connects += 1;
    this.reason = undefined;
    void this.#send(socket, heartbeat);
  }

  /** Send what is due, until the connection ends. */
  async #send(socket: Socket, heartbeat: Heartbeat): Promise<void> {
    const outbox = this.#outbox;
    const mayWait = () => outbox.waiting > 0 && !outbox.isFullBatch && !outbox.isIdle;
    const isOver = () => this.#socket !== socket;
    while (!isOver()) {
      const endMs = this.#environment.now() + this.#options.lingerMs;
      while (mayWait() && this.#environment.now() < endMs && !isOver()) {
        await this.#work.wait(Math.max(0, endMs - this.#environment.now()));
      }
      const wasIdle = outbox.isIdle;
      const batch = isOver() ? undefined : outbox.nextBatch();
      if (batch === undefined) {
        if (!isOver()) {
          await this.#work.wait();
        }
      } else {
        if (wasIdle) {
          heartbeat.waits(); // an idle server says nothing that a page could hear
        }
        socket.send(packBatch(batch.sequence, batch.rows, this.#options.codec));
      }
    }
  }

  #obey(socket: Socket, message: Message): void {
    const answer = readAnswer(message);
    switch (answer?.T) {
      case "ack":
        this.#backoff.reset();
        this.#malformed = 0;
        this.#outbox.acknowledge(answer);
        return;
      case "durable":
        this.#outbox.settle(answer.sequence);
        return;
      case "refused": {
        if (answer.code === TOO_MANY || answer.code >= FAILED) {
          throw new TransportFailed("websocket", `no batch is taken now: ${answer.msg}`);
        }
        this.#backoff.reset();
        const error = this.#outbox.refuse(answer);
        if (error !== undefined) {
          this.#host.problem(error);
        }
        return;
      }
      default:
        this.#obeyOther(socket, message);
    }
  }

  #obeyOther(socket: Socket, message: Message): void {
    switch (message.T) {
      case "error": {
        const code = Number(message.code);
        if (PASSING_CODES.has(code)) {
          return; // other credentials were not accepted, and who it was is still good
        }
        const isFinal = FINAL_CODES.has(code) || code === INVALID_SYNTAX; // the same would be sent
        throw new Refused(code, String(message.msg), isFinal);
      }
      case "leaving":
        this.#awayMs = Math.min(Math.max(0, Number(message.retry_ms) || 0), LONGEST_AWAY_MS);
        throw new TransportFailed("websocket", "goodbye: the server leaves");
      case "bye":
        if (message.reconnect === false) {
          throw new Refused(undefined, String(message.msg), true);
        }
        throw new TransportFailed("websocket", `goodbye: ${message.msg}`);
      case "expiring":
        this.#renew(socket, String(message.t));
        break;
      default:
        break;
    }
  }

  /** Look for other credentials before those of a connection end, where a function may know them. */
  #renew(socket: Socket, time: string): void {
    if (!this.#papers.canRenew) {
      return;
    }
    const nowMs = this.#environment.now();
    const leftMs = leftUntil(time, nowMs);
    this.#papers.noteEnd(nowMs + leftMs);
    this.#renewal?.stop();
    this.#renewal = new Renewal(this.#papers, leftMs, this.#environment, {
      failed: (error) => this.#host.problem(error),
      found: (credentials) => socket.send(JSON.stringify({ action: "auth", ...credentials })),
    });
  }
}

/** Tell whether a server refuses who it is. */
function isOfIdentity(error: unknown): boolean {
  return error instanceof Refused && (error.code === 401 || error.code === 402);
}

/** The objects of a message: an array of them, or one alone. Throws Malformed. */
function messagesOf(value: unknown): Message[] {
  const messages: unknown[] = Array.isArray(value) ? value : [value];
  for (const message of messages) {
    if (typeof (message as { T?: unknown } | null)?.T !== "string") {
      throw new Malformed("a message is an object with a T", message);
    }
  }
  return messages as Message[];
}
