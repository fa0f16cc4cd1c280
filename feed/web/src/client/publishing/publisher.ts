/**
 * FeedPublisher: ticks to a server with a push source, each once, over however many connections.
 *
 *     const out = new FeedPublisher({ url: "http://127.0.0.1:8080", credentials: { key, secret } });
 *     await out.publish([{ T: "t", S: "OWN", p: 1.0, s: 1 }]);
 *     await out.close();
 *
 * `publish` packs ticks into the outbox, from where they are sent in batches. Callers wait only where
 * there is no room, or where they ask to (`flush`).
 */

import { baseOf } from "../base.ts";
import { Emitter } from "../emitter.ts";
import { type Environment, environment } from "../environment.ts";
import {
  BatchRefused,
  BufferFull,
  Closed,
  type FeedError,
  InvalidInput,
  Undelivered,
} from "../errors.ts";
import { Bell } from "../link/bell.ts";
import type { Url } from "../platform.ts";
import type { CredentialsSource } from "../transports/transport.ts";
import type { CodecName } from "../wire/codec.ts";
import { Lifeline } from "./lifeline.ts";
import { Outbox, sizeOf } from "./outbox.ts";
import { type Publishable, packRows, type Row } from "./rows.ts";

export interface FeedPublisherOptions {
  /** The server's address, with the prefix of its path behind a proxy that gives it one. */
  url?: string | Url;
  /**
   * The name under which the server numbers batches, kept 24 hours: a program that starts again
   * under its name goes on behind its last batch. No two may publish under one at a time. 1 to 64 of
   * A-Z a-z 0-9 . _ -; by default a random one.
   */
  producer?: string;
  /** The name of the push source, where the server has several. */
  source?: string;
  /** By default "msgpack". */
  codec?: CodecName;
  /** Who asks, with the grant to publish; a function is asked anew for each connection. */
  credentials?: CredentialsSource;
  /** In one batch at most, by default 500; the server takes all of a batch, or none. */
  batchTicks?: number;
  /** For how long a tick waits for others while earlier ones are on their way, by default 5 ms. */
  lingerMs?: number;
  /** That may be held until the server has them, by default 100,000. */
  bufferTicks?: number;
  /** Of those, by default 32 MiB. */
  bufferBytes?: number;
  /** For how long `publish` waits for room before it throws `BufferFull`, by default 60 s. */
  fullTimeoutMs?: number;
  /** For how long `close` waits for what is held before it throws `Undelivered`, by default 10 s. */
  closeTimeoutMs?: number;
  /** A connection over which no batch is answered for this time is dead, by default 20 s. */
  heartbeatMs?: number;
  /** Is told of each batch that the server does not take. By default the next call throws it. */
  onRefused?: (error: BatchRefused) => void;
  /** Parts of the world that stand in for those of this scope. */
  environment?: Partial<Environment>;
}

/** The events of a publisher. */
export interface FeedPublisherEvents {
  /** An error that it survives. */
  problem: FeedError;
}

const BATCH_BYTES = 256 * 1024;
const MAX_REFUSALS = 100;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

export class FeedPublisher {
  /** The name under which the server numbers what comes from here. */
  readonly producer: string;
  readonly #codec: CodecName;
  readonly #bounds: Bounds;
  readonly #onRefused: ((error: BatchRefused) => void) | undefined;
  readonly #environment: Environment;
  readonly #emitter = new Emitter<FeedPublisherEvents>();
  readonly #outbox: Outbox;
  readonly #lifeline: Lifeline;
  readonly #changed: Bell;
  #refusals: BatchRefused[] = [];
  #failure: { error: unknown } | undefined;
  #numbersItself: boolean | undefined;
  /** Calls of `publish` that wait for room, in order. */
  readonly #line: object[] = [];
  #isClosing = false;
  #closed = false;

  /** Begin to connect. Throws InvalidInput when an option is not accepted. */
  constructor(options: FeedPublisherOptions = {}) {
    this.#environment = environment(options.environment);
    const base = baseOf(options.url, this.#environment);
    const { producer = randomName(), codec = "msgpack", source } = options;
    if (!NAME.test(producer)) {
      throw new InvalidInput("producer", producer, "1 to 64 of the characters A-Z a-z 0-9 . _ -");
    }
    if (codec !== "msgpack" && codec !== "json") {
      throw new InvalidInput("codec", codec, "msgpack or json");
    }
    this.producer = producer;
    this.#codec = codec;
    this.#bounds = boundsOf(options);
    this.#onRefused = options.onRefused;
    this.#changed = new Bell(this.#environment);
    this.#outbox = new Outbox(producer, this.#bounds.batchTicks, BATCH_BYTES);
    this.#lifeline = new Lifeline(
      {
        base,
        source,
        codec,
        credentials: options.credentials,
        heartbeatMs: this.#bounds.heartbeatMs,
        lingerMs: this.#bounds.lingerMs,
      },
      this.#outbox,
      this.#environment,
      {
        changed: () => this.#changed.ring(),
        problem: (error) => this.#problem(error),
      },
    );
    void this.#run();
  }

