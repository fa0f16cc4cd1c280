/**
 * The lists of watched symbols: which of them is shown, what is done to it, and how that is undone.
 *
 * Three kinds of lists: one's own, which are kept for the next visit, and on which all tabs agree; the
 * list of a link, which becomes one's own with its first change; and one that others edit too.
 */

import { keepLists, keptLists, onListsChanged } from "./kept.ts";
import {
  FIRST_NAME,
  firstSymbols,
  freeName,
  type Lists,
  listOf,
  moved,
  type NamedList,
  whyNotAdd,
  withList,
  withoutList,
  withSymbol,
} from "./lists.ts";

/** The name of the list of a link that names none. */
const LINKED = "Linked";

/** A list that is kept elsewhere. */
export interface SharedSymbols {
  /** Whose it is, for people. */
  readonly name: string;
  readonly symbols: readonly string[];
  /** Add a symbol before another one, or at the end. */
  add(symbol: string, before: string | undefined): void;
  remove(symbol: string): void;
  move(symbol: string, before: string | undefined): void;
}

/** What was done last, in words, and what undoes it. */
interface Done {
  words: string;
  undo: () => void;
}

/** What the address asks for. */
export interface Asked {
  list?: string | undefined;
  symbols?: readonly string[] | undefined;
}

export class Watchlist {
  #lists: Lists = [];
  #name = FIRST_NAME;
  #link: NamedList | undefined;
  #shared: SharedSymbols | undefined;
  #isShared = false;
  #known: readonly string[] = [];
  #listed: ReadonlySet<string> = new Set();
  #done: Done | undefined;
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** One's own lists. */
  get lists(): Lists {
    return this.#lists;
  }

  /** The list that is shown, unless others edit it. */
  get current(): NamedList {
    return this.#link ?? listOf(this.#lists, this.#name);
  }

  get symbols(): readonly string[] {
    if (this.#isShared && this.#shared !== undefined) {
      return this.#shared.symbols;
    }
    const { symbols, isAll } = this.current;
    if (isAll) {
      return this.#known;
    }
    // Those of a link are watched as they are, since they may be listed later.
    return this.#link === undefined ? symbols.filter((each) => this.#listed.has(each)) : symbols;
  }

  /** The list that others edit too, if it is the one that is shown. */
  get shared(): SharedSymbols | undefined {
    return this.#isShared ? this.#shared : undefined;
  }

  /** The list that others edit too, whether it is shown or not. */
  get offered(): SharedSymbols | undefined {
    return this.#shared;
  }

  /** Whether the list that is shown is that of a link, and none of one's own. */
  get isLinked(): boolean {
    return this.#link !== undefined && this.shared === undefined;
  }

  get isAll(): boolean {
    return this.current.isAll && this.shared === undefined;
  }

  /** What was done last, in words, where it can be undone. */
  get done(): string | undefined {
    return this.#done?.words;
  }

  has(symbol: string): boolean {
    return this.isAll || this.symbols.includes(symbol);
  }

  /** Offer a list of others in place of one's own, or none any more; whenever it differs. */
  follow(shared: SharedSymbols | undefined): void {
    if (shared !== undefined || this.#shared !== undefined) {
      this.#isShared = shared !== undefined && (this.#isShared || this.#shared === undefined);
      this.#shared = shared;
      this.#onChange();
    }
  }

  /**
   * Begin with what the address asks for, with what was kept, or with names that people know.
   *
   * Returned is what cannot be had, in words.
   */
  begin(known: readonly string[], { list, symbols }: Asked): string[] {
    this.#learn(known);
    const first = { name: FIRST_NAME, symbols: firstSymbols(known), isAll: false };
    this.#lists = keptLists() ?? [first];
    const names = this.#lists.map(({ name }) => name);
    const refused: string[] = [];
    this.#name = list !== undefined && names.includes(list) ? list : (names[0] ?? FIRST_NAME);
    if (symbols !== undefined) {
      this.#beginLink(list ?? LINKED, symbols);
    } else if (list !== undefined && this.#name !== list) {
      refused.push(`There is no list “${list}” in this browser: “${this.#name}” is shown`);
    }
    const { isAll, symbols: own } = this.current;
    if (this.#link === undefined && !isAll && own.length > 0 && this.symbols.length === 0) {
      this.#link = first; // what is kept is of another market
    }
    onListsChanged((lists) => {
      this.#lists = lists;
      this.#onChange();
    });
    this.#onChange();
    return refused;
  }

