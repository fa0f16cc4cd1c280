/**
 * FeedClient: live market data that survives sleep, tunnels, restarts and slow networks.
 *
 *     const client = new FeedClient({ url: "http://127.0.0.1:8080" });
 *     client.on("batch", ({ ticks }) => render(ticks));
 *     await client.subscribe({ trades: ["AAPL", "MSFT"], quotes: ["*"] });
 *
 * Puts together a link (a connection of its own, or one that all tabs of an origin share), a
 * receiver (counters, newest state, events) and the delivery: to listeners at most once per
 * animation frame, to `for await` at its own pace.
 */

import type { Percentiles } from "./ages.ts";
import { baseOf } from "./base.ts";
import type { Batch } from "./batch.ts";
import { Pending } from "./batch.ts";
import { BatchStream } from "./batchstream.ts";
import type { Counters } from "./counters.ts";
import { Emitter } from "./emitter.ts";
import { between, type Environment, environment } from "./environment.ts";
import { Closed, type FeedError } from "./errors.ts";
import { FeedbackReporter } from "./feedback.ts";
import { Connection } from "./link/connection.ts";
import type { Frame, Link, LinkObserver, LinkOptions, Settings } from "./link/link.ts";
import type { LinkStatus } from "./link/status.ts";
import type { SymbolState } from "./newest.ts";
import type { Url } from "./platform.ts";
import { type GapReport, Receiver, type Words } from "./receiver.ts";
import { SharedLink } from "./tabs/shared.ts";
import type { CredentialsSource } from "./transports/transport.ts";
import { Selection, type Symbols } from "./wire/selection.ts";
import type { FeedState, SubscriptionState, Warning } from "./wire/ticks.ts";

export interface FeedClientOptions extends Partial<Settings> {
  /**
   * The server's address, with the prefix of its path behind a proxy that gives it one. By default
   * the one that `client.js` came from; for a bundle of one's own the page's origin.
   */
  url?: string | Url;
  /**
   * Share one connection between all tabs of this origin (default: true where the browser has Web
   * Locks and BroadcastChannel). A text shares only with tabs that say the same text.
   */
  shared?: boolean | string;
  /** Deliver only the newest tick of each kind and symbol of every batch (default: false). */
  newestOnly?: boolean;
  /** Report ages of ticks on arrival to the server, a small sample of them (default: false). */
  feedback?: boolean;
  /**
   * Who asks, where the server wants to know. A function is asked anew for each connection, and
   * some seconds before the credentials end: a WebSocket goes on with others, other transports where
   * they stood. While it fails that is a `problem`; if it fails at the end, one that is `fatal`.
   */
  credentials?: CredentialsSource;
  heartbeatMs?: number;
  connectTimeoutMs?: number;
  whenHidden?: LinkOptions["whenHidden"];
  /** Parts that stand in for the browser's, for tests and for Node. */
  environment?: Partial<Environment>;
}

export interface FeedClientEvents {
  /** The ticks since the last animation frame. */
  batch: Batch;
  /** Words of the answers, rooms, alerts and jobs that are subscribed to, as soon as they come. */
  words: Words;
  /** What was due is not coming. A snapshot follows. */
  gap: GapReport;
  /** The last known state is complete; its ticks came as batches with `isSnapshot`. */
  snapshot: { position: string | undefined };
  /** Conflated ticks came; `standFor` counts the ticks that they stand for. */
  conflation: { ticks: number; standFor: number };
  /** Ages over the last ten seconds, at most once a second. */
  ages: { event: Percentiles; delivery: Percentiles };
  /** A copy of all counters, at most once a second. */
  counters: Counters;
  /** Anything about the connection changed. */
  status: LinkStatus;
  /** A connection was made again after one was lost. */
  reconnect: { reconnects: number; position: string | undefined };
  /** The server told what this connection is subscribed to. */
  subscription: SubscriptionState;
  /** The source of all ticks went, or came back. */
  feed: FeedState;
  /** Some of what was asked for does not come, such as a symbol that is not listed. */
  warning: Warning;
  /** Something went wrong; unless `error.fatal`, the client goes on by itself. */
  problem: FeedError;
  /** A message of a kind that this client does not know. */
  unknown: { T: string };
}

/** The server sends a mark at least every 10 s, so twice that is dead. */
const HEARTBEAT_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;
const REPORT_INTERVAL_MS = 1_000;

