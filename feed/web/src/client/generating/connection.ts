/**
 * One connection of an answer: a response that ends with it, and the meaning of every other one.
 *
 * Throws TransportFailed (come back), Refused and GenerationFailed (do not). Knows nothing of what is
 * in the bytes.
 */

import type { Environment } from "../environment.ts";
import { type FeedError, GenerationFailed, Lost, Refused } from "../errors.ts";
import type { Abort, Reader } from "../platform.ts";
import { authorization, type Credentials } from "../transports/transport.ts";
import type { Wanted } from "./way.ts";

const EVENTS = "text/event-stream";
/** The time to be told that an answer begins: a model may take 30 s to its first token. */
export const OPEN_TIMEOUT_MS = 60_000;
/** A server that asks us to stay away for longer is asked again all the same. */
const LONGEST_AWAY_MS = 300_000;
/** Statuses after which asking the same again can succeed. */
const PASSING = new Set([408, 425, 429]);
/** The model's failures: the server has tried again already, as often as is of use. */
const FAILED = new Set([502, 504]);

interface Told {
  error?: { code?: unknown; type?: unknown; message?: unknown };
  detail?: unknown;
  title?: unknown;
}

export class AnswerConnection {
  /** Of the generation, as the head of the response tells. */
  readonly id: string | undefined;
  readonly #environment: Environment;
  readonly #abort: Abort;
  readonly #reader: Reader<Uint8Array>;

  private constructor(
    environment: Environment,
    abort: Abort,
    response: Response,
    reader: Reader<Uint8Array>,
  ) {
    this.id = response.headers.get("feed-generation") ?? undefined;
    this.#environment = environment;
    this.#abort = abort;
    this.#reader = reader;
  }

  /** Send the request, and look at the head of its answer; `abort` ends it at any time. */
  static async open(
    base: string,
    wanted: Wanted,
    credentials: Credentials | undefined,
    environment: Environment,
    abort: Abort,
  ): Promise<AnswerConnection> {
    const response = await request(base, wanted, EVENTS, credentials, environment, abort);
    const reader = response.body?.getReader();
    if (reader === undefined) {
      throw new Lost("stream", "the response has no body");
    }
    return new AnswerConnection(environment, abort, response, reader);
  }

  /** Return the next bytes. A silence of `heartbeatMs` ends the connection. */
  async read(heartbeatMs: number): Promise<Uint8Array> {
    let isSilent = false;
    const timer = this.#environment.setTimeout(() => {
      isSilent = true;
      this.close();
    }, heartbeatMs);
    try {
      const { value } = await this.#reader.read();
      if (value !== undefined) {
        return value;
      }
    } catch (error) {
      if (!isSilent) {
        throw new Lost("stream", `the connection broke: ${(error as Error).message}`);
      }
    } finally {
      this.#environment.clearTimeout(timer);
    }
    throw new Lost(
      "stream",
      isSilent ? `nothing came for ${heartbeatMs / 1_000} s` : "it ended before the answer did",
    );
  }

  close(): void {
    // A pending read settles by this, also where the abort does not end it.
    this.#reader.cancel().catch(() => {}); // told by `read`
    this.#abort.abort();
  }
}

/** Ask for something that is done, and answered with an object. */
export async function post(
  base: string,
  path: string,
  credentials: Credentials | undefined,
  environment: Environment,
): Promise<void> {
  const abort = new AbortController();
  const wanted = { path, query: {}, body: {} };
  const json = "application/json";
  const response = await request(base, wanted, json, credentials, environment, abort);
  await response.body?.cancel();
}

async function request(
  base: string,
  { path, query, body }: Wanted,
  accepted: string,
  credentials: Credentials | undefined,
  environment: Environment,
  abort: Abort,
): Promise<Response> {
  const url = new URL(path, base);
  url.search = new URLSearchParams(query).toString();
  const headers: Record<string, string> = { Accept: accepted, ...authorization(credentials) };
  const init: RequestInit = { headers, cache: "no-store", signal: abort.signal };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.method = "POST";
    init.body = JSON.stringify(body);
  }
  let isLate = false;
  const timer = environment.setTimeout(() => {
    isLate = true;
    abort.abort();
  }, OPEN_TIMEOUT_MS);
  try {
    const response = await environment.fetch(url.href, init);
    const received = response.headers.get("content-type")?.split(";")[0]?.trim();
    if (response.status === 200 && received === accepted) {
      return response;
    }
    throw await meaning(response, received ?? "no content type", accepted);
  } catch (error) {
    if (error instanceof Lost || error instanceof Refused || error instanceof GenerationFailed) {
      throw error;
    }
    const late = `no answer within ${OPEN_TIMEOUT_MS / 1_000} s`;
    throw new Lost("stream", isLate ? late : `could not connect: ${(error as Error).message}`);
  } finally {
    environment.clearTimeout(timer);
  }
}

/** Return what an answer means that is not what was asked for. */
async function meaning(response: Response, received: string, due: string): Promise<FeedError> {
  const { status, headers } = response;
  if (status === 200 || !received.includes("json")) {
    await response.body?.cancel();
    const words = `answered ${status} with ${received} where ${due} was due`;
    return status >= 400 && status < 500 && !PASSING.has(status)
      ? new Refused(status, words, true)
      : new Lost("stream", words);
  }
  const told = await response.json().then(
    (value: unknown) => (typeof value === "object" && value !== null ? (value as Told) : {}),
    () => ({}) as Told,
  );
  const { error } = told;
  const words = String(error?.message ?? told.detail ?? told.title ?? `status ${status}`);
  if (error !== undefined && FAILED.has(status)) {
    return new GenerationFailed(undefined, String(error.code ?? error.type ?? ""), words);
  }
  if (status >= 500 || PASSING.has(status)) {
    const awayMs = Number(headers.get("retry-after") ?? 0) * 1_000;
    return new Lost("stream", words, awayMs > 0 ? Math.min(awayMs, LONGEST_AWAY_MS) : 0);
  }
  return new Refused(status, words, true);
}
