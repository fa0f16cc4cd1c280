/**
 * One connection by one transport, from opening to its end.
 *
 * Opens in time, says what is wanted, reads frame by frame through the gate, keeps the heartbeat,
 * and ends once: by the server, by an error, or on purpose. Never connects again; that is the
 * connection's business.
 */

import type { Environment } from "../environment.ts";
import { FeedError, Refused, TransportFailed } from "../errors.ts";
import { EventSourceTransport } from "../transports/sse.ts";
import { StreamTransport } from "../transports/stream.ts";
import type {
  Arrival,
  Credentials,
  Opened,
  Request,
  Transport,
  TransportKind,
} from "../transports/transport.ts";
import { WebSocketTransport } from "../transports/websocket.ts";
import { decodeFrame } from "../wire/codec.ts";
import { Control } from "../wire/control.ts";
import { ANSWERING_CODES, FINAL_CODES, INVALID_SYNTAX } from "../wire/errorcodes.ts";
import type { Progress } from "../wire/progress.ts";
import type { Selection } from "../wire/selection.ts";
import type { Expiring, Message, ServerError } from "../wire/ticks.ts";
import type { Gate } from "./gate.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Frame, LinkOptions } from "./link.ts";
import type { LinkStatus } from "./status.ts";

/** A server that asks us to stay away for longer is asked again all the same. */
const LONGEST_AWAY_MS = 300_000;

/** The receiver of all that happens in a session. */
export interface SessionHost {
  opened(opened: Opened): void;
  frame(frame: Frame): void;
  /** The server told something of the connection. */
  told(changes: Partial<Pick<LinkStatus, "connection" | "subscribed">>): void;
  /** The selection of this revision was acknowledged, or refused. */
  answered(revision: number, error?: FeedError): void;
  /** An error that the session survives. */
  problem(error: FeedError): void;
  /** The credentials that were shown end soon. */
  expiring(expiring: Expiring): void;
}

export class Session {
  readonly #request: Request;
  readonly #options: LinkOptions;
  readonly #environment: Environment;
  readonly #progress: Progress;
  readonly #gate: Gate;
  readonly #host: SessionHost;
  readonly #transport: Transport;
  readonly #control: Control;
  readonly #heartbeat: Heartbeat;
  #wanted: { selection: Selection; revision: number };
  #isOpen = false;
  #over: { error: FeedError | undefined } | undefined;
  #abortOpen: (() => void) | undefined;
  #goodbye: string | undefined;
  /** Whether any frame came. */
  received = false;
  /** How long the server asked us to stay away after it, if it is leaving. */
  stayAwayMs: number | undefined;