export class FeedClient implements AsyncIterable<Batch> {
  readonly #environment: Environment;
  readonly #emitter = new Emitter<FeedClientEvents>();
  readonly #receiver: Receiver;
  readonly #link: Link;
  readonly #pending: Pending;
  readonly #newestOnly: boolean;
  readonly #streams = new Set<BatchStream>();
  readonly #feedback: FeedbackReporter | undefined;
  #frameRequested = false;
  #reportedMs = 0;
  #knownReconnects: number | undefined;
  #closed = false;

  /** Make a client; it connects when something is subscribed to. */
  constructor(options: FeedClientOptions = {}) {
    this.#environment = environment(options.environment);
    this.#newestOnly = options.newestOnly ?? false;
    this.#pending = new Pending(this.#newestOnly);
    this.#receiver = new Receiver({
      tick: (tick, isSnapshot) => {
        this.#pending.push(tick, isSnapshot);
        for (const stream of this.#streams) {
          stream.push(tick, isSnapshot);
        }
      },
      words: (words) => this.#emitter.emit("words", words),
      gap: (gap) => this.#emitter.emit("gap", gap),
      snapshot: (position) => this.#emitter.emit("snapshot", { position }),
      conflation: (ticks, standFor) => this.#emitter.emit("conflation", { ticks, standFor }),
      subscription: (state) => this.#emitter.emit("subscription", state),
      feed: (state) => this.#emitter.emit("feed", state),
      warning: (warning) => this.#emitter.emit("warning", warning),
      unknown: (message) => this.#emitter.emit("unknown", message),
      age: (ageMs) => this.#feedback?.note(ageMs),
    });
    const base = baseOf(options.url, this.#environment);
    this.#feedback = options.feedback
      ? new FeedbackReporter(base, this.#environment, options.credentials)
      : undefined;
    this.#link = this.#makeLink(base, options);
  }

  /** Everything about the connection, as a value: it is another object whenever it differs. */
  get status(): LinkStatus {
    return this.#link.status;
  }

  get settings(): Settings {
    return this.#link.settings;
  }

  /** A copy of all that was counted so far. */
  get counters(): Counters {
    this.#receiver.refreshAges(this.#environment.now());
    const { reconnects, malformed, duplicates } = this.status;
    return { ...this.#receiver.counters, reconnects, malformed, duplicates };
  }

  /**
   * The position after the last frame that came: resume from here with `after` on any transport.
   * What came last may wait to be delivered; who keeps a position over visits keeps a batch's.
   */
  get position(): string | undefined {
    return this.#link.position;
  }

  /** The symbols that are subscribed to, or will be once connected. */
  get subscription(): Symbols {
    return this.#receiver.selection.toJSON();
  }

  /** Call `listener` for every event of this name; the returned function ends that. */
  on<Name extends keyof FeedClientEvents>(
    name: Name,
    listener: (event: FeedClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * Ask for more symbols; at any time, connected or not: requests while offline are merged and
   * goes out once there is a connection. Resolves once the server acknowledged it.
   *
   * Throws InvalidInput for an unknown channel, or a text that is not a symbol or not an id,
   * LimitExceeded above 20,000 symbols. The promise is rejected with LimitExceeded when 1,000 callers wait already,
   * with Refused when the server says no, with Closed when the client is closed; it may be left
   * alone.
   */
  subscribe(symbols: Symbols): Promise<void> {
    return this.#select(this.#receiver.selection.with(Selection.of(symbols)));
  }

  /** Ask for fewer symbols; `*` is taken back only by `*`. Otherwise as `subscribe`. */
  unsubscribe(symbols: Symbols): Promise<void> {
    return this.#select(this.#receiver.selection.without(Selection.of(symbols)));
  }

  /** The newest ticks of a symbol, live: the same object all the time. */
  newest(symbol: string): Readonly<SymbolState> | undefined {
    return this.#receiver.newest.get(symbol);
  }

  /** Change transport, codec, conflation and the like while it runs; nothing is lost by it. */
  configure(changes: Partial<Settings>): void {
    this.#link.configure(changes);
  }

  /** Drop the connection and make it anew, at once or after a while, resuming. */
  reconnect(delayMs = 0): void {
    this.#link.reconnect(delayMs);
  }

  /**
   * Iterate over batches at the consumer's pace: while it is behind, nothing is read from the
   * network. (On a connection that tabs share, only while all tabs are behind.)
   */
  batches(): BatchStream {
    const stream = new BatchStream(this.#newestOnly, () => this.#balance());
    if (this.#closed) {
      stream.end();
    } else {
      this.#streams.add(stream);
    }
    return stream;
  }

  [Symbol.asyncIterator](): BatchStream {
    return this.batches();
  }

  /** End it for good. Iterations end once they have delivered what is there. */
  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#link.close();
    for (const stream of this.#streams) {
      stream.end();
    }
    this.#streams.clear();
  }

  #makeLink(base: string, options: FeedClientOptions): Link {
    const { url: _, shared, newestOnly: __, environment: ___, feedback: ____, ...rest } = options;
    const {
      credentials,
      heartbeatMs = HEARTBEAT_MS,
      connectTimeoutMs = CONNECT_TIMEOUT_MS,
      whenHidden = "keep",
      ...settings
    } = rest;
    const linkOptions: LinkOptions = {
      base,
      credentials,
      heartbeatMs,
      connectTimeoutMs,
      whenHidden,
    };
    const observer: LinkObserver = {
      onFrame: (frame) => {
        this.#receiver.receive(frame);
        this.#afterFrame(frame);
      },
      onStatus: (status) => this.#statusChanged(status),
      onProblem: (error) => this.#problem(error),
      newest: (selection) => this.#receiver.known(selection),
      warnings: () => this.#receiver.warnings,
    };
    const group = typeof shared === "string" ? shared : "";
    const { locks, BroadcastChannel } = this.#environment;
    return (shared ?? true) && locks !== undefined && BroadcastChannel !== undefined
      ? new SharedLink(group, linkOptions, settings, observer, this.#environment)
      : new Connection(linkOptions, settings, observer, this.#environment);
  }

  #select(selection: Selection): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new Closed());
    }
    this.#receiver.selection = selection;
    const acknowledged = this.#link.select(selection);
    acknowledged.catch(() => {}); // a caller that does not wait is told by "problem"
    return acknowledged;
  }

  #afterFrame(frame: Frame): void {
    const { position } = frame;
    this.#pending.moveTo(position);
    for (const stream of this.#streams) {
      stream.flush(position);
    }
    if (!this.#emitter.has("batch")) {
      this.#pending.take(); // delivered to nobody
    } else if (this.#pending.size > 0 && !this.#frameRequested) {
      this.#frameRequested = true;
      this.#environment.requestFrame(() => this.#deliver());
    }
    this.#reportWhenDue();
  }

  #deliver(): void {
    this.#frameRequested = false;
    for (const batch of this.#pending.take()) {
      this.#receiver.counters.batches += 1;
      this.#receiver.counters.merged += batch.merged;
      this.#emitter.emit("batch", batch);
    }
  }

  #reportWhenDue(): void {
    const nowMs = this.#environment.now();
    const { transport, role } = this.status;
    if (transport !== undefined && role !== "follower") {
      this.#feedback?.reportWhenDue(transport, nowMs);
    }
    const listened = this.#emitter.has("counters") || this.#emitter.has("ages");
    if (listened && between(this.#reportedMs, nowMs) >= REPORT_INTERVAL_MS) {
      this.#reportedMs = nowMs;
      const { counters } = this;
      this.#emitter.emit("counters", counters);
      this.#emitter.emit("ages", { event: counters.eventAge, delivery: counters.deliveryAge });
    }
  }

  /** Read while no iteration is behind. */
  #balance(): void {
    for (const stream of this.#streams) {
      if (stream.isEnded) {
        this.#streams.delete(stream);
      }
    }
    this.#link.setPaused([...this.#streams].some((stream) => stream.isBehind));
  }

  #statusChanged(status: LinkStatus): void {
    if (status.phase === "connecting") {
      this.#receiver.restart();
    }
    if (status.phase === "live") {
      // A tab that joins learns of reconnects that were before its time.
      const known = this.#knownReconnects ?? status.reconnects;
      this.#knownReconnects = status.reconnects;
      if (status.reconnects > known) {
        const { position } = this.#link;
        this.#emitter.emit("reconnect", { reconnects: status.reconnects, position });
      }
    }
    this.#emitter.emit("status", status);
  }

  #problem(error: FeedError): void {
    this.#receiver.counters.problems += 1;
    if (error.fatal) {
      for (const stream of this.#streams) {
        stream.end(error);
      }
      this.#streams.clear();
    }
    this.#emitter.emit("problem", error);
  }
}
