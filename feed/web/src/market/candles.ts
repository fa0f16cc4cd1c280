/**
 * The candles of one symbol in one timeframe: the server's bars, and trades of the open one.
 *
 * Theory of operation: bars and trades go into candles as long as the server's bars (a second, a
 * minute, a day). A timeframe between them adds up its minutes, each time that one of them differs:
 * so a minute that the server corrects corrects the hour that it is in. Pure.
 */

import type { Bar, Tick } from "../client/index.ts";
import type { Bars } from "./history.ts";
import { type Candle, candleOf, OpenBar } from "./openbar.ts";
import { type ServedTimeframe, startOf, TIMEFRAMES, type Timeframe } from "./timeframes.ts";

/** Kinds of ticks that are finished bars. */
const FINISHED: Readonly<Record<ServedTimeframe, readonly string[]>> = {
  "1s": ["b1s"],
  "1m": ["b", "u"],
  "1d": [],
};
export class Candles {
  readonly timeframe: Timeframe;
  readonly #seconds: number;
  readonly #servedSeconds: number;
  readonly #finished: readonly string[];
  readonly #open: OpenBar;
  /** Candles of the server's length, by their start; only where they are added up. */
  readonly #parts = new Map<number, Candle>();
  #all: Candle[] = [];
  #changed = new Map<number, Candle>();

  constructor(timeframe: Timeframe) {
    const { seconds, served } = TIMEFRAMES[timeframe];
    this.timeframe = timeframe;
    this.#seconds = seconds;
    this.#servedSeconds = TIMEFRAMES[served].seconds;
    this.#finished = FINISHED[served];
    this.#open = new OpenBar(this.#servedSeconds);
  }

  /** Oldest first. */
  get all(): readonly Candle[] {
    return this.#all;
  }

  get newest(): Candle | undefined {
    return this.#all.at(-1);
  }

  /** Begin with the server's bars. */
  begin(served: Bars): void {
    const { bars, current } = served;
    this.#parts.clear();
    this.#changed.clear();
    this.#all = [];
    this.#open.begin(served);
    for (const bar of current === null ? bars : [...bars, current]) {
      this.#change(candleOf(bar));
    }
    this.settle();
  }

  /** Take a tick of the symbol; return whether a candle differs. */
  take(tick: Tick): boolean {
    let candle: Candle | undefined;
    if (tick.T === "t") {
      candle = this.#open.take(tick);
    } else if (this.#finished.includes(tick.T)) {
      candle = this.#open.finish(tick as Bar);
    }
    if (candle !== undefined) {
      this.#change(candle);
    }
    return candle !== undefined;
  }

  /** Put what was taken into `all`; return the index from which on it differs, if it does. */
  settle(): number | undefined {
    if (this.#changed.size === 0) {
      return undefined;
    }
    let from = Number.POSITIVE_INFINITY;
    for (const candle of this.#whole()) {
      from = Math.min(from, this.#put(candle));
    }
    this.#changed.clear();
    return from;
  }

  #change(candle: Candle): void {
    this.#changed.set(candle.time, candle);
    if (this.#isSummed) {
      this.#parts.set(candle.time, candle);
    }
  }

  get #isSummed(): boolean {
    return this.#seconds !== this.#servedSeconds;
  }

  /** The candles of this timeframe that differ. */
  #whole(): Candle[] {
    if (!this.#isSummed) {
      return [...this.#changed.values()].map((candle) => ({ ...candle }));
    }
    const starts = new Set([...this.#changed.keys()].map((time) => startOf(time, this.#seconds)));
    return [...starts].map((start) => this.#sum(start));
  }

  #sum(start: number): Candle {
    const parts: Candle[] = [];
    for (let time = start; time < start + this.#seconds; time += this.#servedSeconds) {
      const part = this.#parts.get(time);
      if (part !== undefined) {
        parts.push(part);
      }
    }
    return sumOf(start, parts);
  }

  /** Put a candle in its place; return where that is. */
  #put(candle: Candle): number {
    let index = this.#all.length;
    while (index > 0 && (this.#all[index - 1] as Candle).time > candle.time) {
      index -= 1; // corrections are of the last ones
    }
    const isThere = this.#all[index - 1]?.time === candle.time;
    const place = isThere ? index - 1 : index;
    this.#all.splice(place, isThere ? 1 : 0, candle);
    return place;
  }
}

/** Add up candles that follow each other, oldest first; at least one. */
export function sumOf(time: number, parts: readonly Candle[]): Candle {
  const sum: Candle = { ...(parts[0] as Candle), time };
  for (const { high, low, close, volume, turnover } of parts.slice(1)) {
    sum.high = Math.max(sum.high, high);
    sum.low = Math.min(sum.low, low);
    sum.close = close;
    sum.volume = Math.min(sum.volume + volume, Number.MAX_VALUE);
    sum.turnover += turnover;
  }
  return sum;
}
