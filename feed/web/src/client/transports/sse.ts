/**
 * The EventSource transport. The id of an event is the position; binary codecs come as base64.
 *
 * The browser's own reconnecting is not used: it neither backs off nor changes the transport. Page
 * code cannot see why an EventSource was refused, so the same URL is asked once more with `fetch`
 * to be able to say it.
 */

import type { Environment } from "../environment.ts";
import { FeedError, TransportFailed } from "../errors.ts";
import { codecs } from "../wire/codec.ts";
import { Inbox } from "./inbox.ts";
import { expectStream } from "./problem.ts";
import {
  type Arrival,
  authorization,
  type Credentials,
  MAX_URL_LENGTH,
  type Opened,
  type Request,
  requestUrl,
  type Transport,
} from "./transport.ts";

const PATH = "v1/sse";
const TICKETS_PATH = "v1/tickets";
const NAMED_EVENTS = [
  "gap",
  "snapshot",
  "mark",
  "feed",
  "warning",
  "subscription",
  "expiring",
  "leaving",
  "bye",
] as const;

export class EventSourceTransport implements Transport {
  readonly kind = "sse";
  readonly canSubscribe = false;
  readonly #request: Request;
  readonly #environment: Environment;
  readonly #inbox: Inbox;
  #source: EventSource | undefined;
  #isClosed = false;

  constructor(request: Request, environment: Environment) {
    this.#request = request;
    this.#environment = environment;
    this.#inbox = new Inbox(() => {
      this.#inbox.end(new TransportFailed("sse", "nobody read; dropped to resume later"));
      this.#source?.close();
    });
  }

  async open(): Promise<Opened> {
    const { EventSource } = this.#environment;
    if (EventSource === undefined) {
      throw new TransportFailed(this.kind, "there is no EventSource here");
    }
    const { codec } = this.#request;
    const url = requestUrl(PATH, this.#request);
    url.searchParams.set("codec", codec);
    if (url.href.length > MAX_URL_LENGTH) {
      throw new TransportFailed(
        this.kind,
        `the selection is too long for a URL (${url.href.length})`,
      );
    }
    const { credentials } = this.#request;
    const withTicket = new URL(url);
    if (credentials !== undefined) {
      const ticket = await this.#ticket(credentials);
      if (ticket !== undefined) {
        withTicket.searchParams.set("ticket", ticket);
      }
      if (this.#isClosed) {
        throw new TransportFailed(this.kind, "closed while it was opened");
      }
    }
    const source = new EventSource(withTicket.href);
    this.#source = source;
    source.onmessage = (event: MessageEvent<string>) => this.#inbox.push(this.#ticks(event));
    for (const name of NAMED_EVENTS) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        this.#inbox.push({ payload: event.data, codec: "json", ...position(event) });
      });
    }
    const opened = await new Promise<boolean>((resolve) => {
      source.onopen = () => resolve(true);
      source.onerror = () => {
        resolve(false);
        source.close(); // or it would come back by itself
        this.#inbox.end(new TransportFailed(this.kind, "the connection broke"));
      };
    });
    if (!opened) {
      throw await this.#explain(url);
    }
    return { codec, compression: undefined, connection: undefined }; // no headers are shown
  }

  read(): Promise<Arrival | undefined> {
    return this.#inbox.read();
  }

  send(): void {}

  close(): void {
    this.#isClosed = true;
    this.#inbox.end();
    this.#source?.close();
  }

  #ticks(event: MessageEvent<string>): Arrival {
    const { codec } = this.#request;
    const payload = codecs[codec].isText ? event.data : fromBase64(event.data);
    return { payload, codec, ...position(event) };
  }

  /** Ask for what an EventSource can show; undefined where nobody has to show anything. */
  async #ticket(credentials: Credentials): Promise<string | undefined> {
    let response: Response;
    try {
      response = await this.#environment.fetch(new URL(TICKETS_PATH, this.#request.base), {
        method: "POST",
        headers: { ...authorization(credentials), "Content-Type": "application/json" },
        body: "{}",
      });
    } catch (error) {
      throw new TransportFailed(this.kind, `could not connect: ${(error as Error).message}`);
    }
    if (response.status === 204) {
      return undefined;
    }
    await expectStream(this.kind, response, "application/json");
    return ((await response.json()) as { ticket: string }).ticket;
  }

  /** Ask once more, to learn what the browser does not tell. */
  async #explain(url: URL): Promise<FeedError> {
    const abort = new AbortController();
    try {
      const response = await this.#environment.fetch(url, {
        headers: { Accept: "text/event-stream", ...authorization(this.#request.credentials) },
        signal: abort.signal,
      });
      await expectStream(this.kind, response, "text/event-stream");
    } catch (error) {
      return error instanceof FeedError
        ? error
        : new TransportFailed(this.kind, `could not connect: ${(error as Error).message}`);
    } finally {
      abort.abort();
    }
    return new TransportFailed(this.kind, "could not connect, although the server answers");
  }
}

function position(event: MessageEvent<string>): { position?: string } {
  return event.lastEventId === "" ? {} : { position: event.lastEventId };
}

/** Decode base64; any other text is handed on as it is, and the codec refuses it. */
function fromBase64(text: string): Uint8Array | string {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return text;
  }
}
