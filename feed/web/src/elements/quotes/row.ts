/** One row of the quotes: what was bid and asked for at a time. */

import {
  formatClock,
  formatCompact,
  formatPrice,
  formatSize,
  NOTHING,
} from "../../market/format.ts";
import type { Zone } from "../../market/zone.ts";
import { make, setData, Text } from "../dom.ts";
import { type Column, cell, markLong, type RollingRow, row } from "../rolling/table.ts";
import type { QuoteLine, SideOfBook } from "./quotes.ts";

export const COLUMNS: readonly Column[] = [
  { name: "Time", classes: "wide" },
  { name: "Size", classes: "number" },
  { name: "Bid", classes: "number" },
  { name: "Ask", classes: "number" },
  { name: "Size", classes: "number" },
];

const USUAL_PRICE = 7; // characters
const USUAL_SIZE = 4;

export class QuoteRow implements RollingRow<QuoteLine> {
  readonly element: HTMLElement;
  readonly #decimals: () => number;
  readonly #zone: () => Zone;
  readonly #time = new Text();
  readonly #bid = new SideCells();
  readonly #ask = new SideCells();

  constructor(decimals: () => number, zone: () => Zone) {
    this.#decimals = decimals;
    this.#zone = zone;
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
    const time = formatClock(timeMs, this.#zone());
    if (this.#time.set(time)) {
      this.element.title = time;
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
    const words = formatPrice(price, decimals);
    if (this.#priceText.set(words)) {
      markLong(this.price, words, USUAL_PRICE);
    }
    const short = size === undefined ? NOTHING : shortSize(size);
    if (this.#sizeText.set(short)) {
      markLong(this.size, short, USUAL_SIZE);
    }
    setData(this.price, "way", way);
  }
}

/** A size in few digits: parts of a coin as they are, thousands by their letter. */
function shortSize(size: number): string {
  return size < 10_000 ? formatSize(size) : formatCompact(size);
}
