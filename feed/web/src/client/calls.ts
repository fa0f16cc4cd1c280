/**
 * Calls over HTTP that are answered with a document: what rooms, alerts and jobs are told to do.
 *
 * Throws Lost (the same call may succeed later) and Refused (it will not).
 */

import type { Environment } from "./environment.ts";
import { Lost, Refused } from "./errors.ts";
import type { Signal } from "./platform.ts";
import { authorization, type Credentials } from "./transports/transport.ts";

/** The time that an answer may take. */
const TIMEOUT_MS = 15_000;
/** A server that asks us to stay away for longer is asked again all the same. */
const LONGEST_AWAY_MS = 300_000;
/** Statuses after which asking the same again can succeed; every other 4xx is final. */
const PASSING = new Set([408, 425, 429]);

export interface Call {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Of the server's URL; with its query. */
  path: string;
  body?: object;
  /** Let it go out although the page is being left. */
  keepalive?: boolean;
  /** Its end: the answer is not wanted any more. */
  signal?: Signal | undefined;
}

export type Document = Readonly<Record<string, unknown>>;

/** Make a call; return the document of its answer, empty where there is none. */
export async function call(
  base: string,
  { method, path, body, keepalive = false, signal }: Call,
  credentials: Credentials | undefined,
  environment: Environment,
): Promise<Document> {
  const abort = new AbortController();
  const leave = () => abort.abort();
  signal?.addEventListener("abort", leave);
  const headers: Record<string, string> = {
    Accept: "application/json",
    ...authorization(credentials),
  };
  const init: RequestInit = { method, headers, cache: "no-store", signal: abort.signal, keepalive };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const timer = environment.setTimeout(() => abort.abort(), TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await environment.fetch(new URL(path, base).href, init);
    text = await response.text();
  } catch (error) {
    const late = `no answer within ${TIMEOUT_MS / 1_000} s`;
    const words = signal?.aborted
      ? "it was not wanted any more"
      : abort.signal.aborted
        ? late
        : `could not connect: ${(error as Error).message}`;
    throw new Lost("http", words);
  } finally {
    environment.clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
  const document = documentOf(text);
  if (response.ok && (document !== undefined || text === "")) {
    return document ?? {};
  }
  throw meaning(response, document);
}

/** Return what an answer means that is not what was asked for. */
function meaning(
  { ok, status, headers }: Response,
  document: Document | undefined,
): Lost | Refused {
  const received = headers.get("content-type") ?? "no content type";
  const words =
    document === undefined
      ? `answered ${status} with ${received} where JSON was due`
      : String(document["detail"] ?? document["title"] ?? `status ${status}`);
  if (ok || status >= 500 || status < 400 || PASSING.has(status)) {
    const awayMs = Number(headers.get("retry-after") ?? 0) * 1_000;
    return new Lost("http", words, awayMs > 0 ? Math.min(awayMs, LONGEST_AWAY_MS) : 0);
  }
  return new Refused(status, words, false, document);
}

function documentOf(text: string): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Document)
      : undefined;
  } catch {
    return undefined;
  }
}
