/**
 * Pointing at a price of a chart: by its context menu, Alt and a click, the `+` at its axis, and keys.
 *
 * What follows from it is the page's, which is told by the event `feed-price`.
 */

import { make } from "../dom.ts";
import type { Crosshair } from "./crosshair.ts";

/** The detail of the event `feed-price`. */
export interface PriceDetail {
  symbol: string;
  /** Rounded to the digits that are shown; undefined where there is none, as in a comparison. */
  price: number | undefined;
  /** When the candle began that was pointed at; undefined where there is none. */
  timeMs: number | undefined;
  /** "menu": a choice is wanted, as by a context menu; "point": the price was picked. */
  by: "menu" | "point";
  /** Where that was on screen, for what is shown there. */
  x: number;
  y: number;
}

/** Tell the page; return whether it takes it, so that the browser has nothing to do. */
export type Tell = (detail: Omit<PriceDetail, "symbol">) => boolean;

export class Pointing {
  readonly #drawing: HTMLElement;
  readonly #crosshair: () => Crosshair | undefined;
  readonly #tell: Tell;
  /** Shown by pages that take it, to who has a mouse. */
  readonly plus = make(
    "button",
    { type: "button", class: "plus", tabindex: -1, "aria-hidden": "true", hidden: true },
    "+",
  );
  /** Whether the `+` is offered. */
  isOffered = false;
  #isByKey = false;

  constructor(
    plot: HTMLElement,
    drawing: HTMLElement,
    crosshair: () => Crosshair | undefined,
    tell: Tell,
  ) {
    this.#drawing = drawing;
    this.#crosshair = crosshair;
    this.#tell = tell;
    plot.addEventListener("keydown", (event) => {
      this.#isByKey = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
      if (event.target === plot && event.key === "Enter" && !isModified(event)) {
        event.preventDefault();
        event.stopPropagation(); // the page may have a use for the same key
        this.byKey("point");
      }
    });
    plot.addEventListener("contextmenu", (event) => {
      const isTaken = this.#isByKey ? this.byKey("menu") : this.#byPointer("menu", event);
      this.#isByKey = false;
      if (isTaken) {
        event.preventDefault();
      }
    });
    drawing.addEventListener("click", (event) => {
      if (event.altKey) {
        this.#byPointer("point", event);
      }
    });
    drawing.addEventListener("pointermove", ({ clientY }) => this.#follow(clientY));
    plot.addEventListener("pointerleave", () => {
      this.plus.hidden = true;
    });
    this.plus.addEventListener("click", ({ clientX }) => {
      const { top, height } = this.plus.getBoundingClientRect();
      this.#byPointer("point", { clientX, clientY: top + height / 2 });
    });
  }

  /** Point at what the crosshair points at; return whether the page takes it. */
  byKey(by: PriceDetail["by"]): boolean {
    const { left, top, width, height } = this.#drawing.getBoundingClientRect();
    const pointed = this.#crosshair()?.pointed;
    const y = top + (pointed?.y ?? height / 2);
    return this.#tell({
      price: undefined,
      timeMs: undefined,
      ...pointed,
      by,
      x: left + width / 2,
      y,
    });
  }

  #byPointer(by: PriceDetail["by"], { clientX: x, clientY: y }: Place): boolean {
    const { top } = this.#drawing.getBoundingClientRect();
    const crosshair = this.#crosshair();
    const price = crosshair?.priceAt(y - top);
    return this.#tell({ price, timeMs: crosshair?.pointed.timeMs, by, x, y });
  }

  #follow(clientY: number): void {
    const { top } = this.#drawing.getBoundingClientRect();
    const y = clientY - top;
    const crosshair = this.#crosshair();
    this.plus.hidden = !this.isOffered || crosshair?.priceAt(y) === undefined;
    if (crosshair !== undefined && !this.plus.hidden) {
      this.plus.style.transform = `translate(${-crosshair.axisWidth}px, ${Math.round(y)}px)`;
    }
  }
}

type Place = Pick<MouseEvent, "clientX" | "clientY">;

function isModified({ ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean {
  return ctrlKey || metaKey || altKey || shiftKey;
}
