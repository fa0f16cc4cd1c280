/**
 * What a chart shows: candles of one symbol with their studies, or two symbols in per cent, laid out
 * on slots. Pure; drawing is the chart's.
 *
 * Theory of operation: what comes is taken at once, and put into the picture when it is painted.
 * Mostly that differs in the newest slots only (`Change`), which is cheap to draw; a correction, a
 * halt, or a time that was missed has all of it laid out anew.
 */

import type { Tick } from "../../client/index.ts";
import { Candles } from "../../market/candles.ts";
import type { Bars } from "../../market/history.ts";
import { Interruptions } from "../../market/interruptions.ts";
import { type Candle, candleOf } from "../../market/openbar.ts";
import { commonTime, percentOf } from "../../market/percent.ts";
import { averageAt, Vwap } from "../../market/studies.ts";
import { TIMEFRAMES, type Timeframe } from "../../market/timeframes.ts";
import { type Laid, lay, slotsUpTo, spanAt } from "./slots.ts";

/** What is to be shown. */
export interface Subject {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** The symbol that it is compared with. */
  readonly other: string | undefined;
  readonly periods: readonly number[];
}

/** The server's past of a subject. */
export interface Past {
  readonly bars: Bars;
  readonly other: Bars | undefined;
  /** The day that is open. */
  readonly day: Bars | undefined;
}

/** What differs since the last time. */
export interface Change {
  readonly isWhole: boolean;
  /** Slots that were added behind the last one. */
  readonly slots: readonly number[];
  /** The candles that differ: those from these indices on. */
  readonly from: number;
  readonly otherFrom: number;
}

/** What is known of one slot. */
export interface Reading {
  readonly timeS: number;
  readonly candle: Candle | undefined;
  readonly vwap: number | undefined;
  readonly averages: readonly (number | undefined)[];
  /** Of a comparison. */
  readonly percents: readonly (number | undefined)[];
  /** What is told of it: a halt, say. */
  readonly words: string | undefined;
}

const NOTHING: Laid = { slots: [], breaks: new Set(), spans: [] };

export class Picture {
  readonly subject: Subject;
  readonly candleS: number;
  readonly main: Candles;
  readonly other: Candles | undefined;
  readonly #vwap = new Vwap();
  readonly #interruptions: Interruptions;
  #laid = NOTHING;
  #isChanged = false;
  #isWhole = false;
  #baseS: number | undefined;
  #bases: readonly (number | undefined)[] = [];

  constructor(subject: Subject, interruptions = new Interruptions()) {
    this.subject = subject;
    this.candleS = TIMEFRAMES[subject.timeframe].seconds;
    this.main = new Candles(subject.timeframe);
    this.other = subject.other === undefined ? undefined : new Candles(subject.timeframe);
    this.#interruptions = interruptions;
  }

  get laid(): Laid {
    return this.#laid;
  }

  /** The time since which two symbols are compared. */
  get baseS(): number | undefined {
    return this.#baseS;
  }

  /** Begin with the server's past. `shown` is the number of slots that are seen at first. */
  begin({ bars, other, day }: Past, shown: number): void {
    this.main.begin(bars);
    this.other?.begin(other ?? { bars: [], current: null });
    const open = day?.current;
    this.#vwap.begin(this.main.all, open ? candleOf(open) : undefined, this.candleS);
    this.#lay();
    this.#rebase(shown);
    this.#isChanged = false;
  }

  /** Take a tick; return whether there is something to paint. */
  take(tick: Tick): boolean {
    if (tick.S === this.subject.symbol) {
      this.#isWhole = this.#interruptions.take(tick) || this.#isWhole;
      this.#isChanged = this.main.take(tick) || this.#isChanged;
    } else if (tick.S === this.subject.other && this.other !== undefined) {
      this.#isChanged = this.other.take(tick) || this.#isChanged;
    }
    return this.#isChanged || this.#isWhole;
  }

