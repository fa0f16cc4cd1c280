/** `WebSocketStream` on top of `ws`: what Chromium has and Node has not. It pauses while nobody reads. */

import { WebSocket } from "ws";
import type {
  WebSocketStreamConstructor,
  WebSocketStreamLike,
} from "../../src/client/environment.ts";

interface CloseInfo {
  closeCode: number;
  reason: string;
}

class SocketStream implements WebSocketStreamLike {
  readonly opened: WebSocketStreamLike["opened"];
  readonly closed: Promise<CloseInfo>;
  readonly #socket: WebSocket;

  constructor(url: string, { protocols = [] }: { protocols?: string[] } = {}) {
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    socket.on("error", () => {}); // told by the promises
    let ended: (info: CloseInfo) => void = () => {};
    let failed: (error: Error) => void = () => {};
    this.closed = new Promise((resolve, reject) => {
      ended = resolve;
      failed = reject;
    });
    let isCancelled = false;
    const readable = new ReadableStream<string | Uint8Array>(
      {
        start(controller) {
          socket.on("message", (data: Buffer, isBinary) => {
            if (isCancelled) {
              return;
            }
            controller.enqueue(isBinary ? new Uint8Array(data) : data.toString());
            if ((controller.desiredSize ?? 0) <= 0) {
              socket.pause();
            }
          });
          socket.on("close", (closeCode, reason) => {
            if (closeCode === 1006) {
              controller.error(new Error("broken"));
              failed(new Error("broken"));
            } else {
              if (!isCancelled) {
                controller.close();
              }
              ended({ closeCode, reason: reason.toString() });
            }
          });
        },
        pull: () => {
          if (socket.isPaused) {
            socket.resume();
          }
        },
        cancel: () => {
          isCancelled = true;
          socket.resume();
        },
      },
      { highWaterMark: 1 },
    );
    const writable = new WritableStream<string | Uint8Array>({
      write: (data) => socket.send(data),
    });
    this.opened = new Promise((resolve, reject) => {
      socket.on("open", () => {
        const { protocol, extensions } = socket;
        resolve({ readable, writable, protocol, extensions });
      });
      socket.on("close", () => reject(new Error("refused")));
    });
    this.opened.catch(() => {});
    this.closed.catch(() => {});
  }

  close({ closeCode }: { closeCode?: number } = {}): void {
    this.#socket.close(closeCode);
  }
}

export const WebSocketStream = SocketStream as unknown as WebSocketStreamConstructor;
