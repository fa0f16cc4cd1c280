/** One row of the tape: a print, or that some are missing. */

import { formatClock, formatPrice, formatSize } from "../../market/format.ts";
import type { Zone } from "../../market/zone.ts";
import { make, setData, Text } from "../dom.ts";
import { EXTREME_SIGNS } from "../extreme.ts";
import { type Column, cell, markLong, type RollingRow, row } from "../rolling/table.ts";
import type { Line, Print } from "./tape.ts";

export const COLUMNS: readonly Column[] = [
  { name: "Time", classes: "" },
  { name: "Price", classes: "number" },
  { name: "Size", classes: "number" },
  { name: "Side", classes: "side" },
  { name: "Conditions", classes: "" },
];

const USUAL_PRICE = 7; // characters
const USUAL_SIZE = 5;

export class PrintRow implements RollingRow<Line> {
  readonly element: HTMLElement;
  readonly #decimals: () => number;
  readonly #zone: () => Zone;
  readonly #time = new Text();
  readonly #price = new Text();
  readonly #size = new Text();
  readonly #sign = new Text();
  readonly #side = new Text();
  readonly #extreme = new Text();
  readonly #extremeElement = make(
    "span",
    { class: "extreme", hidden: true },
    make("span", { class: "unseen" }, "New "),
    this.#extreme.node,
  );
  readonly #conditions = new Text();
  readonly #words = new Text();
  readonly #big = make("span", { class: "big", hidden: true }, "Big");
  readonly #priceCell = cell("number", this.#price.node);
  readonly #sideCell = cell(
    "",
    make("span", { "aria-hidden": "true" }, this.#sign.node),
    make("span", { class: "unseen" }, this.#side.node),
  );
  readonly #conditionsCell = cell("conditions", this.#extremeElement, this.#conditions.node);
  readonly #sizeCell = cell("size number", this.#size.node, this.#big);
  readonly #cells = [
    cell("muted", this.#time.node),
    this.#priceCell,
    this.#sizeCell,
    this.#sideCell,
    this.#conditionsCell,
  ];
  readonly #break = cell("break", this.#words.node);

  constructor(decimals: () => number, zone: () => Zone) {
    this.#decimals = decimals;
    this.#zone = zone;
    this.element = row("print", ...this.#cells, this.#break);
    this.#break.hidden = true;
  }

  write(line: Line): void {
    const isPrint = line.kind === "print";
    if (this.#break.hidden !== isPrint) {
      this.#break.hidden = isPrint;
      for (const cell of this.#cells) {
        cell.hidden = !isPrint;
      }
    }
    this.#mark(isPrint && line.isBig);
    if (isPrint) {
      this.#print(line);
    } else {
      this.#words.set(line.words);
      this.#break.title = line.words;
    }
  }

  #print(print: Print): void {
    const way = print.side === undefined ? undefined : print.side === "buy" ? "up" : "down";
    this.#time.set(formatClock(print.timeMs, this.#zone()));
    const price = formatPrice(print.price, this.#decimals());
    if (this.#price.set(price)) {
      markLong(this.#priceCell, price, USUAL_PRICE);
    }
    const size = formatSize(print.size);
    if (this.#size.set(size)) {
      markLong(this.#sizeCell, size, USUAL_SIZE);
    }
    this.#sign.set(way === "up" ? "▲" : way === "down" ? "▼" : "–");
    this.#side.set(print.side ?? "unknown");
    setData(this.#priceCell, "way", way);
    setData(this.#sideCell, "way", way);
    this.#markExtreme(print);
    if (this.#conditions.set(print.conditions)) {
      this.#conditionsCell.title = print.conditions;
    }
  }

  /** Say that it was a new high or low of the day, by a sign and in words. */
  #markExtreme({ extreme }: Print): void {
    if (this.#extreme.set(extreme === undefined ? "" : `${EXTREME_SIGNS[extreme]} ${extreme} `)) {
      this.#extremeElement.hidden = extreme === undefined;
      setData(this.#extremeElement, "way", extreme === "high" ? "up" : "down");
    }
  }

  #mark(isBig: boolean): void {
    if (this.#big.hidden === isBig) {
      this.#big.hidden = !isBig;
      setData(this.element, "big", isBig ? "" : undefined);
      this.element.setAttribute("part", isBig ? "print big" : "print");
    }
  }
}