  /** Put what was taken into the picture; undefined where nothing differs. */
  settle(): Change | undefined {
    if (!this.#isChanged && !this.#isWhole) {
      return undefined;
    }
    const from = this.main.settle() ?? this.main.all.length;
    const otherFrom = this.other?.settle() ?? this.other?.all.length ?? 0;
    this.#vwap.update(this.main.all, from);
    const slots = this.#isWhole ? undefined : this.#slotsAdded(from, otherFrom);
    this.#isChanged = false;
    this.#isWhole = false;
    if (slots === undefined) {
      this.#lay();
      if (this.#baseS === undefined) {
        this.#rebase(this.#laid.slots.length); // the second symbol had no price so far
      }
      return { isWhole: true, slots: [], from: 0, otherFrom: 0 };
    }
    this.#laid = { ...this.#laid, slots: this.#laid.slots.concat(slots) };
    return { isWhole: false, slots, from, otherFrom };
  }

  vwapAt(index: number): number | undefined {
    return this.#vwap.at(index);
  }

  averageAt(index: number, period: number): number | undefined {
    return averageAt(this.main.all, index, period);
  }

  /** A close of the first (0) or the second symbol (1) in per cent of its price at the base. */
  percentOf(which: 0 | 1, { close }: Candle): number | undefined {
    const base = this.#bases[which];
    return base === undefined ? undefined : percentOf(close, base);
  }

  /** What is known of the slot that starts at a time. */
  readingAt(timeS: number): Reading {
    const { all } = this.main;
    const index = indexOf(all, timeS);
    const candle = all[index];
    const pair = [candle, this.other?.all[indexOf(this.other.all, timeS)]] as const;
    return {
      timeS,
      candle,
      vwap: candle && this.vwapAt(index),
      averages: this.subject.periods.map((period) => candle && this.averageAt(index, period)),
      percents: pair.map((one, which) => one && this.percentOf(which as 0 | 1, one)),
      words: spanAt(timeS, this.candleS, this.#laid.spans)?.words,
    };
  }

  #lay(): void {
    const times = this.main.all.map(({ time }) => time);
    const others = this.other?.all.map(({ time }) => time) ?? [];
    const union = others.length === 0 ? times : [...new Set([...times, ...others])];
    union.sort((a, b) => a - b);
    this.#laid = lay(union, this.candleS, this.#interruptions.all);
  }

  /** The slots behind the last one that candles need; undefined where all must be laid anew. */
  #slotsAdded(from: number, otherFrom: number): number[] | undefined {
    const changed = [...this.main.all.slice(from), ...(this.other?.all.slice(otherFrom) ?? [])];
    const times = changed.map(({ time }) => time).sort((a, b) => a - b);
    const added: number[] = [];
    for (const time of times) {
      const last = added.at(-1) ?? this.#laid.slots.at(-1);
      const more = slotsUpTo(last, time, this.candleS);
      if (more === undefined || (more.length > 1 && this.#isTold(last as number, time))) {
        return undefined;
      }
      added.push(...more);
    }
    return added;
  }

  /** Whether something is told of the time between two candles. */
  #isTold(fromS: number, toS: number): boolean {
    const firstS = fromS + this.candleS;
    return this.#interruptions.all.some((each) => each.fromS < toS && (each.toS ?? toS) > firstS);
  }

  #rebase(shown: number): void {
    const { slots } = this.#laid;
    const fromS = slots[Math.max(0, slots.length - shown)];
    const others = this.other?.all;
    this.#baseS = others && commonTime(this.main.all, others, fromS);
    this.#bases = [this.main.all, others ?? []].map(
      (all) => all.find(({ time }) => time === this.#baseS)?.close,
    );
  }
}

/** The index of the candle that starts at a time, -1 if there is none. */
export function indexOf(candles: readonly Candle[], timeS: number): number {
  let low = 0;
  let high = candles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((candles[middle] as Candle).time < timeS) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return candles[low]?.time === timeS ? low : -1;
}
