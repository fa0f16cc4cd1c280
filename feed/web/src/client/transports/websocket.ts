/** The WebSocket transport: every codec by its subprotocol, control messages at any time. */

import type { Environment } from "../environment.ts";
import { TransportFailed } from "../errors.ts";
import { codecs } from "../wire/codec.ts";
import { makeSocket, type Socket } from "./socket.ts";
import type { Arrival, Opened, Request, Transport } from "./transport.ts";

const PATH = "v1/ws";

export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly canSubscribe = true;
  readonly #request: Request;
  readonly #environment: Environment;
  #socket: Socket | undefined;

  constructor(request: Request, environment: Environment) {
    this.#request = request;
    this.#environment = environment;
  }

  async open(): Promise<Opened> {
    const url = new URL(PATH, this.#request.base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const { codec } = this.#request;
    this.#socket = makeSocket(url.href, codec, this.#environment);
    if (this.#socket === undefined) {
      throw new TransportFailed(this.kind, "there is no WebSocket here");
    }
    const { extensions } = await this.#socket.open();
    const deflated = extensions.includes("permessage-deflate") && this.#request.compress !== false;
    const compression = deflated ? "deflate" : "identity";
    return { codec, compression, connection: undefined }; // its first message tells
  }

  async read(): Promise<Arrival | undefined> {
    return await this.#socket?.read();
  }

  send(message: object): void {
    this.#socket?.send(codecs[this.#request.codec].encode(message));
  }

  close(): void {
    this.#socket?.close();
  }
}
