/** The tabs on a shared connection, and the wishes of each. Pure. */

import { Selection, type Symbols } from "../wire/selection.ts";

/** One tab, as it describes itself to the others; goes through `postMessage`. */
export interface Member {
  symbols: Symbols;
  /** Number of the selection, by which it is acknowledged. */
  revision: number;
  /** Whether its readers are behind. */
  paused: boolean;
  /** Whether it is hidden and wants no connection then. */
  away: boolean;
}

export class Roster {
  readonly #members = new Map<string, Member>();

  get size(): number {
    return this.#members.size;
  }

  set(tab: string, member: Member): void {
    this.#members.set(tab, member);
  }

  get(tab: string): Member | undefined {
    return this.#members.get(tab);
  }

  delete(tab: string): boolean {
    return this.#members.delete(tab);
  }

  /** Drop members that are not among these tabs; return whether there were any. */
  keep(tabs: ReadonlySet<string>): boolean {
    const gone = [...this.#members.keys()].filter((tab) => !tabs.has(tab));
    for (const tab of gone) {
      this.#members.delete(tab);
    }
    return gone.length > 0;
  }

  /** Everything that any tab wants now. */
  union(): Selection {
    let union = Selection.NOTHING;
    for (const { symbols, away } of this.#members.values()) {
      if (!away) {
        union = union.with(Selection.of(symbols));
      }
    }
    return union;
  }

  /** Whether nobody reads: one tab that keeps up is enough to go on. */
  get isPaused(): boolean {
    return (
      this.#members.size > 0 &&
      [...this.#members.values()].every(({ paused, away }) => paused || away)
    );
  }

  /** The revision of each tab's selection that the union stands for. */
  revisions(): [tab: string, revision: number][] {
    return [...this.#members].map(([tab, { revision }]) => [tab, revision]);
  }

  entries(): [tab: string, member: Member][] {
    return [...this.#members];
  }
}