  /** Show the symbols of a link, unless they are those of one's own list of that name. */
  #beginLink(name: string, symbols: readonly string[]): void {
    const isAll = symbols.includes("*");
    const named = symbols.filter((symbol) => symbol !== "*");
    const own = this.#lists.find((list) => list.name === name);
    const isOwn = own?.isAll === isAll && (isAll || own.symbols.join() === named.join());
    this.#link = isOwn ? undefined : { name, symbols: named, isAll };
  }

  /** Learn which symbols there are by now. */
  know(known: readonly string[]): void {
    this.#learn(known);
    this.#onChange();
  }

  #learn(known: readonly string[]): void {
    this.#known = known;
    this.#listed = new Set(known);
  }

  /** Show another of one's own lists. */
  select(name: string): void {
    this.#name = name;
    this.#link = undefined;
    this.#isShared = false;
    this.#done = undefined;
    this.#onChange();
  }

  /** Show the list of others that is offered. */
  selectShared(): void {
    this.#isShared = this.#shared !== undefined;
    this.#done = undefined;
    this.#onChange();
  }

  /** Make a list of one's own, and show it. Return why it cannot be, where it cannot. */
  create(name: string): string | undefined {
    const why = whyNotAdd(this.#lists, name);
    if (why === undefined) {
      this.#keep({ name, symbols: [], isAll: false });
      this.select(name);
    }
    return why;
  }

  /** Give the list that is shown another name. Return why it cannot have it, where it cannot. */
  rename(name: string): string | undefined {
    const before = this.current;
    if (name === before.name) {
      return undefined;
    }
    const isOwn = this.#link === undefined; // one of a link may be called as one's own is
    const others = isOwn ? withoutList(this.#lists, before.name) : this.#lists;
    const why = whyNotAdd(others, name);
    if (why === undefined) {
      if (isOwn) {
        this.#lists = this.#lists.map((list) =>
          list.name === before.name ? { ...list, name } : list,
        );
      }
      this.#keep({ ...before, name });
      this.select(name);
    }
    return why;
  }

  /** Forget the list that is shown; the last one stays. */
  delete(): void {
    const gone = this.current;
    this.#lists = withoutList(this.#lists, gone.name);
    keepLists(this.#lists);
    this.select(listOf(this.#lists, "").name);
    this.#note(`List “${gone.name}” is deleted`, () => {
      this.#keep(gone);
      this.select(gone.name);
    });
  }

  /** Make the list of a link one's own. */
  keep(): void {
    const { symbols, isAll } = this.current;
    this.#change(symbols, isAll);
  }

  add(symbol: string): void {
    if (this.has(symbol)) {
      return;
    }
    if (this.shared !== undefined) {
      this.shared.add(symbol, this.shared.symbols[0]);
    } else {
      this.#change(withSymbol(this.current.symbols, symbol));
    }
  }

  /** Stop watching a symbol; from everything this leaves everything else. */
  remove(symbol: string): void {
    const { symbols, shared } = this;
    const next = symbols[symbols.indexOf(symbol) + 1];
    if (shared !== undefined) {
      shared.remove(symbol);
      this.#note(`${symbol} is removed`, () => shared.add(symbol, next));
      return;
    }
    const before = this.current;
    const kept = before.isAll ? this.#known : before.symbols;
    this.#change(kept.filter((other) => other !== symbol));
    this.#noteBefore(`${symbol} is removed`, before);
  }

  /** Move a symbol before another one, or to the end. */
  move(symbol: string, before: string | undefined): void {
    const { shared } = this;
    if (shared !== undefined) {
      shared.move(symbol, before);
    } else {
      this.#change(moved(this.isAll ? this.#known : this.current.symbols, symbol, before));
    }
  }

  /** Watch everything, or again what was watched before. */
  toggleAll(): void {
    const { symbols, isAll } = this.current;
    this.#change(symbols, !isAll);
  }

  clear(): void {
    const before = this.current;
    const count = this.symbols.length;
    this.#change([]);
    this.#noteBefore(`${count} ${count === 1 ? "symbol is" : "symbols are"} cleared`, before);
  }

  /** Undo what was done last. */
  undo(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.undo();
    this.#onChange();
  }

  /** Change the list that is shown; that of a link becomes one's own. */
  #change(symbols: readonly string[], isAll = false): void {
    const { name } = this.current;
    const own = this.#link === undefined ? name : freeName(this.#lists, name);
    this.#keep({ name: own, symbols, isAll });
    this.#name = own;
    this.#link = undefined;
    this.#done = undefined;
    this.#onChange();
  }

  #keep(list: NamedList): void {
    this.#lists = withList(this.#lists, list);
    keepLists(this.#lists);
  }

  #noteBefore(words: string, { symbols, isAll }: NamedList): void {
    const { name } = this.current;
    this.#note(words, () => {
      this.#keep({ name, symbols, isAll });
      this.select(name);
    });
  }

  #note(words: string, undo: () => void): void {
    this.#done = { words, undo };
    this.#onChange();
  }
}
