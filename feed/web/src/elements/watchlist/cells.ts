/** The cells of a row: each draws one column of an instrument, and only what differs. */

import { formatBasisPoints, formatPrice, NOTHING, wayOf } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { make, setData, Text } from "../dom.ts";
import { COLUMNS, type Column, type ColumnId, placeInRange } from "./columns.ts";
import { Sparkline } from "./sparkline.ts";

const SPARK_MS = 1_000;
const FLASH_MS = 300;

export interface Cell {
  readonly element: HTMLElement;
  /** @param isFirst whether the row shows another instrument than before, so that nothing is news. */
  draw(instrument: Instrument, nowMs: number, isFirst: boolean): void;
  /** Put its light out when it is time; tell whether it is still on. */
  fade?(nowMs: number): boolean;
  resize?(width: number, height: number): void;
}

/** Make the cell of a column. */
export function cellOf(id: ColumnId): Cell {
  switch (id) {
    case "course":
      return new CourseCell();
    case "range":
      return new RangeCell();
    case "spread":
      return new SpreadCell();
    default:
      return new TextCell(id);
  }
}

/** A number; it lights up with its change, or has its colour. */
class TextCell implements Cell {
  readonly element: HTMLElement;
  readonly #column: Column;
  readonly #text = new Text();
  readonly #arrow = new Text();
  readonly #value = make("span", { class: "value" }, this.#text.node);
  #litMs: number | undefined;
  // What is written: numbers are compared, since writing one costs a hundred times as much.
  #number: number | undefined;
  #decimals = -1;
  #changed: number | undefined;

  constructor(id: ColumnId) {
    this.#column = COLUMNS[id];
    this.element = make(
      "div",
      { role: "gridcell", class: `number ${id}` },
      this.#column.change &&
        make("span", { class: "arrow", "aria-hidden": "true" }, this.#arrow.node),
      this.#value,
    );
  }

  draw(instrument: Instrument, nowMs: number, isFirst: boolean): void {
    const { text, change, direction, isOfTime } = this.#column;
    const timeMs = isOfTime ? Date.now() : nowMs;
    const isNews =
      this.#differs(instrument, timeMs) && this.#text.set(text?.(instrument, timeMs) ?? NOTHING);
    const way = direction?.(instrument) ?? 0;
    if (isFirst) {
      this.#light(undefined, nowMs);
    } else if (isNews && way !== 0) {
      this.#light(way > 0 ? "up" : "down", nowMs);
    }
    const changed = change?.(instrument);
    if (changed !== this.#changed) {
      this.#changed = changed;
      const shown = wayOf(changed);
      this.#arrow.set(shown === undefined ? "" : shown === "up" ? "▲" : "▼");
      setData(this.element, "way", shown);
    }
  }

  /** Note the number that is shown; tell whether it, or the way that it is written, differs. */
  #differs(instrument: Instrument, timeMs: number): boolean {
    const number = this.#column.value?.(instrument, timeMs);
    const { decimals } = instrument;
    const differs = number !== this.#number || decimals !== this.#decimals;
    this.#number = number;
    this.#decimals = decimals;
    return differs;
  }

  fade(nowMs: number): boolean {
    if (this.#litMs !== undefined && nowMs - this.#litMs >= FLASH_MS) {
      this.#light(undefined, nowMs);
    }
    return this.#litMs !== undefined;
  }

  #light(flash: string | undefined, nowMs: number): void {
    this.#litMs = flash === undefined ? undefined : nowMs;
    setData(this.#value, "flash", flash);
  }
}

class SpreadCell implements Cell {
  #number: number | undefined;
  #ask: number | undefined;
  #decimals = -1;
  readonly #spread = new Text();
  readonly #points = new Text();
  readonly element = make(
    "div",
    { role: "gridcell", class: "number spread" },
    this.#spread.node,
    make("span", { class: "points" }, this.#points.node),
  );

  draw({ spread, ask, decimals }: Instrument): void {
    if (spread === this.#number && ask === this.#ask && decimals === this.#decimals) {
      return;
    }
    this.#number = spread;
    this.#ask = ask;
    this.#decimals = decimals;
    this.#spread.set(formatPrice(spread, decimals));
    this.#points.set(
      spread === undefined || ask === undefined ? "" : formatBasisPoints(spread, ask),
    );
  }
}

/** The course of the last hour; drawn once a second at most. */
class CourseCell implements Cell {
  readonly #spark = new Sparkline();
  readonly element = make("div", { role: "gridcell", class: "course" }, this.#spark.element);
  #drawnMs = Number.NEGATIVE_INFINITY;

  draw({ series }: Instrument, nowMs: number, isFirst: boolean): void {
    if (isFirst || nowMs - this.#drawnMs >= SPARK_MS) {
      this.#drawnMs = nowMs;
      this.#spark.draw(series.points);
    }
  }

  resize(width: number, height: number): void {
    this.#spark.resize(width, height);
    this.#drawnMs = Number.NEGATIVE_INFINITY;
  }
}

/** The day's range as a bar, with the last price in it. */
class RangeCell implements Cell {
  readonly #low = new Text();
  readonly #high = new Text();
  readonly #hint = new Text();
  readonly #mark = make("span", { class: "day-mark" });
  readonly element = make(
    "div",
    { role: "gridcell", class: "range" },
    make("span", { class: "low" }, this.#low.node),
    make(
      "span",
      { class: "day-track" },
      this.#mark,
      make("span", { class: "hint" }, this.#hint.node),
    ),
    make("span", { class: "high" }, this.#high.node),
  );
  #place: string | undefined = "";
  #shown: readonly [number | undefined, number | undefined, number] = [undefined, undefined, -1];

  draw(instrument: Instrument): void {
    const { day, decimals } = instrument;
    const [low, high] = day.range ?? [undefined, undefined];
    const [shownLow, shownHigh, shownDecimals] = this.#shown;
    if (low !== shownLow || high !== shownHigh || decimals !== shownDecimals) {
      this.#shown = [low, high, decimals];
      this.#low.set(formatPrice(low, decimals));
      this.#high.set(formatPrice(high, decimals));
    }
    const share = placeInRange(instrument);
    const place = share === undefined ? undefined : `${Math.round(share * 100)}%`;
    if (place !== this.#place) {
      this.#place = place;
      this.#mark.hidden = place === undefined;
      this.#mark.style.insetInlineStart = place ?? "0"; // by script, which no policy forbids
      this.#hint.set(place === undefined ? "" : ` to, with the last price at ${place}, `);
    }
  }
}
