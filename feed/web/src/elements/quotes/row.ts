/** One row of the quotes: what was bid and asked for at a time. */

import { formatClock, formatCompact, formatPrice, NOTHING } from "../../market/format.ts";
import { make, setData, Text } from "../dom.ts";
import { type Column, cell, type RollingRow, row } from "../rolling/table.ts";
import type { QuoteLine, SideOfBook } from "./quotes.ts";

export const COLUMNS: readonly Column[] = [
  { name: "Time", classes: "wide" },
  { name: "Size", classes: "number" },
  { name: "Bid", classes: "number" },
  { name: "Ask", classes: "number" },
  { name: "Size", classes: "number" },
];

export class QuoteRow implements RollingRow<QuoteLine> {
  readonly element: HTMLElement;
  readonly #decimals: () => number;
  readonly #time = new Text();
  readonly #bid = new SideCells();
  readonly #ask = new SideCells();

  constructor(decimals: () => number) {
    this.#decimals = decimals;
    this.element = row(
      "quote",
      cell("muted wide", this.#time.node),
      this.#bid.size,
      this.#bid.price,
      this.#ask.price,
      this.#ask.size,
    );
  }

  write({ timeMs, bid, ask }: QuoteLine): void {
    const decimals = this.#decimals();
    if (this.#time.set(formatClock(timeMs))) {
      this.element.title = formatClock(timeMs);
    }
    this.#bid.write(bid, decimals);
    this.#ask.write(ask, decimals);
  }
}

class SideCells {
  readonly #sign = new Text();
  readonly #priceText = new Text();
  readonly #sizeText = new Text();
  readonly price = cell(
    "number",
    make("span", { class: "sign" }, this.#sign.node),
    this.#priceText.node,
  );
  readonly size = cell("size number muted", this.#sizeText.node);

  write({ price, size, way }: SideOfBook, decimals: number): void {
    this.#sign.set(way === undefined ? "" : way === "up" ? "▴" : "▾");
    this.#priceText.set(formatPrice(price, decimals));
    this.#sizeText.set(size === undefined ? NOTHING : formatCompact(size));
    setData(this.price, "way", way);
  }
}
