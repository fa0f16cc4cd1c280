/**
 * A server for tests that answers questions: the Responses API, and ways to misbehave on cue.
 *
 * It has one answer ready, says it in numbered events, and goes on behind any of them; those who watch
 * get the state first, then words.
 */

import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export const ID = `gen_${"0123456789abcdef".repeat(2)}`;

export interface End {
  type: string;
  status: string;
  error?: { code: string; message: string };
}

export interface Refusal {
  status: number;
  body: unknown;
  headers?: OutgoingHttpHeaders;
}

export const COMPLETED: End = { type: "response.completed", status: "completed" };

export class ScriptedDesk {
  pieces = ["A", "B", "C"];
  /** What follows on the pieces; undefined: nothing does, until `finish` or a cancel. */
  end: End | undefined = COMPLETED;
  /** For each connection, in order, after how many events it is cut. */
  cutAfter: number[] = [];
  /** What the next requests get in place of an answer. */
  readonly refusals: Refusal[] = [];
  /** Bytes that the next connections get in place of events. */
  readonly garbage: string[] = [];
  readonly asked: Record<string, unknown>[] = [];
  /** The address of each request that goes on, or watches. */
  readonly urls: string[] = [];
  readonly headers: IncomingMessage["headers"][] = [];
  cancels = 0;
  origin = "";
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#handle(request, response);
    });
  }

  static async start(): Promise<ScriptedDesk> {
    const desk = new ScriptedDesk();
    await new Promise<void>((resolve) => {
      desk.#server.listen(0, "127.0.0.1", () => resolve());
    });
    desk.origin = `http://127.0.0.1:${(desk.#server.address() as AddressInfo).port}`;
    return desk;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  get text(): string {
    return this.pieces.join("");
  }

  /** Say the last pieces, and that it is over. */
  finish(end: End = COMPLETED, ...pieces: string[]): void {
    this.pieces.push(...pieces);
    this.end = end;
    for (const wake of this.#waiting) {
      wake();
    }
    this.#waiting.clear();
  }

  /** The events that there are by now, as the Responses API has them. */
  events(): object[] {
    const response = { id: ID, model: "market", status: "in_progress" };
    const events: object[] = [
      { type: "response.created", response },
      { type: "response.in_progress", response },
      ...this.pieces.map((delta) => ({ type: "response.output_text.delta", delta })),
    ];
    if (this.end !== undefined) {
      const { type, ...rest } = this.end;
      const usage = { input_tokens: 2, output_tokens: this.pieces.length };
      events.push({ type, response: { ...response, usage, ...rest } });
    }
    return events.map((event, number) => ({ ...event, sequence_number: number }));
  }

  /** The words that there are by now, as the feed's own channel has them. */
  words(): object[] {
    const words: object[] = [
      { T: "generation", n: 0, model: "market", text: "" },
      ...this.pieces.map((text, index) => ({ T: "token", n: index + 1, text })),
    ];
    if (this.end !== undefined) {
      words.push({ T: "generated", n: words.length, state: "stop" });
    }
    return words.map((word) => ({ id: ID, ...word }));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    this.headers.push(request.headers);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      response.writeHead(refusal.status, {
        "Content-Type": "application/json",
        ...refusal.headers,
      });
      response.end(JSON.stringify(refusal.body));
    } else if (url.pathname.endsWith("/cancel")) {
      this.cancels += 1;
      this.finish({ type: "response.incomplete", status: "cancelled" });
      response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    } else if (request.method === "POST") {
      this.asked.push(JSON.parse(Buffer.concat(chunks).toString()));
      await this.#say(response, () => this.events());
    } else if (url.pathname === "/v1/sse") {
      this.urls.push(request.url ?? "");
      await this.#watch(response);
    } else {
      this.urls.push(request.url ?? "");
      const after = Number(url.searchParams.get("starting_after") ?? -1);
      await this.#say(response, () => this.events().slice(after + 1));
    }
  }

  async #watch(response: ServerResponse): Promise<void> {
    const said = this.pieces.length;
    const over = this.end === undefined ? {} : { state: "stop", n: said + 1 };
    const state = { T: "generation", id: ID, n: said, text: this.text, ...over };
    const first = [{ T: "snapshot" }, state, { T: "mark" }];
    await this.#say(response, () => [
      first,
      ...this.words()
        .slice(said + 1)
        .map((word) => [word]),
    ]);
  }

  async #say(response: ServerResponse, events: () => unknown[]): Promise<void> {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Feed-Generation": ID });
    const garbage = this.garbage.shift();
    if (garbage !== undefined) {
      response.end(garbage);
      return;
    }
    const most = this.cutAfter.shift();
    for (let said = 0; ; ) {
      for (const event of events().slice(said)) {
        if (said === most) {
          // What is written leaves before the connection breaks.
          response.write("", () => response.socket?.destroy());
          return;
        }
        said += 1;
        response.write(`:\ndata: ${JSON.stringify(event)}\n\n`);
      }
      if (this.end !== undefined) {
        response.end();
        return;
      }
      response.flushHeaders();
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }
}
