/**
 * A tape: the trades of one symbol as they came, oldest first, and what waits while one reads. Pure.
 *
 * While it is paused nothing is shown that came meanwhile, but it is counted; the newest of it is
 * kept. Trades of the past are put in front once, those that have come live are not among them twice.
 */

import {
  type ConflatedTrade,
  type Quote,
  type Trade,
  timeMs,
  tradeId,
} from "../../client/index.ts";
import { conditionWords } from "../conditions.ts";
import { BigPrints } from "./prints.ts";
import { type Side, Sides } from "./side.ts";

/** Lines that are kept, and shown at most. */
export const MOST_LINES = 100;

export interface Print {
  kind: "print";
  timeMs: number;
  price: number;
  size: number;
  side: Side | undefined;
  isBig: boolean;
  conditions: string;
}

/** Trades that are not coming, or a beginning. */
export interface Break {
  kind: "break";
  words: string;
}

export type Line = Print | Break;

export class Tape {
  readonly #sides = new Sides();
  readonly #big: BigPrints;
  readonly #ids = new Set<string>();
  #isSeeded = false;
  #isPaused = false;
  #due: Line[] = [];
  /** Trades that came while it was paused. */
  meanwhile = 0;

  /** @param least the size from which a print is big; by default it follows what is usual. */
  constructor(least?: number) {
    this.#big = new BigPrints(least);
  }

  quote(quote: Quote): void {
    this.#sides.see(quote);
  }

  trade(trade: Trade | ConflatedTrade): void {
    if (!this.#isSeeded) {
      this.#ids.add(tradeId(trade));
    }
    this.#push(this.#printOf(trade));
    if (this.#isPaused) {
      this.meanwhile += 1;
    }
  }

  break(words: string): void {
    this.#push({ kind: "break", words });
  }

  /** Return the prints of a past that lie before all that came; once. */
  seed(trades: readonly (Trade | ConflatedTrade)[]): Print[] {
    if (this.#isSeeded) {
      return [];
    }
    this.#isSeeded = true;
    const sides = new Sides();
    const past = trades
      .filter((trade) => !this.#ids.has(tradeId(trade)))
      .map((trade) => this.#printOf(trade, sides));
    this.#ids.clear();
    return past;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (!isPaused) {
      this.meanwhile = 0;
    }
  }

  /** Return the lines to show in front of those that are shown, oldest first; none while paused. */
  takeDue(): Line[] {
    if (this.#isPaused) {
      return [];
    }
    const due = this.#due;
    this.#due = [];
    return due;
  }

  #push(line: Line): void {
    this.#due.push(line);
    if (this.#due.length > 2 * MOST_LINES) {
      this.#due.splice(0, this.#due.length - MOST_LINES);
    }
  }

  #printOf(trade: Trade | ConflatedTrade, sides = this.#sides): Print {
    const size = trade.n === undefined ? trade.s : trade.v;
    const merged = trade.n !== undefined && trade.n > 1 ? [`${trade.n} trades`] : [];
    return {
      kind: "print",
      timeMs: timeMs(trade.t),
      price: trade.p,
      size,
      side: sides.of(trade),
      isBig: this.#big.take(size),
      conditions: [conditionWords(trade.c), ...merged].filter((words) => words !== "").join(" · "),
    };
  }
}
