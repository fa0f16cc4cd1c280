/**
 * Marked prices of a chart: a line each, with a handle that moves it by pointer or keys, and removes it.
 *
 * What is done to a mark is told to the page, whose marks they are; a line stands where it was put until
 * the page sets other marks.
 */

import {
  type IChartApi,
  type IPanePrimitive,
  type IPriceLine,
  type ISeriesApi,
  LineStyle,
  type Time,
} from "lightweight-charts";
import { make, Text } from "../dom.ts";
import type { Crosshair } from "./crosshair.ts";
import { placesOf } from "./markplaces.ts";

/** A price that is marked by the page. */
export interface Mark {
  /** Tells it from the others. */
  readonly id: string;
  readonly price: number;
  /** What it is, such as "Alert ≥"; its price is written behind. */
  readonly words: string;
}

/** What marks have of the page. */
export interface MarksHost {
  /** Where their handles are. */
  readonly layer: HTMLElement;
  /** Write a price. */
  format(price: number): string;
  moved(id: string, price: number): void;
  removed(id: string): void;
}

const FAST = 10;

export class Marks {
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #crosshair: Crosshair;
  readonly #host: MarksHost;
  readonly #lines = new Map<string, MarkLine>();
  #marks: readonly Mark[] = [];
  #colour = "";

  constructor(
    chart: IChartApi,
    candles: ISeriesApi<"Candlestick">,
    crosshair: Crosshair,
    host: MarksHost,
  ) {
    this.#candles = candles;
    this.#crosshair = crosshair;
    this.#host = host;
    host.layer.replaceChildren(); // what another chart had
    // Whatever moves prices on screen has the pane drawn, and handles follow.
    const views = [{ renderer: () => ({ draw: () => this.#place() }) }];
    const follower: IPanePrimitive<Time> = { paneViews: () => views };
    chart.panes()[0]?.attachPrimitive(follower);
  }

  /** Mark these prices, and no others; those that somebody is moving stay where they are held. */
  set(marks: readonly Mark[]): void {
    this.#marks = marks;
    const ids = new Set(marks.map(({ id }) => id));
    for (const [id, line] of this.#lines) {
      if (!ids.has(id)) {
        line.end();
        this.#lines.delete(id);
      }
    }
    for (const mark of marks) {
      let line = this.#lines.get(mark.id);
      if (line === undefined) {
        line = new MarkLine(mark.id, this.#candles, this.#crosshair, this.#host);
        this.#lines.set(mark.id, line);
      }
      line.show(mark, this.#colour);
    }
    this.#place();
  }

  /** Draw them anew: in another colour, unit, or with other digits. */
  redraw(colour: string): void {
    this.#colour = colour;
    this.set(this.#marks);
  }

  #place(): void {
    const lines = [...this.#lines.values()];
    const heights = lines.map(({ price }) => this.#crosshair.yOf(price));
    for (const [index, place] of placesOf(heights).entries()) {
      lines[index]?.place(place);
    }
  }
}

class MarkLine {
  readonly #id: string;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #crosshair: Crosshair;
  readonly #host: MarksHost;
  readonly #line: IPriceLine;
  readonly #words = new Text();
  readonly #hold = make("button", { type: "button", class: "hold" }, this.#words.node);
  readonly #remove = make("button", { type: "button", class: "gone" }, "×");
  readonly #element = make("div", { class: "mark", part: "mark" }, this.#hold, this.#remove);
  #mark: Mark = { id: "", price: 0, words: "" };
  /** Where it is held; undefined while nobody moves it. */
  #held: number | undefined;
  #isDragged = false;
  #placed = "";

  constructor(
    id: string,
    candles: ISeriesApi<"Candlestick">,
    crosshair: Crosshair,
    host: MarksHost,
  ) {
    this.#id = id;
    this.#candles = candles;
    this.#crosshair = crosshair;
    this.#host = host;
    this.#line = candles.createPriceLine({ price: 0, lineStyle: LineStyle.Dashed, lineWidth: 1 });
    host.layer.append(this.#element);
    this.#remove.addEventListener("click", () => host.removed(id));
    this.#hold.addEventListener("pointerdown", (event) => this.#take(event));
    this.#hold.addEventListener("pointermove", ({ clientY }) => this.#drag(clientY));
    this.#hold.addEventListener("pointerup", () => this.#isDragged && this.#put());
    this.#hold.addEventListener("pointercancel", () => this.#leave());
    this.#hold.addEventListener("blur", () => this.#leave());
    this.#hold.addEventListener("keydown", (event) => this.#press(event));
  }

  /** The price at which it stands now. */
  get price(): number {
    return this.#held ?? this.#mark.price;
  }

  show(mark: Mark, color: string): void {
    this.#mark = mark;
    this.#line.applyOptions({ color, axisLabelColor: color });
    this.#draw();
  }

  /** Stand at a height, and so far from the edge. */
  place({ y, x }: { y: number | undefined; x: number }): void {
    const placed = y === undefined ? "" : `translate(${x}em, ${Math.round(y)}px)`;
    if (placed !== this.#placed || this.#element.hidden !== (y === undefined)) {
      this.#placed = placed;
      this.#element.style.transform = placed; // by script, which no policy forbids
      this.#element.hidden = y === undefined;
    }
  }

  end(): void {
    this.#candles.removePriceLine(this.#line);
    this.#element.remove();
  }

  #draw(): void {
    const { price } = this;
    const words = `${this.#mark.words} ${this.#host.format(price)}`;
    this.#line.applyOptions({ price: price / this.#crosshair.unit });
    this.#words.set(words);
    this.#hold.setAttribute("aria-label", `${words}: arrows move it, Enter keeps it there`);
    this.#remove.setAttribute("aria-label", `Remove ${words}`);
  }

  #take(event: PointerEvent): void {
    if (event.button === 0) {
      this.#hold.setPointerCapture(event.pointerId);
      this.#isDragged = true;
    }
  }

  #drag(clientY: number): void {
    if (this.#isDragged) {
      const { top } = this.#host.layer.getBoundingClientRect();
      this.#move(this.#crosshair.priceAt(clientY - top) ?? this.price);
    }
  }

  #move(price: number): void {
    this.#held = this.#crosshair.round(price);
    this.#draw();
  }

  /** Let it stand where it is held, and tell the page. */
  #put(): void {
    const held = this.#held;
    this.#isDragged = false;
    if (held !== undefined && held !== this.#mark.price) {
      this.#mark = { ...this.#mark, price: held };
      this.#host.moved(this.#id, held);
    }
    this.#held = undefined;
  }

  /** Let it stand where it was. */
  #leave(): void {
    this.#isDragged = false;
    if (this.#held !== undefined) {
      this.#held = undefined;
      this.#draw();
    }
  }

  #press(event: KeyboardEvent): void {
    const steps = event.shiftKey ? FAST : 1;
    const act = {
      ArrowUp: () => this.#move(this.price + steps * this.#crosshair.step),
      ArrowDown: () => this.#move(this.price - steps * this.#crosshair.step),
      Enter: () => this.#put(),
      Escape: () => this.#leave(),
      Delete: () => this.#host.removed(this.#id),
    }[event.key];
    if (act !== undefined) {
      event.preventDefault();
      event.stopPropagation(); // the chart has a use for the same key
      act();
    }
  }
}
