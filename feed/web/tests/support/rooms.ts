/**
 * The rooms of a scripted feed: what is called by HTTP is done once by its id, and told as words.
 *
 * A small stand-in for the server, with the same contract where the client can see it. It stands in
 * for `fetch`, and loses calls or answers as it is told.
 */

import type {
  DeskWord,
  EntryWord,
  MessageWord,
  RemovedWord,
} from "../../src/client/wire/deskwords.ts";
import type { ScriptedFeed } from "./feed.ts";

export const BY = `own_${"0".repeat(32)}`;

interface Body {
  id: string;
  text: string;
  name?: string;
  op: string;
  symbol: string;
  before?: string;
  note?: string;
  version: number;
}

type Answer = [status: number, document: object];

export class ScriptedRooms {
  /** Calls that do not arrive while this is so. */
  isDown = false;
  /** The number of next calls that are done, and whose answer is lost. */
  loses = 0;
  /** What the next calls get in place of an answer. */
  readonly refusals: Answer[] = [];
  /** Each call that came: its method and path, and of messages their text. */
  readonly calls: string[] = [];
  readonly #feed: ScriptedFeed;
  readonly #messages = new Map<string, MessageWord | undefined>();
  readonly #entries = new Map<string, EntryWord | RemovedWord>();
  #clock = 0;

  constructor(feed: ScriptedFeed) {
    this.#feed = feed;
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (this.isDown) {
      throw new TypeError("down");
    }
    const method = init?.method ?? "GET";
    const { pathname: path, searchParams } = new URL(String(input));
    const name = searchParams.get("name");
    const body = JSON.parse(String(init?.body ?? "{}")) as Body;
    this.calls.push([method, path, body.text ?? body.symbol].filter(Boolean).join(" "));
    const [status, document] = this.refusals.shift() ?? this.#do(method, path, body, name);
    if (this.loses > 0) {
      this.loses -= 1;
      throw new TypeError("lost");
    }
    const type = status < 400 ? "application/json" : "application/problem+json";
    return new Response(JSON.stringify(document), { status, headers: { "Content-Type": type } });
  };

  /** Somebody else says something. */
  say(text: string, id: string): void {
    this.#tell({ T: "message", id, text, by: `own_${"1".repeat(32)}` } as MessageWord);
  }

  #tell(word: Partial<DeskWord>): void {
    this.#clock += 1;
    const t = `2026-01-02T03:04:05.${`${this.#clock}`.padStart(9, "0")}Z`;
    this.#feed.say({ room: "desk", from: "anonymous", by: BY, t, ...word } as DeskWord);
  }

  #do(method: string, path: string, body: Body, name: string | null): Answer {
    const [, , , , kind, id = body.id] = path.split("/");
    if (kind === "presence") {
      if (method === "POST") {
        this.#tell({ T: "present", since: "2026", connections: 1, ...nameOf(body) });
      } else {
        this.#tell({ T: "absent", ...(name === null ? {} : { name }) });
      }
      return [200, {}];
    }
    if (kind === "typing") {
      this.#tell({ T: "typing", ...nameOf(body) });
      return [202, {}];
    }
    return kind === "list" ? this.#list(body) : this.#message(method, id, body);
  }

  #message(method: string, id: string, body: Body): Answer {
    const earlier = this.#messages.get(id);
    if (method === "POST" && !this.#messages.has(id)) {
      const word = { T: "message", id, text: body.text, ...nameOf(body) } as MessageWord;
      this.#messages.set(id, word);
      this.#tell(word);
    } else if (earlier === undefined) {
      return [410, { detail: "deleted" }];
    } else if (method === "PATCH") {
      this.#tell({ T: "edited", id, text: body.text });
    } else if (method === "DELETE") {
      this.#messages.set(id, undefined);
      this.#tell({ T: "deleted", id });
    } else if (earlier.text !== body.text) {
      return [409, { detail: "another text has this id" }];
    }
    return [200, { room: "desk", id, pos: this.#feed.position }];
  }

  #list({ op, symbol, note = "", version }: Body): Answer {
    const earlier = this.#entries.get(symbol);
    if ((earlier?.version ?? 0) !== version) {
      return [409, { detail: "somebody was faster", entry: earlier }];
    }
    const said = { room: "desk", from: "anonymous", by: BY, t: "2026" };
    const entry: EntryWord | RemovedWord =
      op === "remove"
        ? { T: "removed", symbol, version: version + 1, ...said }
        : { T: "entry", symbol, version: version + 1, place: this.#entries.size, note, ...said };
    this.#entries.set(symbol, entry);
    this.#tell(entry);
    return [200, { room: "desk", pos: this.#feed.position }];
  }
}

function nameOf({ name }: Body): { name?: string } {
  return name === undefined ? {} : { name };
}
