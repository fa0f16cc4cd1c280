/**
 * The selection of a subscriber: channels × symbols, with `*` for every symbol.
 *
 * A selection is a value: it never changes, and adding or removing gives another one. Knows how a
 * selection looks in a query string and in a control message; knows no transport.
 */

import { InvalidInput, LimitExceeded } from "../errors.ts";
import type { Query } from "../platform.ts";
import { CHANNEL_OF_KIND, CHANNELS, type Channel, type Tick } from "./ticks.ts";

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

/** Symbols as the caller writes them: `{ trades: ["AAPL"], quotes: ["*"] }`. */
export type Symbols = Partial<Record<Channel, readonly string[]>>;

export class Selection {
  static readonly NOTHING = new Selection(new Map());

  readonly #channels: ReadonlyMap<Channel, ReadonlySet<string>>;
  /** Symbols over all channels; a `*` counts as one. */
  readonly entries: number;

  private constructor(channels: Map<Channel, ReadonlySet<string>>) {
    this.#channels = channels;
    this.entries = [...channels.values()].reduce((sum, symbols) => sum + symbols.size, 0);
  }

  /**
   * Make a selection.
   *
   * Throws InvalidInput for an unknown channel or a text that is not a symbol.
   */
  static of(symbols: Symbols): Selection {
    const channels = new Map<Channel, ReadonlySet<string>>();
    for (const name of Object.keys(symbols)) {
      if (!CHANNELS.includes(name as Channel)) {
        throw new InvalidInput("channel", name, CHANNELS.join(", "));
      }
    }
    for (const channel of CHANNELS) {
      const some = symbols[channel] ?? [];
      for (const symbol of some) {
        if (symbol !== ALL && !isSymbol(symbol)) {
          throw new InvalidInput(channel, symbol, SYMBOL_SHAPE);
        }
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
  symbols(channel: Channel): ReadonlySet<string> {
    return this.#channels.get(channel) ?? new Set();
  }

  /** Tell whether a tick was asked for. */
  includes(tick: Tick): boolean {
    const symbols = this.#channels.get(CHANNEL_OF_KIND[tick.T]);
    return symbols !== undefined && (symbols.has(tick.S) || symbols.has(ALL));
  }

  /**
   * This and the other together.
   *
   * Throws LimitExceeded above MAX_ENTRIES symbols.
   */
  with(other: Selection): Selection {
    const channels = new Map(this.#channels);
    for (const [channel, symbols] of other.#channels) {
      channels.set(channel, new Set([...(channels.get(channel) ?? []), ...symbols]));
    }
    const both = new Selection(channels);
    if (both.entries > MAX_ENTRIES) {
      throw new LimitExceeded("symbols subscribed to", both.entries, MAX_ENTRIES);
    }
    return both;
  }

  /** This less the other; a `*` is removed only by a `*`. */
  without(other: Selection): Selection {
    const channels = new Map<Channel, ReadonlySet<string>>();
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
  toJSON(): Partial<Record<Channel, string[]>> {
    const message: Partial<Record<Channel, string[]>> = {};
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
