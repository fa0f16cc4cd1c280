/**
 * The state of a room as its words make it: messages, members, entries, who is typing.
 *
 * A word is news if it changes something: so each is told once, however often it comes. A snapshot
 * restates all of a channel; what it leaves out that was known is gone, and is told as that. Pure.
 */

import {
  after,
  channelOf,
  type DeskWord,
  type EntryWord,
  isGone,
  type MessageWord,
  type PresenceWord,
  type PresentWord,
  partOf,
  type RoomWord,
  type TypingWord,
} from "../wire/deskwords.ts";

export type RoomEvent = RoomWord | PresenceWord;

/** Who types is told again within this time, or has stopped. */
export const TYPING_MS = 3_000;
/** Versions of removed entries that are remembered. */
const MOST_REMOVED = 1_000;

type Channel = "rooms" | "presence";

export class RoomState {
  readonly #room: string;
  readonly #parts = new Map<string, RoomEvent>();
  readonly #typing = new Map<string, { word: TypingWord; untilMs: number }>();
  readonly #removed = new Map<string, number>();
  /** What the snapshot that is coming has told, of each channel. */
  #coming = new Map<Channel, Set<string>>();
  #messages: readonly MessageWord[] | undefined;
  #members: readonly PresentWord[] | undefined;
  #entries: readonly EntryWord[] | undefined;

  constructor(room: string) {
    this.#room = room;
  }

  /** What was said, the oldest first. */
  get messages(): readonly MessageWord[] {
    this.#messages ??= this.#of("message").sort((one, other) => compare(one.t, other.t));
    return this.#messages;
  }

  /** Who is there, since the longest first. */
  get members(): readonly PresentWord[] {
    this.#members ??= this.#of("present").sort((one, other) => compare(one.since, other.since));
    return this.#members;
  }

  /** The list that the room keeps, in its order. */
  get entries(): readonly EntryWord[] {
    this.#entries ??= this.#of("entry").sort(
      (one, other) => one.place - other.place || compare(one.symbol, other.symbol),
    );
    return this.#entries;
  }

  /** Who types just now. */
  typing(nowMs: number): readonly TypingWord[] {
    return [...this.#typing.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ word }) => word);
  }

  message(id: string): MessageWord | undefined {
    const word = this.#parts.get(`message ${id}`);
    return word?.T === "message" ? word : undefined;
  }

  /** The version of an entry that is known, also of one that was removed; 0: none is. */
  version(symbol: string): number {
    const word = this.#parts.get(`entry ${symbol}`);
    return word?.T === "entry" ? word.version : (this.#removed.get(symbol) ?? 0);
  }

  /** Take words in; return those that are news. Words of other rooms are none of ours. */
  take(words: readonly DeskWord[], isSnapshot: boolean, nowMs: number): RoomEvent[] {
    const news: RoomEvent[] = [];
    for (const word of words) {
      if ("room" in word && word.room === this.#room && this.#takeOne(word, isSnapshot, nowMs)) {
        news.push(word);
      }
    }
    return news;
  }

  /**
   * Note that a snapshot is complete; return what it says is gone.
   *
   * @param isOfAll it restates the room, also where it told nothing of it.
   */
  endSnapshot(isOfAll: boolean): RoomEvent[] {
    const coming = this.#coming;
    this.#coming = new Map();
    const news: RoomEvent[] = [];
    for (const [part, word] of [...this.#parts]) {
      const told = coming.get(channelOf(word) as Channel);
      if (told === undefined ? isOfAll : !told.has(part)) {
        this.#forget(part, word);
        news.push(gone(word));
      }
    }
    return news;
  }

  /** Forget a snapshot that was cut off. */
  restart(): void {
    this.#coming = new Map();
  }

  #takeOne(word: RoomEvent, isSnapshot: boolean, nowMs: number): boolean {
    const part = partOf(word);
    if (word.T === "typing") {
      this.#typing.set(memberOf(word), { word, untilMs: nowMs + TYPING_MS });
      return true;
    }
    if (part === undefined) {
      return false;
    }
    if (isSnapshot) {
      const channel = channelOf(word) as Channel;
      this.#coming.set(channel, (this.#coming.get(channel) ?? new Set()).add(part));
    }
    if (word.T === "message" || word.T === "absent") {
      this.#typing.delete(memberOf(word)); // said, or left
    }
    const earlier = this.#parts.get(part);
    const kept = after(word, earlier) as RoomEvent | undefined;
    if (kept === undefined || (earlier === undefined ? isGone(kept) : isSame(kept, earlier))) {
      return false;
    }
    if (isGone(kept)) {
      this.#forget(part, kept);
    } else {
      this.#parts.set(part, kept);
      this.#changed(kept);
    }
    return true;
  }

  #forget(part: string, word: RoomEvent): void {
    this.#parts.delete(part);
    if (word.T === "removed") {
      this.#removed.set(word.symbol, word.version);
      if (this.#removed.size > MOST_REMOVED) {
        this.#removed.delete(this.#removed.keys().next().value as string);
      }
    }
    this.#changed(word);
  }

  #changed({ T }: RoomEvent): void {
    if (T === "entry" || T === "removed") {
      this.#entries = undefined;
    } else if (T === "present" || T === "absent") {
      this.#members = undefined;
    } else {
      this.#messages = undefined;
    }
  }

  #of<Type extends RoomEvent["T"]>(type: Type): Extract<RoomEvent, { T: Type }>[] {
    return [...this.#parts.values()].filter(
      (word): word is Extract<RoomEvent, { T: Type }> => word.T === type,
    );
  }
}

/** Times are texts of one length, which stand as their times do. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function memberOf({ by, name = "" }: RoomEvent): string {
  return `${by} ${name}`;
}

function isSame(one: RoomEvent, other: RoomEvent): boolean {
  const fields = one as unknown as Record<string, unknown>;
  const others = other as unknown as Record<string, unknown>;
  return [...Object.keys(one), ...Object.keys(other)].every(
    (name) => fields[name] === others[name],
  );
}

/** The word that says that a part is gone, where none came. */
function gone(word: RoomEvent): RoomEvent {
  const { room, from, by, t } = word;
  const said = { room, from, by, ...(word.name === undefined ? {} : { name: word.name }), t };
  switch (word.T) {
    case "entry":
      return { T: "removed", symbol: word.symbol, version: word.version, ...said };
    case "present":
      return { T: "absent", ...said };
    default:
      return { T: "deleted", id: (word as MessageWord).id, ...said };
  }
}
