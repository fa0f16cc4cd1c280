/**
 * Named lists of symbols, and what can be done to them. Pure: each act returns lists anew.
 *
 * A list can be of everything for a while: its own symbols are kept, and come back after it.
 */

import { isSymbol } from "../../client/index.ts";

export const MOST_LISTS = 50;
export const MOST_SYMBOLS = 20_000;
export const LONGEST_NAME = 40;
export const FIRST_NAME = "Watchlist";

export interface NamedList {
  readonly name: string;
  readonly symbols: readonly string[];
  /** Everything is watched, whatever the symbols are. */
  readonly isAll: boolean;
}

export type Lists = readonly NamedList[];

/** Return why a text cannot be the name of a list; undefined where it can. */
export function whyNotName(name: string): string | undefined {
  if (name === "" || name !== name.trim() || name.length > LONGEST_NAME || /\p{C}/u.test(name)) {
    return `“${name}” cannot be the name of a list; accepted: 1 to ${LONGEST_NAME} characters`;
  }
  return undefined;
}

/** The list of this name, or the first one. */
export function listOf(lists: Lists, name: string): NamedList {
  return (
    lists.find((list) => list.name === name) ??
    lists[0] ?? { name: FIRST_NAME, symbols: [], isAll: false }
  );
}

/** The lists with one of them as it is now; a new one comes last. */
export function withList(lists: Lists, list: NamedList): Lists {
  return lists.some(({ name }) => name === list.name)
    ? lists.map((other) => (other.name === list.name ? list : other))
    : [...lists, list];
}

/** The lists without one; the last one stays. */
export function withoutList(lists: Lists, name: string): Lists {
  return lists.length > 1 ? lists.filter((list) => list.name !== name) : lists;
}

/** A name like this one that no list has yet. */
export function freeName(lists: Lists, name: string): string {
  const taken = new Set(lists.map((list) => list.name));
  let free = name;
  for (let number = 2; taken.has(free); number += 1) {
    const ending = ` ${number}`;
    free = `${name.slice(0, LONGEST_NAME - ending.length).trimEnd()}${ending}`;
  }
  return free;
}

/** Return why there can be no list of this name; undefined where there can. */
export function whyNotAdd(lists: Lists, name: string): string | undefined {
  if (lists.some((list) => list.name === name)) {
    return `There is a list “${name}” already`;
  }
  if (lists.length >= MOST_LISTS) {
    return `There are ${MOST_LISTS} lists already, the most that are kept`;
  }
  return whyNotName(name);
}

/** Symbols with one more, in front of all others; each is there once. */
export function withSymbol(symbols: readonly string[], symbol: string): string[] {
  return [symbol, ...symbols.filter((other) => other !== symbol)].slice(0, MOST_SYMBOLS);
}

/** Symbols with one of them moved before another one, or to the end. */
export function moved(
  symbols: readonly string[],
  symbol: string,
  before: string | undefined,
): readonly string[] {
  if (!symbols.includes(symbol) || before === symbol) {
    return symbols;
  }
  const others = symbols.filter((other) => other !== symbol);
  const place = before === undefined ? others.length : others.indexOf(before);
  return place < 0 ? symbols : others.toSpliced(place, 0, symbol);
}

/** The symbol before which one has to be moved to go a row up or down; undefined: to the end. */
export function neighbour(
  shown: readonly string[],
  symbol: string,
  by: -1 | 1,
): { before: string | undefined } | undefined {
  const place = shown.indexOf(symbol);
  const target = place + by;
  if (place < 0 || target < 0 || target >= shown.length) {
    return undefined;
  }
  return { before: shown[by === 1 ? target + 1 : target] };
}

/** Read what is kept of lists; undefined where nothing is, or something else wrote it. */
export function readLists(text: string | null): Lists | undefined {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
  const given = isRecord(kept) && Array.isArray(kept["lists"]) ? kept["lists"] : [];
  const lists: NamedList[] = [];
  for (const list of given.slice(0, MOST_LISTS)) {
    if (isRecord(list) && typeof list["name"] === "string" && Array.isArray(list["symbols"])) {
      const { name, symbols, isAll } = list as { name: string; symbols: unknown[]; isAll: unknown };
      const isNew = whyNotName(name) === undefined && !lists.some((other) => other.name === name);
      if (isNew) {
        lists.push({ name, symbols: symbolsIn(symbols), isAll: isAll === true });
      }
    }
  }
  return lists.length === 0 ? undefined : lists;
}

export function writeLists(lists: Lists): string {
  return JSON.stringify({ lists });
}

/** Read the one list that earlier versions of this page kept. */
export function readOldList(text: string | null): Lists | undefined {
  try {
    const kept: unknown = JSON.parse(text ?? "null");
    return isRecord(kept) && Array.isArray(kept["symbols"])
      ? [{ name: FIRST_NAME, symbols: symbolsIn(kept["symbols"]), isAll: kept["all"] === true }]
      : undefined;
  } catch {
    return undefined;
  }
}

function symbolsIn(values: readonly unknown[]): string[] {
  const symbols = values.filter((value) => typeof value === "string" && isSymbol(value));
  return [...new Set(symbols as string[])].slice(0, MOST_SYMBOLS);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Names that people know, of markets that are often served. */
const WELL_KNOWN: readonly string[] = [
  ...["AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "META", "TSLA", "AVGO", "NFLX", "AMD", "INTC"],
  ...["JPM", "BAC", "GS", "V", "MA", "BRK.B", "WMT", "COST", "KO", "PEP", "MCD", "NKE", "DIS"],
  ...["JNJ", "LLY", "PFE", "XOM", "CVX", "BA", "SPY", "QQQ", "IWM"],
  ...["BTC/USD", "ETH/USD", "SOL/USD", "BTC/USDT", "ETH/USDT", "BTC-USD", "ETH-USD"],
];
/** The symbols of a first visit, so that something moves. */
const FIRST_VISIT = 30;
/** With fewer well-known names than this, others stand beside them. */
const FEW = 10;

/** What is watched on a first visit: names that people know, else the first that are listed. */
export function firstSymbols(known: readonly string[]): string[] {
  const listed = new Set(known);
  const famous = WELL_KNOWN.filter((symbol) => listed.has(symbol));
  const others = known.filter((symbol) => !famous.includes(symbol));
  const isEnough = famous.length >= FEW && known.length > FIRST_VISIT;
  return [...famous, ...(isEnough ? [] : others)].slice(0, Math.max(FIRST_VISIT, famous.length));
}
