/** What the desk subscribes to: the symbols of its list, and the bars of those that are charted. Pure. */

import type { Symbols } from "../client/index.ts";
import { namedOrAll } from "../elements/watchlist/symbols.ts";

/** @param isAll everything is watched, whatever the list is. */
export function wantedOf(
  listed: readonly string[],
  charted: readonly string[],
  isAll: boolean,
): Symbols {
  const watched = isAll ? ["*"] : namedOrAll([...new Set([...listed, ...charted])]);
  return {
    trades: watched,
    quotes: watched,
    statuses: watched,
    bars: charted,
    updatedBars: charted,
    secondBars: charted,
  };
}

/** The symbols that `before` asked for and `after` does not. */
export function less(before: Symbols, after: Symbols): Symbols {
  const gone: Symbols = {};
  for (const [channel, symbols] of Object.entries(before) as [keyof Symbols, string[]][]) {
    const kept = new Set(after[channel]);
    gone[channel] = symbols.filter((symbol) => !kept.has(symbol));
  }
  return gone;
}
