/** Who the client says it is: credentials, or a function that is asked anew for each connection. */

import type { Environment } from "../environment.ts";
import { NoCredentials } from "../errors.ts";
import {
  type Credentials,
  type CredentialsSource,
  currentCredentials,
} from "../transports/transport.ts";

/** The time that the caller's function may take. */
const ASK_TIMEOUT_MS = 10_000;

export class Papers {
  readonly #source: CredentialsSource | undefined;
  readonly #environment: Environment;
  #shown: Credentials | undefined; // last
  #endsAtMs: number | undefined; // when these end, if the server said so
  #kept: { credentials: Credentials; sinceMs: number } | undefined; // for the next connection

  constructor(source: CredentialsSource | undefined, environment: Environment) {
    this.#source = source;
    this.#environment = environment;
  }

  /** Whether there is a function, which may know others. */
  get canRenew(): boolean {
    return typeof this.#source === "function";
  }

  /** Note that the credentials that were shown are not good after a time. */
  noteEnd(endsAtMs: number): void {
    this.#endsAtMs = endsAtMs;
  }

  /** Show these on the next connection, if it is made soon. */
  keep(credentials: Credentials): void {
    this.#kept = { credentials, sinceMs: this.#environment.now() };
  }

  /**
   * Return what to show on the next connection.
   *
   * Throws NoCredentials, fatal where those that were shown have ended.
   */
  async show(): Promise<Credentials | undefined> {
    const kept = this.#kept;
    this.#kept = undefined;
    const nowMs = this.#environment.now();
    if (kept !== undefined && nowMs - kept.sinceMs <= ASK_TIMEOUT_MS) {
      return kept.credentials;
    }
    if (this.#endsAtMs === undefined || nowMs < this.#endsAtMs || !this.canRenew) {
      this.#shown = await this.#ask();
      return this.#shown;
    }
    try {
      return await this.renew();
    } catch (error) {
      throw error instanceof NoCredentials ? new NoCredentials(error.reason, true) : error;
    }
  }

  /** Return what to show in place of what ends. Throws NoCredentials. */
  async renew(): Promise<Credentials> {
    const credentials = await this.#ask();
    if (credentials === undefined || isSame(credentials, this.#shown)) {
      throw new NoCredentials("there are none but those that end");
    }
    this.#shown = credentials;
    this.#endsAtMs = undefined;
    return credentials;
  }

  async #ask(): Promise<Credentials | undefined> {
    let timer: unknown;
    const late = new Promise<never>((_, reject) => {
      timer = this.#environment.setTimeout(() => {
        reject(new Error(`no answer within ${ASK_TIMEOUT_MS / 1_000} s`));
      }, ASK_TIMEOUT_MS);
    });
    try {
      return await Promise.race([currentCredentials(this.#source), late]);
    } catch (error) {
      throw new NoCredentials(error instanceof Error ? error.message : String(error));
    } finally {
      this.#environment.clearTimeout(timer);
    }
  }
}

function isSame(one: Credentials, other: Credentials | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
