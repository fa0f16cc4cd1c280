/**
 * One row of a watchlist on screen. It shows one instrument after another as the list scrolls.
 *
 * Writes to the page only what differs, and not more often than with each beat: paint is what a table
 * of moving numbers costs.
 */

import { formatClock } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import type { Zone } from "../../market/zone.ts";
import { NOT_INCLUDED } from "../denial.ts";
import { make, setData, setTitle, Text } from "../dom.ts";
import { ExtremeMark } from "../extreme.ts";
import { BEAT_MS } from "../painter.ts";
import { type Cell, cellOf } from "./cells.ts";
import { COLUMNS, type ColumnId } from "./columns.ts";

/** What differs with time alone is drawn so often. */
const AGE_MS = 1_000;

export class Row {
  readonly element: HTMLElement;
  readonly #symbol = new Text();
  readonly #name = new Text();
  readonly #badge = new Text();
  readonly #badgeElement = make("span", { class: "badge", hidden: true }, this.#badge.node);
  readonly #extreme = new ExtremeMark();
  readonly #head = make(
    "div",
    { role: "rowheader", class: "symbol" },
    make(
      "button",
      {
        class: "grip",
        type: "button",
        tabindex: -1,
        "aria-hidden": "true",
        title: "Drag to move (Alt and an arrow key do it too)",
      },
      "⠿",
    ),
    make(
      "div",
      { class: "who" },
      make(
        "span",
        { class: "ticker" },
        make("span", { class: "text" }, this.#symbol.node),
        this.#badgeElement,
        this.#extreme.element,
      ),
      make("span", { class: "name" }, this.#name.node),
    ),
  );
  readonly #remove = make(
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
  readonly #tools = make("div", { role: "gridcell", class: "tools" }, this.#remove);
  #cells: Cell[] = [];
  #isOfTime = false;
  #instrument: Instrument | undefined;
  #isFirst = true;
  #drawnVersion = -1;
  #drawnMs = 0;
  #top = Number.NaN;
  #ownName = "";

  constructor(id: string, part: string) {
    this.element = make("div", { role: "row", class: "row", part, id }, this.#head, this.#tools);
  }

  get instrument(): Instrument | undefined {
    return this.#instrument;
  }

  /** Have these columns, and sparklines of this size. */
  arrange(columns: readonly ColumnId[], spark: { width: number; height: number }): void {
    this.#cells = columns.map(cellOf);
    this.#isOfTime = columns.some((id) => COLUMNS[id].isOfTime);
    this.element.replaceChildren(
      this.#head,
      ...this.#cells.map(({ element }) => element),
      this.#tools,
    );
    this.resize(spark);
  }

  resize({ width, height }: { width: number; height: number }): void {
    for (const cell of this.#cells) {
      cell.resize?.(width, height);
    }
    this.redraw();
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
      this.#remove.setAttribute("aria-label", `Remove ${instrument.symbol}`);
      this.redraw();
    }
    if (name !== this.#ownName) {
      this.#ownName = name;
      this.redraw();
    }
  }

  set isSelected(isSelected: boolean) {
    if (this.element.ariaSelected !== String(isSelected)) {
      this.element.ariaSelected = String(isSelected);
    }
  }

  /** Draw what changed, if it is time; tell whether there is more to do later. */
  draw(nowMs: number, zone: Zone): boolean {
    const instrument = this.#instrument;
    if (instrument === undefined) {
      return false;
    }
    const isLit = this.#fade(nowMs);
    const isAged = this.#isOfTime && nowMs - this.#drawnMs >= AGE_MS;
    if (instrument.version === this.#drawnVersion && !this.#isFirst && !isAged) {
      return isLit;
    }
    if (!this.#isFirst && nowMs - this.#drawnMs < BEAT_MS) {
      return true;
    }
    for (const cell of this.#cells) {
      cell.draw(instrument, nowMs, this.#isFirst);
    }
    this.#extreme.draw(instrument, nowMs, this.#isFirst);
    this.#write(instrument, zone);
    this.#drawnVersion = instrument.version;
    this.#drawnMs = nowMs;
    this.#isFirst = false;
    return true;
  }

  /** Draw all of it with the next frame. */
  redraw(): void {
    this.#isFirst = true;
  }

  #fade(nowMs: number): boolean {
    let isLit = this.#extreme.fade(nowMs);
    for (const cell of this.#cells) {
      isLit = cell.fade?.(nowMs) || isLit;
    }
    return isLit;
  }

  #write({ halt, silence, stopped, asOfMs, unlisted, denials }: Instrument, zone: Zone): void {
    const isDated = stopped !== undefined && asOfMs !== undefined;
    this.#name.set(
      isDated
        ? `as of ${formatClock(asOfMs, zone)}`
        : (unlisted ?? (denials.has("trades") ? NOT_INCLUDED : this.#ownName)),
    );
    const word = halt !== undefined ? haltWord(halt.sm) : silence !== undefined ? "Stale" : "";
    if (this.#badge.set(word)) {
      this.#badgeElement.hidden = stopped === undefined;
    }
    setTitle(this.#badgeElement, [stopped?.sm, stopped?.rm].filter((words) => words).join(" · "));
    const status = halt !== undefined ? "halted" : silence !== undefined ? "stale" : undefined;
    setData(this.element, "status", status);
  }
}

/** A status in a word, where there is room for one only. */
function haltWord(message: string): string {
  return /halt/i.test(message) ? "Halted" : message.slice(0, 12);
}
