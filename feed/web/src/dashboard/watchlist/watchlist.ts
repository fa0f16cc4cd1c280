/**
 * The watched symbols, in the order of the user, kept for the next visit; all tabs agree on them.
 *
 * Watching everything is a mode of its own: then new symbols are watched as they appear. So is
 * following a list that others edit too: it stands in place of one's own, which comes back after it.
 */

import { isSymbol } from "../../client/index.ts";

/** One for each server; several may share an origin, each with a prefix of its own. */
const KEY = `feed.watchlist${location.pathname === "/" ? "" : ` ${location.pathname}`}`;
/** The number of symbols that are watched on a first visit, so that something moves. */
const FIRST_VISIT = 30;

/** A list that is kept elsewhere. */
export interface SharedSymbols {
  /** Whose it is, for people. */
  readonly name: string;
  readonly symbols: readonly string[];
  add(symbol: string): void;
  remove(symbol: string): void;
}

interface Stored {
  symbols: string[];
  all: boolean;
}

export class Watchlist {
  #symbols: string[] = [];
  #all = false;
  #shared: SharedSymbols | undefined;
  #known: readonly string[] = [];
  #isOfAddress = false; // until it is changed, when it becomes that of all tabs
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get symbols(): readonly string[] {
    return this.#shared?.symbols ?? (this.#all ? this.#known : this.#symbols);
  }

  /** The list that is followed, if one is. */
  get shared(): SharedSymbols | undefined {
    return this.#shared;
  }

  /** Follow a list in place of one's own, or none any more; to be called whenever it differs. */
  follow(shared: SharedSymbols | undefined): void {
    if (shared !== undefined || this.#shared !== undefined) {
      this.#shared = shared;
      this.#onChange();
    }
  }

  get isAll(): boolean {
    return this.#all && this.#shared === undefined;
  }

  has(symbol: string): boolean {
    return this.isAll || this.symbols.includes(symbol);
  }

  /**
   * Begin with the symbols of the address (`?symbols=AAPL,MSFT`, `*`), the last visit, or some.
   *
   * Those of the address are watched as they are, since they may be listed later; returned are the
   * texts in it that no symbol can have. Of another visit only those that are known are.
   */
  begin(known: readonly string[]): string[] {
    this.#known = known;
    const address = new URLSearchParams(location.search).get("symbols");
    const asked = address === null ? [] : [...new Set(address.split(","))].filter((text) => text);
    const stored = address === null ? this.#stored() : undefined;
    this.#isOfAddress = address !== null;
    if (address !== null) {
      this.#show({ symbols: asked.filter(isSymbol), all: asked.includes("*") });
    } else {
      this.#show(stored ?? { symbols: known.slice(0, FIRST_VISIT), all: false });
    }
    addEventListener("storage", ({ key }) => this.#changedElsewhere(key));
    return asked.filter((text) => text !== "*" && !isSymbol(text));
  }

  /** Learn which symbols there are by now. */
  know(known: readonly string[]): void {
    this.#known = known;
    if (this.#all) {
      this.#onChange();
    }
  }

  add(symbol: string): void {
    if (this.has(symbol)) {
      return;
    }
    if (this.#shared !== undefined) {
      this.#shared.add(symbol);
    } else {
      this.#symbols = [symbol, ...this.#symbols];
      this.#changed();
    }
  }

  /** Stop watching a symbol; from everything this leaves everything else. */
  remove(symbol: string): void {
    if (this.#shared !== undefined) {
      this.#shared.remove(symbol);
      return;
    }
    this.#symbols = this.symbols.filter((other) => other !== symbol);
    this.#all = false;
    this.#changed();
  }

  watchAll(): void {
    this.#all = true;
    this.#changed();
  }

  clear(): void {
    this.#symbols = [];
    this.#all = false;
    this.#changed();
  }

  /** Follow another tab that changed the list; `key` is null where everything was cleared. */
  #changedElsewhere(key: string | null): void {
    const stored = key === KEY && !this.#isOfAddress ? this.#stored() : undefined;
    if (stored !== undefined) {
      this.#show(stored);
    }
  }

  /** What another visit or tab left, of what is known; undefined if it was of another market. */
  #stored(): Stored | undefined {
    const stored = readStored();
    const known = new Set(this.#known);
    const symbols = stored?.symbols.filter((symbol) => known.has(symbol)) ?? [];
    const isElsewhere = symbols.length === 0 && stored?.symbols.length !== 0;
    return stored === undefined || (isElsewhere && !stored.all)
      ? undefined
      : { symbols, all: stored.all };
  }

  #show({ symbols, all }: Stored): void {
    this.#all = all;
    this.#symbols = symbols;
    this.#onChange();
  }

  #changed(): void {
    this.#isOfAddress = false;
    const stored: Stored = { symbols: this.#symbols, all: this.#all };
    try {
      localStorage.setItem(KEY, JSON.stringify(stored));
    } catch {
      // Storage is full or forbidden; the list then lasts as long as the page.
    }
    this.#onChange();
  }
}

function readStored(): Stored | undefined {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "null") as Stored | null;
    return Array.isArray(stored?.symbols) ? stored : undefined;
  } catch {
    return undefined; // forbidden, or written by something else
  }
}
