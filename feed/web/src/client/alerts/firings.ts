/** Firings, each of which is news once: by its id, however often it is told. Pure. */

import type { AcknowledgedWord, AlertWord } from "../wire/deskwords.ts";

/** Ids of acknowledged firings that are remembered. */
const MOST_KNOWN = 10_000;

export class Firings {
  readonly #open = new Map<string, AlertWord>();
  readonly #acknowledged = new Set<string>();

  /** What is not acknowledged, the oldest first. */
  get open(): readonly AlertWord[] {
    return [...this.#open.values()];
  }

  /** Take a word; return whether it is news. */
  take(word: AlertWord | AcknowledgedWord): boolean {
    if (this.#acknowledged.has(word.id)) {
      return false;
    }
    if (word.T === "alert") {
      const isNews = !this.#open.has(word.id);
      this.#open.set(word.id, word);
      return isNews;
    }
    this.#open.delete(word.id);
    this.#acknowledged.add(word.id);
    if (this.#acknowledged.size > MOST_KNOWN) {
      this.#acknowledged.delete(this.#acknowledged.keys().next().value as string);
    }
    return true;
  }
}
