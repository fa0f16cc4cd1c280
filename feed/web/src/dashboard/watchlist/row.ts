/**
 * One row of the watchlist on screen. It shows one instrument after another as the list scrolls.
 *
 * Writes to the page only what differs, and at most ten times a second: nobody reads faster, and
 * paint is what a table of moving numbers costs.
 */

import {
  formatBasisPoints,
  formatChange,
  formatClock,
  formatPrice,
  NOTHING,
  wayOf,
} from "../../market/format.ts";
import type { Direction, Instrument } from "../../market/instrument.ts";
import { make, setData, Text } from "../ui/dom.ts";
import type { Palette } from "../ui/palette.ts";
import { Sparkline } from "./sparkline.ts";

const DRAW_MS = 100;
const SPARK_MS = 1_000;
const FLASH_MS = 300;

/** A cell with a number in it that lights up when it changes. */
class Price {
  readonly cell: HTMLElement;
  readonly #text = new Text();
  readonly #value = make("span", { class: "value" }, this.#text.node);
  #litMs: number | undefined;

  constructor(className: string) {
    this.cell = make("div", { role: "gridcell", class: className }, this.#value);
  }

  set(text: string, direction: Direction, flash: boolean, nowMs: number): void {
    if (this.#text.set(text) && flash && direction !== 0) {
      setData(this.#value, "flash", direction > 0 ? "up" : "down");
      this.#litMs = nowMs;
    }
  }

  /** Put the light out when it is time; tell whether it is still on. */
  fade(nowMs: number): boolean {
    if (this.#litMs !== undefined && nowMs - this.#litMs >= FLASH_MS) {
      this.#litMs = undefined;
      setData(this.#value, "flash", undefined);
    }
    return this.#litMs !== undefined;
  }
}

export class Row {
  readonly element: HTMLElement;
  readonly #symbol = new Text();
  readonly #name = new Text();
  readonly #badge = new Text();
  readonly #change = new Text();
  readonly #arrow = new Text();
  readonly #spread = new Text();
  readonly #basisPoints = new Text();
  readonly #last = new Price("number last");
  readonly #bid = new Price("number bid");
  readonly #ask = new Price("number ask");
  readonly #prices = [this.#last, this.#bid, this.#ask];
  readonly #spark = new Sparkline();
  readonly #badgeElement = make("span", { class: "badge", hidden: true }, this.#badge.node);
  readonly #changeElement = make(
    "div",
    { role: "gridcell", class: "number change" },
    make("span", { class: "arrow", "aria-hidden": "true" }, this.#arrow.node),
    this.#change.node,
  );
  #instrument: Instrument | undefined;
  #drawnVersion = -1;
  #drawnMs = 0;
  #sparkedMs = 0;
  #top = Number.NaN;
  #ownName = "";

  constructor(id: string) {
    const remove = make(
      "button",
      {
        class: "remove",
        type: "button",
        tabindex: -1,
        "data-action": "remove",
        title: "Remove (Del)",
      },
      "×",
    );
    this.element = make(
      "div",
      { role: "row", class: "row", id },
      make(
        "div",
        { role: "rowheader", class: "symbol" },
        make(
          "span",
          { class: "ticker" },
          make("span", { class: "text" }, this.#symbol.node),
          this.#badgeElement,
        ),
        make("span", { class: "name" }, this.#name.node),
      ),
      make("div", { role: "gridcell", class: "course" }, this.#spark.canvas),
      this.#last.cell,
      this.#changeElement,
      this.#bid.cell,
      this.#ask.cell,
      make(
        "div",
        { role: "gridcell", class: "number spread" },
        this.#spread.node,
        make("span", { class: "points" }, this.#basisPoints.node),
      ),
      make("div", { role: "gridcell", class: "tools" }, remove),
    );
  }

  get instrument(): Instrument | undefined {
    return this.#instrument;
  }

  /** Show this instrument at this place. */
  show(instrument: Instrument, name: string, index: number, top: number): void {
    if (top !== this.#top) {
      this.#top = top;
      this.element.style.transform = `translateY(${top}px)`;
      this.element.setAttribute("aria-rowindex", String(index + 2)); // the head is the first
    }
    if (instrument !== this.#instrument) {
      this.#instrument = instrument;
      this.element.dataset["symbol"] = instrument.symbol;
      this.element.title = instrument.symbol; // where it is too long for its column
      this.#symbol.set(instrument.symbol);
      this.#ownName = name;
      this.#drawnVersion = -1;
      this.#sparkedMs = 0;
      this.element
        .querySelector(".remove")
        ?.setAttribute("aria-label", `Remove ${instrument.symbol}`);
    }
  }

  set isSelected(isSelected: boolean) {
    if ((this.element.ariaSelected === "true") !== isSelected) {
      this.element.ariaSelected = String(isSelected);
    }
  }

  resize(width: number, height: number): void {
    this.#spark.resize(width, height);
    this.#sparkedMs = 0;
    this.#drawnVersion = -1;
  }

  /** Draw what changed, if it is time; tell whether there is more to do later. */
  draw(nowMs: number, colours: Palette): boolean {
    const instrument = this.#instrument;
    if (instrument === undefined) {
      return false;
    }
    let isMoreToDo = this.#fade(nowMs);
    if (instrument.version === this.#drawnVersion) {
      return isMoreToDo;
    }
    const isFirst = this.#drawnVersion < 0;
    if (!isFirst && nowMs - this.#drawnMs < DRAW_MS) {
      return true;
    }
    this.#write(instrument, !isFirst, nowMs);
    this.#drawnVersion = instrument.version;
    this.#drawnMs = nowMs;
    if (isFirst || nowMs - this.#sparkedMs >= SPARK_MS) {
      this.#sparkedMs = nowMs;
      this.#spark.draw(instrument.series, colours);
    }
    isMoreToDo = true;
    return isMoreToDo;
  }

  /** Draw the sparkline anew with the next change. */
  redraw(): void {
    this.#drawnVersion = -1;
  }

  #fade(nowMs: number): boolean {
    let isLit = false;
    for (const price of this.#prices) {
      isLit = price.fade(nowMs) || isLit;
    }
    return isLit;
  }

  #write(instrument: Instrument, flash: boolean, nowMs: number): void {
    const { decimals, last, bid, ask, change, spread, halt, silence, stopped, asOfMs, unlisted } =
      instrument;
    const isDated = stopped !== undefined && asOfMs !== undefined;
    this.#name.set(isDated ? `as of ${formatClock(asOfMs)}` : (unlisted ?? this.#ownName));
    this.#last.set(formatPrice(last, decimals), instrument.lastDirection, flash, nowMs);
    this.#bid.set(formatPrice(bid, decimals), instrument.bidDirection, flash, nowMs);
    this.#ask.set(formatPrice(ask, decimals), instrument.askDirection, flash, nowMs);
    this.#change.set(formatChange(change));
    const way = wayOf(change);
    this.#arrow.set(way === undefined ? "" : way === "up" ? "▲" : "▼");
    setData(this.#changeElement, "way", way);
    this.#spread.set(spread === undefined ? NOTHING : formatPrice(spread, decimals));
    this.#basisPoints.set(
      spread === undefined || ask === undefined ? "" : formatBasisPoints(spread, ask),
    );
    if (
      this.#badge.set(halt !== undefined ? haltWord(halt.sm) : silence !== undefined ? "Stale" : "")
    ) {
      this.#badgeElement.hidden = stopped === undefined;
      this.#badgeElement.title = [stopped?.sm, stopped?.rm].filter((words) => words).join(" · ");
      setData(this.element, "status", halt !== undefined ? "halted" : silence && "stale");
    }
  }
}

/** A status in a word, where there is room for one only. */
function haltWord(message: string): string {
  return /halt/i.test(message) ? "Halted" : message.slice(0, 12);
}
