/** Who calls a server, and how often: credentials are those of now, waits grow with failures. */

import { type Call, call, type Document } from "./calls.ts";
import type { Environment } from "./environment.ts";
import { Closed, type FeedError, Lost, NoCredentials } from "./errors.ts";
import { Backoff } from "./link/backoff.ts";
import { Bell } from "./link/bell.ts";
import { Papers } from "./link/papers.ts";
import type { Credentials, CredentialsSource } from "./transports/transport.ts";

export class Caller {
  readonly base: string;
  readonly environment: Environment;
  readonly #papers: Papers;
  readonly #bell: Bell;
  #isClosed = false;

  constructor(base: string, credentials: CredentialsSource | undefined, environment: Environment) {
    this.base = base;
    this.environment = environment;
    this.#papers = new Papers(credentials, environment);
    this.#bell = new Bell(environment);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Who it says it is. Throws NoCredentials. */
  credentials(): Promise<Credentials | undefined> {
    return this.#papers.show();
  }

  /** Call once. Throws Lost, Refused, NoCredentials. */
  async once(what: Call): Promise<Document> {
    return await call(this.base, what, await this.credentials(), this.environment);
  }

  /**
   * Call until there is an answer; tell of each failure.
   *
   * Throws Refused, and Closed.
   */
  async untilAnswered(what: Call, onProblem: (error: FeedError) => void): Promise<Document> {
    const backoff = new Backoff(() => this.environment.random());
    while (!this.#isClosed) {
      try {
        return await this.once(what);
      } catch (error) {
        if (!(error instanceof Lost || error instanceof NoCredentials)) {
          throw error;
        }
        if (!this.#isClosed) {
          onProblem(error);
          const awayMs = error instanceof Lost ? error.awayMs : 0;
          await this.rest(backoff.next() + awayMs);
        }
      }
    }
    throw new Closed();
  }

  /** Wait for a while, or until it is woken. */
  async rest(limitMs?: number): Promise<void> {
    if (!this.#isClosed) {
      await this.#bell.wait(limitMs);
    }
  }

  /** End all waits: there is something to do, or a connection again. */
  wake(): void {
    this.#bell.ring();
  }

  close(): void {
    this.#isClosed = true;
    this.#bell.ring();
  }
}

/** 128 random bits, as text. */
export function randomId(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
