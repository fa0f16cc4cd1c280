/**
 * The selection of a subscriber: channels × symbols, with `*` for every symbol, and keys of words.
 *
 * A selection is a value: it never changes, and adding or removing gives another one. Knows how a
 * selection looks in a query string and in a control message; knows no transport.
 */

import { InvalidInput, LimitExceeded } from "../errors.ts";
import type { Query } from "../platform.ts";
import { channelOf, DESK_KEYS, isDeskWord, keyOf } from "./deskwords.ts";
import { CHANNEL_OF_KIND, CHANNELS, type Channel, isTick, type Tick } from "./ticks.ts";
import { ID_SHAPE, isGenerationId, WORD_CHANNELS, type Word, type WordChannel } from "./words.ts";

export const ALL = "*";
/** Symbols over all channels that one client asks for; the server's own limit may be lower. */
export const MAX_ENTRIES = 20_000;

// As feed/market/symbols.py: printable, and spaces only inside.
const SYMBOL = /^(?! )(?:[^\p{C}\p{Z},*?[\]]| ){1,64}(?<! )$/u;
const SYMBOL_SHAPE =
  "* or 1 to 64 printable characters without ',', '*', '?', '[' and ']', with spaces only inside";

/** Tell whether a text can name something traded; `*` names all of them, and is none. */
export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}

/** A channel of ticks, or of words. */
export type AnyChannel = Channel | WordChannel;
const ALL_CHANNELS: readonly AnyChannel[] = [...CHANNELS, ...WORD_CHANNELS];

/**
 * Symbols as the caller writes them: `{ trades: ["AAPL"], quotes: ["*"] }`; of `generations`
 * and `jobs` the ids, of `rooms` and `presence` the names of rooms, of `alerts` `["*"]`, one's own.
 */
export type Symbols = Partial<Record<AnyChannel, readonly string[]>>;

export class Selection {
  static readonly NOTHING = new Selection(new Map());

  readonly #channels: ReadonlyMap<AnyChannel, ReadonlySet<string>>;
  /** Symbols over all channels; a `*` counts as one. */
  readonly entries: number;

  private constructor(channels: Map<AnyChannel, ReadonlySet<string>>) {
    this.#channels = channels;
    this.entries = [...channels.values()].reduce((sum, symbols) => sum + symbols.size, 0);
  }

  /**
   * Make a selection.
   *
   * Throws InvalidInput for an unknown channel, or a text that is not a symbol or not an id.
   */
  static of(symbols: Symbols): Selection {
    const channels = new Map<AnyChannel, ReadonlySet<string>>();
    for (const name of Object.keys(symbols)) {
      if (!ALL_CHANNELS.includes(name as AnyChannel)) {
        throw new InvalidInput("channel", name, ALL_CHANNELS.join(", "));
      }
    }
    for (const channel of ALL_CHANNELS) {
      const some = symbols[channel] ?? [];
      for (const symbol of some) {
        check(channel, symbol);
      }
      if (some.length > 0) {
        channels.set(channel, new Set(some));
      }
    }
    return new Selection(channels);
  }

  get isEmpty(): boolean {
    return this.#channels.size === 0;
  }

  /** The symbols of one channel. */
  symbols(channel: AnyChannel): ReadonlySet<string> {
    return this.#channels.get(channel) ?? new Set();
  }

  /** Tell whether a tick, or a word, was asked for. */
  includes(event: Tick | Word): boolean {
    if (isTick(event)) {
      const symbols = this.#channels.get(CHANNEL_OF_KIND[event.T]);
      return symbols !== undefined && (symbols.has(event.S) || symbols.has(ALL));
    }
    if (isDeskWord(event)) {
      const keys = this.#channels.get(channelOf(event));
      return keys !== undefined && (keys.has(keyOf(event)) || keys.has(ALL));
    }
    return this.#channels.get("generations")?.has(event.id) ?? false;
  }

  /**
   * This and the other together.
   *
   * Throws LimitExceeded above `mostEntries` symbols.
   */
  with(other: Selection, mostEntries = MAX_ENTRIES): Selection {
    const channels = new Map(this.#channels);
    for (const [channel, symbols] of other.#channels) {
      channels.set(channel, new Set([...(channels.get(channel) ?? []), ...symbols]));
    }
    const both = new Selection(channels);
    if (both.entries > mostEntries) {
      throw new LimitExceeded("symbols subscribed to", both.entries, mostEntries);
    }
    return both;
  }

  /** This less the other; a `*` is removed only by a `*`. */
  without(other: Selection): Selection {
    const channels = new Map<AnyChannel, ReadonlySet<string>>();
    for (const [channel, symbols] of this.#channels) {
      const removed = other.#channels.get(channel);
      const left =
        removed === undefined
          ? symbols
          : new Set([...symbols].filter((symbol) => !removed.has(symbol)));
      if (left.size > 0) {
        channels.set(channel, left);
      }
    }
    return new Selection(channels);
  }

  equals(other: Selection): boolean {
    return (
      this.entries === other.entries &&
      this.#channels.size === other.#channels.size &&
      this.without(other).isEmpty
    );
  }

  /** As the keys of a control message: `{ trades: ["AAPL"] }`, without empty channels. */
  toJSON(): Partial<Record<AnyChannel, string[]>> {
    const message: Partial<Record<AnyChannel, string[]>> = {};
    for (const [channel, symbols] of this.#channels) {
      message[channel] = [...symbols].sort();
    }
    return message;
  }

  /** As the parameters of a query string. */
  appendTo(query: Query): void {
    for (const [channel, symbols] of Object.entries(this.toJSON())) {
      query.set(channel, symbols.join(","));
    }
  }
}

function check(channel: AnyChannel, key: string): void {
  if (channel === "generations") {
    if (!isGenerationId(key)) {
      throw new InvalidInput(channel, key, ID_SHAPE);
    }
  } else if (
    channel === "rooms" ||
    channel === "presence" ||
    channel === "alerts" ||
    channel === "jobs"
  ) {
    const { is, shape } = DESK_KEYS[channel];
    if (!is(key)) {
      throw new InvalidInput(channel, key, shape);
    }
  } else if (key !== ALL && !isSymbol(key)) {
    throw new InvalidInput(channel, key, SYMBOL_SHAPE);
  }
}
