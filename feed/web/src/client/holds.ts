/** What the users of one client hold: each symbol as often as there are users of it. Pure. */

import type { Symbols } from "./wire/selection.ts";

type Channels = [keyof Symbols, readonly string[]][];

const holds = new WeakMap<object, Holds>();

/** What the rooms and alerts hold that are read over one client. */
export function holdsOf(client: object): Holds {
  const known = holds.get(client) ?? new Holds();
  holds.set(client, known);
  return known;
}

export class Holds {
  readonly #counts = new Map<string, number>();

  /** Hold these; return those that nobody held before. */
  add(symbols: Symbols): Symbols {
    return this.#change(symbols, 1, (count) => count === 1);
  }

  /** Hold these no longer; return those that nobody holds any more. */
  remove(symbols: Symbols): Symbols {
    return this.#change(symbols, -1, (count) => count === 0);
  }

  #change(symbols: Symbols, by: number, isNews: (count: number) => boolean): Symbols {
    const news: Symbols = {};
    for (const [channel, names] of Object.entries(symbols) as Channels) {
      const some = [...new Set(names)].filter((name) => {
        const key = `${channel} ${name}`;
        const count = (this.#counts.get(key) ?? 0) + by;
        if (count === 0) {
          this.#counts.delete(key);
        } else {
          this.#counts.set(key, count);
        }
        return isNews(count);
      });
      if (some.length > 0) {
        news[channel] = some;
      }
    }
    return news;
  }
}
