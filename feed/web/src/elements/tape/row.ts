/** One row of the tape: a print, or that some are missing. */

import { formatClock, formatPrice, formatSize } from "../../market/format.ts";
import { make, setData, Text } from "../dom.ts";
import { type Column, cell, type RollingRow, row } from "../rolling/table.ts";
import type { Line, Print } from "./tape.ts";

export const COLUMNS: readonly Column[] = [
  { name: "Time", classes: "" },
  { name: "Price", classes: "number" },
  { name: "Size", classes: "number" },
  { name: "Side", classes: "" },
  { name: "Conditions", classes: "" },
];

export class PrintRow implements RollingRow<Line> {
  readonly element: HTMLElement;
  readonly #decimals: () => number;
  readonly #time = new Text();
  readonly #price = new Text();
  readonly #size = new Text();
  readonly #sign = new Text();
  readonly #side = new Text();
  readonly #conditions = new Text();
  readonly #words = new Text();
  readonly #big = make("span", { class: "big", hidden: true }, "Big");
  readonly #priceCell = cell("number", this.#price.node);
  readonly #sideCell = cell(
    "",
    make("span", { "aria-hidden": "true" }, this.#sign.node),
    make("span", { class: "unseen" }, this.#side.node),
  );
  readonly #conditionsCell = cell("conditions", this.#conditions.node);
  readonly #cells = [
    cell("muted", this.#time.node),
    this.#priceCell,
    cell("size number", this.#size.node, this.#big),
    this.#sideCell,
    this.#conditionsCell,
  ];
  readonly #break = cell("break", this.#words.node);

  constructor(decimals: () => number) {
    this.#decimals = decimals;
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
    this.#time.set(formatClock(print.timeMs));
    this.#price.set(formatPrice(print.price, this.#decimals()));
    this.#size.set(formatSize(print.size));
    this.#sign.set(way === "up" ? "▲" : way === "down" ? "▼" : "–");
    this.#side.set(print.side ?? "unknown");
    setData(this.#priceCell, "way", way);
    setData(this.#sideCell, "way", way);
    if (this.#conditions.set(print.conditions)) {
      this.#conditionsCell.title = print.conditions;
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
