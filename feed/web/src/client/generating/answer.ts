/**
 * The answer: text that is read while it is written, over however many connections.
 *
 * The consumer pulls. A step makes a connection or reads from it; what comes goes into the transcript,
 * whose new pieces are handed out one by one. When a connection ends before the answer does, the next
 * one goes on behind what has come. Breaking off the iteration drops the connection, and cancels
 * nothing.
 */

import type { Environment } from "../environment.ts";
import { Closed, FeedError, GaveUp, Lost, Malformed, Refused } from "../errors.ts";
import { Backoff } from "../link/backoff.ts";
import { Bell } from "../link/bell.ts";
import { Papers } from "../link/papers.ts";
import type { CredentialsSource } from "../transports/transport.ts";
import { PATH } from "./asking.ts";
import { AnswerConnection, post } from "./connection.ts";
import type { GenerationState, Grounding, Transcript, Usage } from "./transcript.ts";
import type { Way } from "./way.ts";

/** Connections in a row that broke the protocol. */
const MALFORMED_TRIES = 5;

export interface AnswerParts {
  base: string;
  way: Way;
  transcript: Transcript;
  credentials: CredentialsSource | undefined;
  heartbeatMs: number;
  giveUpAfterMs: number;
  onProblem: (error: FeedError) => void;
  environment: Environment;
}

export class Answer implements AsyncIterable<string> {
  readonly #parts: AnswerParts;
  readonly #papers: Papers;
  readonly #backoff: Backoff;
  /** Rings when it is closed, or the page comes online: waits end. */
  readonly #bell: Bell;
  #connection: AnswerConnection | undefined;
  #abort = new AbortController();
  #read: (chunk: Uint8Array) => void = () => {};
  /** The step that somebody waits for; others wait for the same. */
  #step: Promise<void> | undefined;
  #retryAtMs = 0;
  #heardMs: number | undefined;
  #malformed = 0;
  #isClosed = false;

  /** Ask nothing yet; `generate` and `watchAnswer` make it. */
  constructor(parts: AnswerParts) {
    const { credentials, environment } = parts;
    this.#parts = parts;
    this.#papers = new Papers(credentials, environment);
    this.#backoff = new Backoff(() => environment.random());
    this.#bell = new Bell(environment);
  }

  /** The id of the generation, by which others watch it; undefined until it has begun. */
  get id(): string | undefined {
    return this.#parts.transcript.id;
  }

  /** The model that answers; undefined until it is told. */
  get model(): string | undefined {
    return this.#parts.transcript.model;
  }

  /** All of the text that has come. */
  get text(): string {
    return this.#parts.transcript.text;
  }

  /** How it stands: "running", or how it ended. */
  get state(): GenerationState {
    return this.#parts.transcript.state;
  }

  /** The facts that it rests on, once they are told. */
  get grounding(): Grounding | undefined {
    return this.#parts.transcript.grounding;
  }

  /** Its tokens, once it is over, where they are told. */
  get usage(): Usage | undefined {
    return this.#parts.transcript.usage;
  }

  /** Ask now, rather than when the first piece is asked for; resolves once the answer has begun. */
  async open(): Promise<void> {
    const { transcript } = this.#parts;
    while (this.#connection === undefined && !transcript.isOver && !this.#isClosed) {
      await this.#doStep();
    }
  }

  /**
   * Return the next piece of text; undefined once it is over, or was closed.
   *
   * Throws GenerationFailed where the model failed, behind all that it had said; Refused, GaveUp,
   * Malformed or NoCredentials where it cannot be read on.
   */
  async next(): Promise<string | undefined> {
    const { transcript } = this.#parts;
    for (;;) {
      const piece = transcript.nextPiece();
      if (piece !== undefined) {
        return piece;
      }
      if (transcript.failure !== undefined) {
        throw transcript.failure;
      }
      if (transcript.isOver || this.#isClosed) {
        return undefined;
      }
      await this.#doStep();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return {
      next: async () => {
        const value = await this.next();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * Have the model stop; iteration ends with what it has said by then. Harmless once it is over.
   *
   * Throws Refused, GaveUp or NoCredentials where the server does not do it.
   */
  async cancel(): Promise<void> {
    const { base, transcript, environment } = this.#parts;
    if (transcript.id === undefined) {
      await this.open();
    }
    const path = `${PATH}/${encodeURIComponent(transcript.id ?? "")}/cancel`;
    while (!transcript.isOver && !this.#isClosed) {
      try {
        await post(base, path, await this.#papers.show(), environment);
        return;
      } catch (error) {
        if (transcript.isOver) {
          return; // it ended meanwhile
        }
        await this.#wait(this.#judge(error));
      }
    }
  }

  /** Drop the connection; iteration ends. The model goes on for a while, see `generate`. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
    this.#bell.ring();
  }

  #doStep(): Promise<void> {
    this.#step ??= this.#try().finally(() => {
      this.#step = undefined;
    });
    return this.#step;
  }

  async #try(): Promise<void> {
    const { environment, transcript } = this.#parts;
    try {
      await (this.#connection === undefined ? this.#connect() : this.#receive(this.#connection));
    } catch (error) {
      this.#drop();
      if (!this.#isClosed) {
        this.#isClosed = true; // unless the error can be survived
        const waitMs = this.#judge(error);
        this.#isClosed = false;
        this.#retryAtMs = environment.now() + waitMs;
      }
    }
    if (transcript.isOver) {
      this.#drop();
    }
  }

  async #connect(): Promise<void> {
    const { base, way, transcript, environment } = this.#parts;
    this.#heardMs ??= environment.now();
    await this.#wait(this.#retryAtMs - environment.now());
    const credentials = await this.#papers.show();
    if (this.#isClosed) {
      throw new Closed();
    }
    const abort = new AbortController();
    this.#abort = abort;
    const wanted = way.wanted();
    let connection: AnswerConnection;
    try {
      connection = await AnswerConnection.open(base, wanted, credentials, environment, abort);
    } catch (error) {
      if (error instanceof Refused && way.beginAgain(error)) {
        return;
      }
      throw error;
    }
    transcript.id ??= connection.id;
    this.#read = way.reader();
    this.#connection = connection;
  }

  async #receive(connection: AnswerConnection): Promise<void> {
    const { heartbeatMs, transcript, environment } = this.#parts;
    const { number } = transcript;
    this.#read(await connection.read(heartbeatMs));
    this.#heardMs = environment.now();
    if (transcript.number !== number) {
      this.#backoff.reset();
      this.#malformed = 0;
    }
  }

  /** Return after which time to come back from an error; throws it where that is of no use. */
  #judge(error: unknown): number {
    const { giveUpAfterMs, onProblem, environment } = this.#parts;
    if (!(error instanceof FeedError) || error.fatal) {
      throw error;
    }
    this.#malformed += error instanceof Malformed ? 1 : 0;
    if (this.#malformed >= MALFORMED_TRIES) {
      throw error;
    }
    const waitMs = this.#backoff.next() + (error instanceof Lost ? error.awayMs : 0);
    const triedMs = environment.now() - (this.#heardMs ?? environment.now());
    if (triedMs + waitMs > giveUpAfterMs) {
      throw new GaveUp(triedMs, error.message);
    }
    onProblem(error);
    return waitMs;
  }

  async #wait(waitMs: number): Promise<void> {
    if (waitMs <= 0 || this.#isClosed) {
      return;
    }
    const off = this.#parts.environment.onChange(
      (change) => change === "online" && this.#bell.ring(),
    );
    await this.#bell.wait(waitMs).finally(off);
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#abort.abort();
  }
}