  /** Call `listener` for each event of this name, until the returned function is called. */
  on<Name extends keyof FeedPublisherEvents>(
    name: Name,
    listener: (value: FeedPublisherEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  /** The position of the newest tick that was acknowledged. */
  get position(): string | undefined {
    return this.#outbox.position;
  }

  /** The number of the newest batch that the server has of this producer, known from `open` on. */
  get last(): number | undefined {
    return this.#outbox.last;
  }

  /** The number of ticks that are held here, since the server may not keep them yet. */
  get unsafeTicks(): number {
    return this.#outbox.ticks;
  }

  /** The number of connections that stood. */
  get connects(): number {
    return this.#lifeline.connects;
  }

  /** Wait until a connection stands and the server has told what it has of this producer. */
  async open(): Promise<void> {
    await this.#until(() => this.#lifeline.stands);
  }

  /**
   * Publish ticks, in order; resolves once they are in the buffer, from where they are sent.
   *
   * All are checked before any is taken. Where there is no room for all, it waits; of more ticks than
   * the buffer ever holds, the first are taken as soon as there is room for them. With a `sequence`
   * they are one batch of this number, which the caller gives so that it can publish it again after
   * a restart of its own; all calls have one, or none.
   *
   * Throws InvalidInput (none is taken), BufferFull (its `taken` were), BatchRefused (of an earlier
   * batch; none is taken), and what ended the publisher for good.
   */
  async publish(
    ticks: Publishable | readonly Publishable[],
    { sequence }: { sequence?: number } = {},
  ): Promise<void> {
    this.#check();
    if (this.#isClosing) {
      throw new Closed();
    }
    this.#throwRefusal();
    const list = Array.isArray(ticks) ? (ticks as readonly Publishable[]) : [ticks as Publishable];
    const rows = packRows(list, this.#codec, this.#environment.now());
    if (sequence !== undefined) {
      await this.#publishBatch(sequence, rows);
    } else {
      this.#number(false);
      await this.#publishRows(rows);
    }
  }

  /**
   * Wait until the server has all that was published so far, and would keep it; return the position
   * of the newest tick that was acknowledged.
   *
   * Throws BatchRefused where it did not take a batch (call it again for the rest), and what ended
   * the publisher for good.
   */
  async flush(): Promise<string | undefined> {
    const last = this.#line.at(-1);
    await this.#until(() => last === undefined || !this.#line.includes(last));
    const target = this.#outbox.published;
    await this.#until(() => this.#outbox.safe >= target);
    this.#throwRefusal();
    return this.#outbox.position;
  }

  /**
   * Flush within `closeTimeoutMs`, and end the connection; harmless when called twice.
   *
   * Throws Undelivered, or a BatchRefused that nobody was told of.
   */
  async close(): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#isClosing = true;
    let reason = "";
    try {
      const { closeTimeoutMs } = this.#bounds;
      const isEmpty = () => this.#line.length === 0 && this.#outbox.ticks === 0;
      if (!(await this.#until(isEmpty, closeTimeoutMs))) {
        reason = `${this.#whyStuck()}, ${closeTimeoutMs / 1_000} s after the last`;
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    this.#closed = true;
    this.#lifeline.close();
    this.#changed.ring();
    if (this.#outbox.ticks > 0) {
      throw new Undelivered(this.#outbox.ticks, this.#outbox.safe, reason);
    }
    this.#throwRefusal();
  }

  async #run(): Promise<void> {
    try {
      await this.#lifeline.run();
    } catch (error) {
      this.#failure = { error };
      this.#lifeline.close();
    }
    this.#changed.ring();
  }

  async #publishRows(rows: readonly Row[]): Promise<void> {
    const { bufferTicks, bufferBytes, batchTicks } = this.#bounds;
    const fits = rows.length <= bufferTicks && sizeOf(rows) <= bufferBytes;
    const step = fits ? rows.length : batchTicks;
    await this.#take(rows, step, (part) => this.#outbox.add(part));
  }

  async #publishBatch(sequence: number, rows: readonly Row[]): Promise<void> {
    const { batchTicks } = this.#bounds;
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      throw new InvalidInput("sequence", sequence, "a whole number from 1");
    }
    if (rows.length === 0 || rows.length > batchTicks) {
      throw new InvalidInput("ticks", rows.length, `for one batch 1 to batchTicks=${batchTicks}`);
    }
    this.#number(true);
    await this.#take(rows, rows.length, () => {
      if (this.#outbox.holds(sequence)) {
        throw new InvalidInput("sequence", sequence, "a number that is not on its way already");
      }
      this.#outbox.addBatch(sequence, rows);
    });
  }

