/** The quotes of one symbol as they came: best bid and ask with their sizes. Pure. */

import { type Quote, timeMs } from "../../client/index.ts";
import { Roll } from "../rolling/roll.ts";

/** One side of a book; an empty one has neither price nor size. */
export interface SideOfBook {
  price: number | undefined;
  size: number | undefined;
  /** How the price differs from that of the line before. */
  way: "up" | "down" | undefined;
}

export interface QuoteLine {
  timeMs: number;
  bid: SideOfBook;
  ask: SideOfBook;
}

export class Quotes {
  readonly roll = new Roll<QuoteLine>();
  #last: Quote | undefined;
  #firstMs = Number.POSITIVE_INFINITY;
  #isSeeded = false;

  /** Note a quote; one that says what the last one did is no news. */
  take(quote: Quote): void {
    const line = lineOf(quote, this.#last);
    if (line !== undefined) {
      this.#firstMs = Math.min(this.#firstMs, line.timeMs);
      this.#last = quote;
      this.roll.push(line);
    }
  }

  /** Put quotes of the past, oldest first, behind all that came; once. */
  seed(quotes: readonly Quote[]): void {
    if (this.#isSeeded) {
      return;
    }
    this.#isSeeded = true;
    let last: Quote | undefined;
    const past: QuoteLine[] = [];
    for (const quote of quotes.filter(({ t }) => timeMs(t) < this.#firstMs)) {
      const line = lineOf(quote, last);
      if (line !== undefined) {
        past.push(line);
        last = quote;
      }
    }
    this.roll.putBehind(past);
    this.#last ??= last;
  }
}

function lineOf(quote: Quote, last: Quote | undefined): QuoteLine | undefined {
  const { bp, bs, ap, as } = quote;
  if (last?.bp === bp && last.bs === bs && last.ap === ap && last.as === as) {
    return undefined;
  }
  return {
    timeMs: timeMs(quote.t),
    bid: sideOf(bp, bs, last?.bp, last?.bs),
    ask: sideOf(ap, as, last?.ap, last?.as),
  };
}

function sideOf(
  price: number,
  size: number,
  lastPrice: number | undefined,
  lastSize: number | undefined,
): SideOfBook {
  if (size <= 0) {
    return { price: undefined, size: undefined, way: undefined };
  }
  const isSame = lastPrice === undefined || !lastSize || price === lastPrice;
  return { price, size, way: isSame ? undefined : price > lastPrice ? "up" : "down" };
}
