/** A TCP proxy that delays, cuts and corrupts what the server sends, as a seed decides. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Faults {
  /** The most bytes that a connection carries until it is cut. */
  maxBytes: number;
  /** Of the chunks from the server, how many get a byte that no UTF-8 text has. */
  corrupt: number;
}

export class BadProxy {
  cuts = 0;
  corruptions = 0;
  /** Once true, what comes is passed on as it is. */
  healed = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #random: () => number;
  readonly #faults: Faults;
  origin = "";

  private constructor(upstream: string, seed: number, faults: Faults) {
    this.#random = mulberry32(seed);
    this.#faults = faults;
    const port = Number(new URL(upstream).port);
    this.#server = createServer((socket) => this.#pipe(socket, connect(port, "127.0.0.1")));
  }

  static async start(upstream: string, seed: number, faults: Faults): Promise<BadProxy> {
    const proxy = new BadProxy(upstream, seed, faults);
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    proxy.origin = `http://127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`;
    return proxy;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await closed;
  }

  #pipe(client: Socket, server: Socket): void {
    let left = Math.ceil(this.#random() * this.#faults.maxBytes);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {}); // its other end was cut
      socket.on("close", () => {
        this.#sockets.delete(socket);
        server.destroy();
        client.destroy();
      });
    }
    client.on("data", (chunk) => server.write(chunk));
    let isCut = false;
    server.on("data", (chunk: Buffer) => {
      if (isCut) {
        return;
      }
      client.write(this.healed ? chunk : this.#damage(chunk.subarray(0, left)));
      left -= this.healed ? 0 : chunk.length;
      if (left <= 0) {
        isCut = true;
        this.cuts += 1;
        client.destroySoon(); // after what was written: a cut within a message
      } else if (this.#random() < 0.1) {
        server.pause();
        setTimeout(() => server.resume(), this.#random() * 5);
      }
    });
  }

  #damage(chunk: Buffer): Buffer {
    const head = chunk.indexOf("\r\n\r\n"); // the answer's header is left alone
    const first = head < 0 ? 0 : head + 4;
    if (first >= chunk.length || this.#random() >= this.#faults.corrupt) {
      return chunk;
    }
    this.corruptions += 1;
    const damaged = Buffer.from(chunk);
    damaged[first + Math.floor(this.#random() * (chunk.length - first))] = 0xff;
    return damaged;
  }
}

/** A small generator with a seed. Source: Tommy Ettinger's mulberry32, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
