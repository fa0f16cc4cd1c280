/**
 * The HTTP stream transport: `fetch` and a reader, of frames one after the other.
 *
 * Bytes are taken from the network only when somebody asks for the next frame, so a consumer that
 * is slow slows the sender through TCP. Splitting is the splitter's work, decoding the codec's.
 */

import type { Environment } from "../environment.ts";
import { FeedError, TransportFailed } from "../errors.ts";
import { codecs } from "../wire/codec.ts";
import type { Splitter } from "../wire/splitter.ts";
import { expectStream } from "./problem.ts";
import {
  type Arrival,
  authorization,
  MAX_URL_LENGTH,
  type Opened,
  type Request,
  requestUrl,
  type Transport,
} from "./transport.ts";

const PATH = "v1/stream";

export class StreamTransport implements Transport {
  readonly kind = "stream";
  readonly canSubscribe = false;
  readonly #request: Request;
  readonly #environment: Environment;
  readonly #abort = new AbortController();
  readonly #splitter: Splitter;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #values: Uint8Array[] = [];
  #next = 0;

  constructor(request: Request, environment: Environment) {
    this.#request = request;
    this.#environment = environment;
    this.#splitter = codecs[request.codec].makeSplitter();
  }

  async open(): Promise<Opened> {
    const { codec } = this.#request;
    const { mediaType } = codecs[codec];
    const url = requestUrl(PATH, this.#request);
    if (url.href.length > MAX_URL_LENGTH) {
      throw new TransportFailed(
        this.kind,
        `the selection is too long for a URL (${url.href.length})`,
      );
    }
    let response: Response;
    try {
      response = await this.#environment.fetch(url, {
        headers: { Accept: mediaType, ...authorization(this.#request.credentials) },
        cache: "no-store",
        signal: this.#abort.signal,
      });
    } catch (error) {
      throw new TransportFailed(this.kind, `could not connect: ${(error as Error).message}`);
    }
    await expectStream(this.kind, response, mediaType);
    this.#reader = response.body?.getReader();
    const id = Number(response.headers.get("feed-connection"));
    return {
      codec,
      compression: response.headers.get("content-encoding") ?? "identity",
      connection: id > 0 ? id : undefined,
    };
  }

  async read(): Promise<Arrival | undefined> {
    while (this.#next === this.#values.length) {
      const chunk = await this.#readChunk();
      if (chunk === undefined) {
        return undefined;
      }
      this.#values = this.#splitter.push(chunk);
      this.#next = 0;
    }
    const payload = this.#values[this.#next] as Uint8Array;
    this.#next += 1;
    return { payload, codec: this.#request.codec };
  }

  send(): void {}

  close(): void {
    // A pending read settles by this, also where the abort does not end it.
    this.#reader?.cancel().catch(() => {}); // told by `read`
    this.#abort.abort();
  }

  async #readChunk(): Promise<Uint8Array | undefined> {
    try {
      const result = await this.#reader?.read();
      if (result === undefined || result.done) {
        const { pendingBytes } = this.#splitter;
        if (pendingBytes > 0) {
          throw new TransportFailed(
            this.kind,
            `ended within a message, after ${pendingBytes} bytes`,
          );
        }
        return undefined;
      }
      return result.value;
    } catch (error) {
      if (error instanceof FeedError) {
        throw error;
      }
      throw new TransportFailed(this.kind, `the connection broke: ${(error as Error).message}`);
    }
  }
}
