/**
 * The outbox of a room: what was said here and is not known to have arrived.
 *
 * One after the other, in order, each under an id of its own, by which the server takes it once
 * however often it is sent. What the server refuses stays, with its reason, until it is discarded.
 * Bounded. Pure: sends nothing.
 */

import type { Call, Document } from "../calls.ts";
import { InvalidInput, LimitExceeded, type Refused } from "../errors.ts";
import type { EntryWord, RemovedWord } from "../wire/deskwords.ts";
import { isSymbol } from "../wire/selection.ts";

export type ListOp = "add" | "remove" | "move" | "note";

/** What somebody did here. */
export type Action =
  | { kind: "say"; text: string }
  | { kind: "edit"; message: string; text: string }
  | { kind: "remove"; message: string }
  | {
      kind: "list";
      op: ListOp;
      symbol: string;
      /** Before which other symbol; undefined: at the end. */
      before: string | undefined;
      note: string | undefined;
      /** Of the entry, as it was seen; 0: there was none. */
      version: number;
    };

/** What has not arrived, or was refused. */
export interface Unsent {
  /** Its own; of what is said, that of the message. */
  readonly id: string;
  readonly action: Action;
  readonly sinceMs: number;
  /** Why the server does not take it; undefined: it waits. */
  readonly refused: Refused | undefined;
  /** Of an entry that somebody else changed meanwhile: how it is now. */
  readonly entry: EntryWord | RemovedWord | undefined;
}

/** The server has an answer. */
export interface Sent {
  readonly id: string;
  /** The position of what was said. */
  readonly pos: string;
}

/** Actions that are held, and characters of them. */
export const MOST_ACTIONS = 1_000;
export const MOST_CHARACTERS = 1_000_000;
/** As of feed/settings/rooms.py: the server says no to more. */
const TEXT_CHARACTERS = 4_000;
const NOTE_CHARACTERS = 200;

/** Half of a pair of surrogates: no text of Unicode has one. */
const LONE = /\p{Cs}/u;

interface Held extends Unsent {
  resolve: (sent: Sent) => void;
  reject: (error: Error) => void;
}

export class Outbox {
  readonly #room: string;
  readonly #name: string | undefined;
  #held: Held[] = [];
  /** Versions that entries have by what was sent from here: their words may come later. */
  readonly #reached = new Map<string, number>();

  constructor(room: string, name: string | undefined) {
    this.#room = room;
    this.#name = name;
  }

