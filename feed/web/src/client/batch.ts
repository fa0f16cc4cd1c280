/**
 * Batches: the ticks since the last delivery, in order.
 *
 * The ticks of a snapshot restate what was known and must not be counted or charted as trading, so
 * they are delivered as a batch of their own; the ticks before and after them are others. Nothing
 * is held without bound: above a limit a batch is merged to the newest tick of each kind per
 * symbol, and says how many were merged.
 */

import type { Tick } from "./wire/ticks.ts";

/** Ticks held for a consumer that is late, until they are merged. */
export const MAX_PENDING_TICKS = 50_000;

export class Batch {
  readonly ticks: readonly Tick[];
  /** Whether these are the last known state of their symbols, rather than news. */
  readonly isSnapshot: boolean;
  /** The position after the last of them. */
  readonly position: string | undefined;
  /** The number of ticks that were replaced by newer ones of their kind and symbol. */
  readonly merged: number;
  #newest: Map<string, Tick> | undefined;

  constructor(
    ticks: readonly Tick[],
    isSnapshot: boolean,
    position: string | undefined,
    merged: number,
  ) {
    this.ticks = ticks;
    this.isSnapshot = isSnapshot;
    this.position = position;
    this.merged = merged;
  }

  /** The newest tick of each kind and symbol in it, in the order in which they came. */
  newest(): Iterable<Tick> {
    this.#newest ??= newestOf(this.ticks);
    return this.#newest.values();
  }
}

/** Collects ticks until they are taken as batches. */
export class Pending {
  readonly #newestOnly: boolean;
  #batches: Batch[] = []; // complete: a snapshot began or ended after them
  #ticks: Tick[] = [];
  #isSnapshot = false;
  #position: string | undefined;
  #merged = 0;
  #mergeAbove = MAX_PENDING_TICKS;
  /** Ticks held. */
  size = 0;

  /** @param newestOnly merge every batch, not only one that is too long. */
  constructor(newestOnly: boolean) {
    this.#newestOnly = newestOnly;
  }

  push(tick: Tick, isSnapshot: boolean): void {
    if (isSnapshot !== this.#isSnapshot) {
      this.#complete();
      this.#isSnapshot = isSnapshot;
    }
    this.#ticks.push(tick);
    this.size += 1;
    if (this.#ticks.length > this.#mergeAbove) {
      this.#merge();
      this.#mergeAbove = Math.max(MAX_PENDING_TICKS, 2 * this.#ticks.length);
    }
  }

  /** Note the position after the last tick pushed. */
  moveTo(position: string | undefined): void {
    this.#position = position;
  }

  /** Return the batches that were collected, oldest first, and forget them. */
  take(): Batch[] {
    this.#complete();
    const batches = this.#batches;
    this.#batches = [];
    this.size = 0;
    return batches;
  }

  #complete(): void {
    if (this.#ticks.length === 0) {
      return;
    }
    if (this.#newestOnly) {
      this.#merge();
    }
    this.#batches.push(new Batch(this.#ticks, this.#isSnapshot, this.#position, this.#merged));
    this.#ticks = [];
    this.#merged = 0;
    this.#mergeAbove = MAX_PENDING_TICKS;
  }

  #merge(): void {
    const newest = [...newestOf(this.#ticks).values()];
    const merged = this.#ticks.length - newest.length;
    this.#merged += merged;
    this.size -= merged;
    this.#ticks = newest;
  }
}

function newestOf(ticks: readonly Tick[]): Map<string, Tick> {
  const newest = new Map<string, Tick>();
  for (const tick of ticks) {
    const key = `${tick.T} ${tick.S}`;
    newest.delete(key); // or it would keep the place of the older one
    newest.set(key, tick);
  }
  return newest;
}
