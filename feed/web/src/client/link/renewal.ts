/**
 * A renewal: other credentials before those that were shown end, and the connection with them.
 *
 * A server says `expiring` at most 30 s before. A part of this time passes, so that the clients of
 * one server do not all ask at once; then the caller's function is asked, again and again after
 * growing waits, for as long as the connection stands: the server knows best when the end has come.
 */

import type { Environment } from "../environment.ts";
import { NoCredentials } from "../errors.ts";
import type { Credentials } from "../transports/transport.ts";
import { timeMs } from "../wire/time.ts";
import { Backoff } from "./backoff.ts";
import { Bell } from "./bell.ts";
import type { Papers } from "./papers.ts";

/** Before the end, at most, the server tells it. */
const NOTICE_MS = 30_000;
/** At least this is taken to be left: clocks differ. */
const LEAST_MS = 2_000;
/** Of what is left, this much passes first: a random part in between. */
const FROM = 0.25;
const TO = 0.5;

export interface RenewalHost {
  /** The function failed; it is asked again. */
  failed(error: NoCredentials): void;
  found(credentials: Credentials): void;
}

export class Renewal {
  readonly #papers: Papers;
  readonly #environment: Environment;
  readonly #host: RenewalHost;
  readonly #bell: Bell;
  #isOver = false;

  constructor(papers: Papers, leftMs: number, environment: Environment, host: RenewalHost) {
    this.#papers = papers;
    this.#environment = environment;
    this.#host = host;
    this.#bell = new Bell(environment);
    void this.#run(Math.max(leftMs, LEAST_MS));
  }

  /** End it, with its connection. */
  stop(): void {
    this.#isOver = true;
    this.#bell.ring();
  }

  async #run(leftMs: number): Promise<void> {
    await this.#bell.wait(leftMs * (FROM + this.#environment.random() * (TO - FROM)));
    const backoff = new Backoff(() => this.#environment.random());
    while (!this.#isOver) {
      const answer = await this.#ask();
      if (this.#isOver) {
        return;
      }
      if (!(answer instanceof NoCredentials)) {
        this.#host.found(answer);
        return;
      }
      this.#host.failed(answer);
      await this.#bell.wait(backoff.next());
    }
  }

  async #ask(): Promise<Credentials | NoCredentials> {
    try {
      return await this.#papers.renew();
    } catch (error) {
      if (error instanceof NoCredentials) {
        return error;
      }
      throw error;
    }
  }
}

/** How long it is until a time that a server told, as far as two clocks agree: 0 to 30 s. */
export function leftUntil(time: string, nowMs: number): number {
  const endMs = timeMs(time);
  return Number.isNaN(endMs) ? NOTICE_MS : Math.min(Math.max(0, endMs - nowMs), NOTICE_MS);
}
