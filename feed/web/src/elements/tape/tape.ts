/**
 * A tape: the trades of one symbol as they came, with their sides, and which of them are big. Pure.
 *
 * Trades of the past are put behind them once; those that have come live are not among them twice.
 */

import {
  type ConflatedTrade,
  type Quote,
  type Trade,
  timeMs,
  tradeId,
} from "../../client/index.ts";
import type { Extreme } from "../../market/instrument.ts";
import { conditionWords } from "../conditions.ts";
import { Roll } from "../rolling/roll.ts";
import { BigPrints } from "./prints.ts";
import { type Side, Sides } from "./side.ts";

export interface Print {
  kind: "print";
  timeMs: number;
  price: number;
  size: number;
  side: Side | undefined;
  isBig: boolean;
  /** It was a new high or low of the day. */
  extreme: Extreme | undefined;
  conditions: string;
}

/** Trades that are not coming, or a beginning. */
export interface Break {
  kind: "break";
  words: string;
}

export type Line = Print | Break;

export class Tape {
  readonly roll = new Roll<Line>();
  readonly big: BigPrints;
  readonly #sides = new Sides();
  readonly #ids = new Set<string>();
  #isSeeded = false;

  /** @param least the size from which a print is big; by default it follows what is usual. */
  constructor(least?: number) {
    this.big = new BigPrints(least);
  }

  quote(quote: Quote): void {
    this.#sides.see(quote);
  }

  /** Note a trade; `extreme` where it was one of its day. */
  trade(trade: Trade | ConflatedTrade, extreme?: Extreme): void {
    if (!this.#isSeeded) {
      this.#ids.add(tradeId(trade));
    }
    this.roll.push(this.#printOf(trade, this.#sides, extreme));
  }

  break(words: string): void {
    this.roll.push({ kind: "break", words }, false);
  }

  /** Put the prints of a past behind all that came; once. */
  seed(trades: readonly (Trade | ConflatedTrade)[]): void {
    if (this.#isSeeded) {
      return;
    }
    this.#isSeeded = true;
    const sides = new Sides();
    const past = trades
      .filter((trade) => !this.#ids.has(tradeId(trade)))
      .map((trade) => this.#printOf(trade, sides));
    this.#ids.clear();
    this.roll.putBehind(past);
  }

  #printOf(trade: Trade | ConflatedTrade, sides: Sides, extreme?: Extreme): Print {
    const size = trade.n === undefined ? trade.s : trade.v;
    const merged = trade.n !== undefined && trade.n > 1 ? [`${trade.n} trades`] : [];
    return {
      kind: "print",
      timeMs: timeMs(trade.t),
      price: trade.p,
      size,
      side: sides.of(trade),
      isBig: this.big.take(size),
      extreme,
      conditions: [conditionWords(trade.c), ...merged].filter((words) => words !== "").join(" · "),
    };
  }
}