  constructor(
    kind: TransportKind,
    request: Request,
    revision: number,
    progress: Progress,
    gate: Gate,
    options: LinkOptions,
    environment: Environment,
    host: SessionHost,
  ) {
    this.#request = request;
    this.#options = options;
    this.#environment = environment;
    this.#progress = progress;
    this.#gate = gate;
    this.#host = host;
    this.#transport = makeTransport(kind, request, environment);
    this.#control = new Control(request);
    this.#wanted = { selection: request.selection, revision };
    this.#heartbeat = new Heartbeat(environment, options.heartbeatMs, () => {
      this.end(new TransportFailed(kind, `open, but silent for ${options.heartbeatMs / 1_000} s`));
    });
  }

  /** Run until it ends; return why, undefined when it was ended on purpose. */
  async run(): Promise<FeedError | undefined> {
    const { revision } = this.#wanted;
    try {
      const opened = await this.#open();
      if (opened !== undefined) {
        this.#begin(opened, revision);
        await this.#pump();
      }
    } catch (error) {
      if (!(error instanceof FeedError)) {
        throw error;
      }
      // After a goodbye it does not matter how the connection ended.
      this.#over ??= { error: this.#goodbye === undefined ? error : this.#ended() };
    } finally {
      this.#heartbeat.stop();
      this.#transport.close();
    }
    return this.#over === undefined ? this.#ended() : this.#over.error;
  }

  /** End it: on purpose, or because of an error. The first end counts. */
  end(error?: FeedError): void {
    this.#over ??= { error };
    this.#abortOpen?.();
    this.#transport.close();
    this.#gate.ring();
  }

  /** Whether the selection can change without a new session. */
  get canSubscribe(): boolean {
    return this.#transport.canSubscribe;
  }

  /** Ask for another selection; return whether this session can, or has to be made anew. */
  change(selection: Selection, revision: number): boolean {
    if (!this.canSubscribe && !selection.equals(this.#request.selection)) {
      return false;
    }
    this.#wanted = { selection, revision };
    if (this.#isOpen) {
      this.#ask();
    }
    return true;
  }

  /** Say who it is once more; return whether this session can, or has to be made anew. */
  refresh(credentials: Credentials): boolean {
    if (this.canSubscribe) {
      this.#send(this.#control.refresh(credentials));
    }
    return this.canSubscribe;
  }

  /** Look whether it is still alive. */
  check(): void {
    this.#heartbeat.check();
  }

  /** Open in time; undefined when it was ended meanwhile. */
  #open(): Promise<Opened | undefined> {
    const { connectTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = this.#environment.setTimeout(() => {
        const words = `did not open within ${connectTimeoutMs / 1_000} s`;
        this.end(new TransportFailed(this.#transport.kind, words));
      }, connectTimeoutMs);
      this.#abortOpen = () => {
        this.#environment.clearTimeout(timer);
        resolve(undefined);
      };
      this.#transport
        .open()
        .finally(() => this.#environment.clearTimeout(timer))
        .then(resolve, reject);
    });
  }

  #begin(opened: Opened, revision: number): void {
    this.#isOpen = true;
    this.#abortOpen = undefined;
    this.#progress.restart();
    this.#host.opened(opened);
    if (this.canSubscribe) {
      this.#send(this.#control.begin(revision));
    }
    this.#ask();
  }

  /** Send the difference to what is wanted; what needs nothing more to be sent is answered. */
  #ask(): void {
    const { selection, revision } = this.#wanted;
    if (this.canSubscribe) {
      this.#send(this.#control.change(selection, revision));
    }
    if (this.#control.isAnswered) {
      this.#host.answered(revision);
    }
  }

  #send(messages: object[]): void {
    for (const message of messages) {
      this.#transport.send(message);
    }
  }

  async #pump(): Promise<void> {
    const isOver = () => this.#over !== undefined;
    let bytes = 0;
    for (;;) {
      await this.#gate.pass(bytes, isOver);
      if (isOver()) {
        return;
      }
      this.#heartbeat.waits();
      const arrival = await this.#transport.read();
      this.#heartbeat.beats();
      if (arrival === undefined || isOver()) {
        return;
      }
      bytes = arrival.payload.length;
      this.received = true;
      this.#handle(arrival);
    }
  }

  #handle({ payload, codec, position: carried }: Arrival): void {
    const receivedMs = this.#environment.now();
    const decoded = decodeFrame(payload, codec);
    const messages = this.#progress.advance(decoded, carried);
    const altered = messages !== decoded;
    const { position } = this.#progress;
    this.#host.frame({ payload, codec, messages, altered, position, receivedMs });
    for (const message of messages) {
      this.#obey(message);
    }
  }

  #obey(message: Message): void {
    switch (message.T) {
      case "success":
        if (message.connection !== undefined) {
          this.#host.told({ connection: message.connection });
        }
        break;
      case "subscription":
        this.#host.told({ subscribed: message });
        this.#answered();
        break;
      case "error":
        this.#refused(message);
        break;
      case "expiring":
        this.#host.expiring(message);
        break;
      case "leaving":
        this.#goodbye = "goodbye: the server leaves";
        this.stayAwayMs = Math.min(Math.max(0, message.retry_ms), LONGEST_AWAY_MS);
        break;
      case "bye":
        this.#goodbye = `goodbye: ${message.msg}`;
        if (!message.reconnect) {
          this.end(new Refused(undefined, message.msg, true));
        }
        break;
      default:
        break;
    }
  }

  #ended(): TransportFailed {
    const words = this.#goodbye ?? "the server ended the connection";
    return new TransportFailed(this.#transport.kind, words);
  }

  #answered(error?: FeedError): void {
    const revision = this.#control.answer();
    if (revision !== undefined) {
      this.#host.answered(revision, error);
    }
  }

  #refused({ code, msg }: ServerError): void {
    const error = new Refused(code, msg, FINAL_CODES.has(code));
    if (error.fatal || isPositionRefused(error, this.#request)) {
      this.end(error);
    } else {
      this.#host.problem(error);
      if (ANSWERING_CODES.has(code)) {
        this.#answered(error);
      }
    }
  }
}

/** Tell whether a server could not read the position that it was sent. */
export function isPositionRefused(error: FeedError, request: Request): error is Refused {
  return (
    request.after !== undefined &&
    error instanceof Refused &&
    error.code === INVALID_SYNTAX &&
    /(^|: )after: /.test(error.message)
  );
}

function makeTransport(kind: TransportKind, request: Request, environment: Environment): Transport {
  switch (kind) {
    case "websocket":
      return new WebSocketTransport(request, environment);
    case "stream":
      return new StreamTransport(request, environment);
    case "sse":
      return new EventSourceTransport(request, environment);
  }
}