  /** See that the caller numbers all batches, or none. */
  #number(itself: boolean): void {
    this.#numbersItself ??= itself;
    if (this.#numbersItself !== itself) {
      throw new InvalidInput("sequence", itself, "one in all calls, or in none, of a publisher");
    }
  }

  /**
   * Take rows in parts, each once there is room for it, behind the calls that wait already.
   *
   * A part is taken in the moment in which there is found to be room, and not after an await: another
   * call could take the room, and `close` find that there is nothing to send.
   */
  async #take(
    rows: readonly Row[],
    step: number,
    add: (part: readonly Row[]) => void,
  ): Promise<void> {
    const place = {};
    let taken = 0;
    const isFirst = () => this.#line[0] === place;
    const takeSome = () => {
      const before = taken;
      let part = rows.slice(taken, taken + step);
      while (part.length > 0 && isFirst() && this.#hasRoom(part)) {
        add(part);
        taken += part.length;
        part = rows.slice(taken, taken + step);
        this.#lifeline.wake();
      }
      if (taken === rows.length) {
        this.#line.shift();
      }
      return taken > before;
    };
    this.#line.push(place);
    try {
      while (taken < rows.length) {
        if (!(await this.#until(takeSome, this.#bounds.fullTimeoutMs))) {
          const { fullTimeoutMs } = this.#bounds;
          throw new BufferFull(taken, this.#outbox.ticks, fullTimeoutMs, this.#whyStuck());
        }
      }
    } finally {
      const left = this.#line.indexOf(place);
      if (left >= 0) {
        this.#line.splice(left, 1);
        this.#changed.ring();
      }
    }
  }

  #hasRoom(rows: readonly Row[]): boolean {
    const { bufferTicks, bufferBytes } = this.#bounds;
    const { ticks, bytes } = this.#outbox;
    return (
      ticks === 0 || (ticks + rows.length <= bufferTicks && bytes + sizeOf(rows) <= bufferBytes)
    );
  }

  /** Wait until something holds, for at most `limitMs`; return whether it does. */
  async #until(holds: () => boolean, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const endMs = this.#environment.now() + limitMs;
    for (;;) {
      this.#check();
      if (holds()) {
        return true;
      }
      const leftMs = endMs - this.#environment.now();
      if (leftMs <= 0) {
        return false;
      }
      await this.#changed.wait(Number.isFinite(leftMs) ? leftMs : undefined);
    }
  }

  #check(): void {
    if (this.#failure !== undefined) {
      throw this.#failure.error;
    }
    if (this.#closed) {
      throw new Closed();
    }
  }

  #throwRefusal(): void {
    const refusal = this.#refusals.shift();
    if (refusal !== undefined) {
      throw refusal;
    }
  }

  #whyStuck(): string {
    const { stands, reason = "it was not made yet" } = this.#lifeline;
    return stands ? this.#outbox.state : `there is no connection: ${reason}`;
  }

  #problem(error: FeedError): void {
    if (error instanceof BatchRefused) {
      if (this.#onRefused !== undefined) {
        this.#onRefused(error);
      } else if (this.#refusals.length < MAX_REFUSALS) {
        this.#refusals.push(error);
      }
    }
    this.#emitter.emit("problem", error);
  }
}

interface Bounds {
  batchTicks: number;
  lingerMs: number;
  bufferTicks: number;
  bufferBytes: number;
  fullTimeoutMs: number;
  closeTimeoutMs: number;
  heartbeatMs: number;
}

const DEFAULT_BOUNDS: Bounds = {
  batchTicks: 500,
  lingerMs: 5,
  bufferTicks: 100_000,
  bufferBytes: 32 * 1024 * 1024,
  fullTimeoutMs: 60_000,
  closeTimeoutMs: 10_000,
  heartbeatMs: 20_000,
};
const COUNTS = new Set(["batchTicks", "bufferTicks", "bufferBytes"]);

function boundsOf(options: FeedPublisherOptions): Bounds {
  const bounds = { ...DEFAULT_BOUNDS };
  for (const name of Object.keys(DEFAULT_BOUNDS) as (keyof Bounds)[]) {
    const value = options[name];
    if (value === undefined) {
      continue;
    }
    const least = COUNTS.has(name) ? 1 : 0;
    const isCount = !COUNTS.has(name) || Number.isSafeInteger(value);
    if (typeof value !== "number" || !(value >= least) || !isCount) {
      throw new InvalidInput(name, value, `a number of at least ${least}`);
    }
    bounds[name] = value;
  }
  return bounds;
}

function randomName(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(8));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
