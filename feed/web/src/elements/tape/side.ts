/**
 * The side of a trade: who of both was in a hurry. Pure.
 *
 * A source that knows it says it. Else it is inferred: a trade at the ask or above was bought, one
 * at the bid or below was sold; between them its change against the trade before decides, or the
 * last change that there was. Source: Lee and Ready, "Inferring Trade Direction from Intraday Data"
 * (1991), the quote rule before the tick rule.
 */

import type { ConflatedTrade, Quote, Trade } from "../../client/index.ts";

export type Side = "buy" | "sell";

export class Sides {
  #quote: Quote | undefined;
  #price: number | undefined;
  #last: Side | undefined; // by the tick rule

  see(quote: Quote): void {
    this.#quote = quote;
  }

  /** Return the side of the next trade; undefined where nothing tells it. */
  of(trade: Trade | ConflatedTrade): Side | undefined {
    const { p } = trade;
    if (this.#price !== undefined && p !== this.#price) {
      this.#last = p > this.#price ? "buy" : "sell";
    }
    this.#price = p;
    const told = trade.n === undefined ? trade.tks : undefined;
    if (told !== undefined) {
      return told === "B" ? "buy" : "sell";
    }
    return this.#byQuote(p) ?? this.#last;
  }

  #byQuote(price: number): Side | undefined {
    const { bp, bs, ap, as } = this.#quote ?? { bp: 0, bs: 0, ap: 0, as: 0 };
    if (as > 0 && price >= ap && (bs === 0 || ap > bp)) {
      return "buy";
    }
    return bs > 0 && price <= bp && (as === 0 || ap > bp) ? "sell" : undefined;
  }
}