  /** All that is held, in order. */
  get unsent(): readonly Unsent[] {
    return this.#held.map(({ id, action, sinceMs, refused, entry }) => ({
      id,
      action,
      sinceMs,
      refused,
      entry,
    }));
  }

  /** What is due next. */
  get next(): Unsent | undefined {
    return this.#held.find(({ refused }) => refused === undefined);
  }

  /** Take an action; resolves once the server has it. Throws InvalidInput and LimitExceeded. */
  add(id: string, action: Action, nowMs: number): Promise<Sent> {
    check(action);
    const size = (text: string | undefined): number => text?.length ?? 0;
    const characters = [...this.#held, { action }].reduce(
      (sum, { action: one }) =>
        sum + size(one.kind === "list" ? one.note : one.kind === "remove" ? "" : one.text),
      0,
    );
    if (this.#held.length >= MOST_ACTIONS) {
      throw new LimitExceeded("what waits to be sent", this.#held.length + 1, MOST_ACTIONS);
    }
    if (characters > MOST_CHARACTERS) {
      throw new LimitExceeded("characters that wait to be sent", characters, MOST_CHARACTERS);
    }
    return new Promise((resolve, reject) => {
      const held = { id, action, sinceMs: nowMs, refused: undefined, entry: undefined };
      this.#held.push({ ...held, resolve, reject });
    });
  }

  /** The version that an entry will have once what waits is done. */
  version(symbol: string, known: number): number {
    const waiting = this.#held.filter(
      ({ action, refused }) =>
        refused === undefined && action.kind === "list" && action.symbol === symbol,
    );
    const first = waiting[0]?.action;
    if (first?.kind === "list") {
      return first.version + waiting.length;
    }
    const reached = this.#reached.get(symbol) ?? 0;
    if (known >= reached) {
      this.#reached.delete(symbol);
    }
    return Math.max(known, reached);
  }

  /** Note that the server begins anew: versions count from the beginning. */
  startOver(): void {
    this.#reached.clear();
  }

  /** The call that does what is held. */
  callFor({ id, action }: Unsent): Call {
    const room = `v1/rooms/${encodeURIComponent(this.#room)}`;
    const name = this.#name === undefined ? {} : { name: this.#name };
    switch (action.kind) {
      case "say":
        return {
          method: "POST",
          path: `${room}/messages`,
          body: { id, text: action.text, ...name },
        };
      case "edit": {
        const path = `${room}/messages/${encodeURIComponent(action.message)}`;
        return { method: "PATCH", path, body: { text: action.text } };
      }
      case "remove":
        return { method: "DELETE", path: `${room}/messages/${encodeURIComponent(action.message)}` };
      case "list": {
        const { op, symbol, before, note, version } = action;
        const body = { op, symbol, before, note, version, id, ...name };
        return { method: "POST", path: `${room}/list`, body };
      }
    }
  }

  /** Note that the server has it. */
  settle(id: string, answer: Document): void {
    const held = this.#take(id);
    if (held?.action.kind === "list") {
      this.#reached.set(held.action.symbol, held.action.version + 1);
    }
    held?.resolve({ id, pos: String(answer["pos"] ?? "") });
  }

  /**
   * Note that the server does not take it; return it with the reason, undefined where it is to be
   * sent once more, or is done all the same: its first answer was lost, and it stands in its own way.
   */
  refuse(id: string, error: Refused): Unsent | undefined {
    const held = this.#held.find((one) => one.id === id);
    if (held === undefined) {
      return undefined;
    }
    const entry = entryOf(error.problem);
    if (isDone(held.action, error, entry)) {
      this.settle(id, error.problem ?? {});
      return undefined;
    }
    if (this.#countAgain(held.action, error, entry)) {
      return undefined;
    }
    const refused = { ...held, refused: error, entry };
    this.#held = this.#held.map((one) => (one.id === id ? refused : one));
    held.reject(error);
    return this.unsent.find((one) => one.id === id);
  }

  /** Forget what was refused, or does not have to be sent any more. */
  discard(id: string, reason: Error): boolean {
    const held = this.#take(id);
    held?.reject(reason);
    return held !== undefined;
  }

  /** Let nobody wait any more; what is held stays, to be looked at. */
  close(reason: Error): void {
    for (const { reject } of this.#held) {
      reject(reason);
    }
  }

  /**
   * Take the version that a server has, where no change of somebody else is lost by it.
   *
   * It is behind what was counted here, where a change before found it so already, and made no
   * version of its own, or where the server has begun anew. And what is to be added may have been
   * removed before: that it is not there is what its author saw.
   */
  #countAgain(
    action: Action,
    { code, problem }: Refused,
    entry: EntryWord | RemovedWord | undefined,
  ): boolean {
    const version = entry?.version ?? problem?.["version"];
    if (action.kind !== "list" || code !== CONFLICT || typeof version !== "number") {
      return false;
    }
    const isFree = action.op === "add" && entry?.T === "removed";
    if (version === action.version || (version > action.version && !isFree)) {
      return false;
    }
    const { symbol, version: counted } = action;
    this.#held = this.#held.map((one) => {
      const change = one.action;
      if (one.refused !== undefined || change.kind !== "list" || change.symbol !== symbol) {
        return one;
      }
      return {
        ...one,
        action: { ...change, version: Math.max(0, change.version + version - counted) },
      };
    });
    return true;
  }

  #take(id: string): Held | undefined {
    const held = this.#held.find((one) => one.id === id);
    this.#held = this.#held.filter((one) => one !== held);
    return held;
  }
}

function check(action: Action): void {
  if (action.kind === "say" || action.kind === "edit") {
    const characters = [...action.text].length;
    if (characters === 0 || characters > TEXT_CHARACTERS || LONE.test(action.text)) {
      const accepted = `1 to ${TEXT_CHARACTERS.toLocaleString("en")} characters of valid Unicode`;
      throw new InvalidInput("text", action.text, accepted);
    }
  } else if (action.kind === "list") {
    if (!isSymbol(action.symbol)) {
      throw new InvalidInput("symbol", action.symbol, "a symbol");
    }
    if ([...(action.note ?? "")].length > NOTE_CHARACTERS) {
      throw new InvalidInput("note", action.note, `at most ${NOTE_CHARACTERS} characters`);
    }
  }
}

/** The entry that an answer tells of. */
function entryOf(problem: Document | undefined): EntryWord | RemovedWord | undefined {
  const entry = problem?.["entry"];
  return typeof entry === "object" && entry !== null
    ? (entry as EntryWord | RemovedWord)
    : undefined;
}

const CONFLICT = 409;
const NOT_FOUND = 404;
const GONE = 410;

/** Tell whether what is refused is as it was to be: what was asked for is so already. */
function isDone(
  action: Action,
  { code }: Refused,
  entry: EntryWord | RemovedWord | undefined,
): boolean {
  if (action.kind === "remove") {
    return code === GONE || code === NOT_FOUND;
  }
  if (action.kind !== "list" || code !== CONFLICT || entry?.version !== action.version + 1) {
    return false;
  }
  const isRemoved = entry.T === "removed";
  const note = "note" in entry ? entry.note : "";
  switch (action.op) {
    case "remove":
      return isRemoved;
    case "note":
      return !isRemoved && note === (action.note ?? "");
    case "add":
      return !isRemoved && note === (action.note ?? "");
    case "move":
      return false; // where it was to go is not told
  }
}
