/** The symbols that an attribute names. Pure. */

/** Split a list at commas; each symbol counts once, where it is named first. */
export function symbolsOf(list: string): string[] {
  const named = list.split(",").map((symbol) => symbol.trim());
  return [...new Set(named.filter((symbol) => symbol !== ""))];
}

/** Trades, quotes and statuses of these, and some charts, are below the 5,000 that servers give by default. */
export const MOST_NAMED = 1_600;

/** What to subscribe to for a list: a longer one than may be named is read out of everything. */
export function namedOrAll(symbols: readonly string[]): readonly string[] {
  return symbols.length > MOST_NAMED ? ["*"] : symbols;
}

/** The place to go to from a row by a key; undefined for keys that do not lead anywhere. */
export function placeAfter(key: string, place: number, count: number): number | undefined {
  const last = count - 1;
  const places: Readonly<Record<string, number>> = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    PageDown: place + PAGE,
    PageUp: place - PAGE,
    Home: 0,
    End: last,
  };
  const wanted = places[key];
  return wanted === undefined ? undefined : Math.max(0, Math.min(last, wanted));
}

const PAGE = 10;
