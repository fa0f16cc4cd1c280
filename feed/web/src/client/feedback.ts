/**
 * Feedback: ages of ticks when this reader had them, a few of them now and then.
 *
 * Only the reader knows the age that a user feels. A server that wants to know takes a sample at
 * `POST /v1/feedback`; where it does not, nothing is lost.
 */

import { between, type Environment } from "./environment.ts";
import {
  authorization,
  type CredentialsSource,
  currentCredentials,
  type TransportKind,
} from "./transports/transport.ts";

const PATH = "v1/feedback";
const INTERVAL_MS = 10_000;
/** The outcome of a report to a server that plays a recording. */
const NOT_LIVE = "not_live";
/** In one report; the server accepts no more. */
const MAX_AGES = 64;
/** Older ticks are of a recording, and the server accepts no such age. */
const MAX_AGE_MS = 24 * 60 * 60 * 1_000;

export class FeedbackReporter {
  readonly #url: URL;
  readonly #environment: Environment;
  readonly #credentials: CredentialsSource | undefined;
  #ages: number[] = [];
  #seen = 0;
  #sentMs: number;
  #isWanted = true; // until the server says that its ticks have no age

  constructor(base: string, environment: Environment, credentials?: CredentialsSource) {
    this.#url = new URL(PATH, base);
    this.#environment = environment;
    this.#credentials = credentials;
    this.#sentMs = environment.now();
  }

  /** Note the age of one tick. A random sample of all is kept (Vitter's algorithm R). */
  note(ageMs: number): void {
    if (!this.#isWanted || ageMs > MAX_AGE_MS) {
      return;
    }
    this.#seen += 1;
    if (this.#ages.length < MAX_AGES) {
      this.#ages.push(ageMs);
      return;
    }
    const place = Math.floor(this.#environment.random() * this.#seen);
    if (place < MAX_AGES) {
      this.#ages[place] = ageMs;
    }
  }

  /** Report, if it is time. */
  reportWhenDue(transport: TransportKind, nowMs: number): void {
    if (between(this.#sentMs, nowMs) < INTERVAL_MS || this.#ages.length === 0) {
      return;
    }
    const body = JSON.stringify({ transport, ages_ms: this.#ages });
    this.#ages = [];
    this.#seen = 0;
    this.#sentMs = nowMs;
    // A failure has no consequence: the connection tells the cause.
    this.#send(body).catch(() => {});
  }

  async #send(body: string): Promise<void> {
    const headers = authorization(await currentCredentials(this.#credentials));
    const init = { method: "POST", body, headers, keepalive: true };
    const answer = await this.#environment.fetch(this.#url, init);
    if (answer.status === 200) {
      const { outcome } = (await answer.json()) as { outcome?: string };
      this.#isWanted = outcome !== NOT_LIVE;
    }
  }
}
