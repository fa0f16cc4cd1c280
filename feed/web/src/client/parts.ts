/** What is known by now of rooms, alerts and jobs: for tabs that ask for it later. */

import { after, channelOf, type DeskWord, isGone, keyOf, partOf } from "./wire/deskwords.ts";
import type { Selection } from "./wire/selection.ts";

/** Keys of which something is kept: the oldest give way. */
const MOST_KEYS = 64;
/** Parts of a key: likewise. As many as a server keeps. */
const MOST_PARTS = 10_000;

export class Parts {
  readonly #keys = new Map<string, Map<string, DeskWord>>();
  /** The keys of which the snapshot that is coming has told something. */
  readonly #restated = new Set<string>();

  /** Note that a snapshot begins: of a key that it tells of, it tells all. */
  beginSnapshot(): void {
    this.#restated.clear();
  }

  update(word: DeskWord, isSnapshot: boolean): void {
    const part = partOf(word);
    if (part === undefined) {
      return;
    }
    const key = `${channelOf(word)} ${keyOf(word)}`;
    let parts = this.#keys.get(key) ?? new Map<string, DeskWord>();
    if (isSnapshot && !this.#restated.has(key)) {
      this.#restated.add(key);
      parts = new Map();
    }
    const kept = after(word, parts.get(part));
    parts.delete(part); // or it would keep its place
    if (kept !== undefined && !isGone(kept)) {
      parts.set(part, kept);
    }
    forgetOldest(parts, MOST_PARTS);
    this.#keys.delete(key);
    this.#keys.set(key, parts);
    forgetOldest(this.#keys, MOST_KEYS);
  }

  /** All that is known of a selection. */
  of(selection: Selection): DeskWord[] {
    return [...this.#keys.values()].flatMap((parts) =>
      [...parts.values()].filter((word) => selection.includes(word)),
    );
  }
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const name of map.keys()) {
    if (map.size <= most) {
      return;
    }
    map.delete(name);
  }
}
