/** A sparkline: the course of a price over the known part of the last hour, on a small canvas. */

import type { Series } from "../../market/series.ts";

/** The colours that it is drawn in. */
export interface SparkColours {
  line: string;
  up: string;
  down: string;
}

const PADDING = 2;

export class Sparkline {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #width = 0;
  #height = 0;
  #scale = 0;

  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.className = "spark";
    this.canvas.setAttribute("aria-hidden", "true"); // the change beside it says the same
    this.#context = this.canvas.getContext("2d") as CanvasRenderingContext2D;
  }

  /** Use this size in CSS pixels, sharp on any screen. */
  resize(width: number, height: number): void {
    const scale = window.devicePixelRatio;
    if (width === this.#width && height === this.#height && scale === this.#scale) {
      return;
    }
    this.#width = width;
    this.#height = height;
    this.#scale = scale;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
  }

  draw(series: Series, colours: SparkColours): void {
    const context = this.#context;
    const { points } = series;
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    const first = points[0];
    const last = points.at(-1);
    if (first === undefined || last === undefined || points.length < 2) {
      return;
    }
    let low = first.price;
    let high = first.price;
    for (const { price } of points) {
      low = Math.min(low, price);
      high = Math.max(high, price);
    }
    const spanMs = last.timeMs - first.timeMs || 1;
    const halfSpan = high / 2 - low / 2 || 1; // the whole may be larger than the largest number
    const x = (timeMs: number) =>
      PADDING + ((timeMs - first.timeMs) / spanMs) * (this.#width - 2 * PADDING);
    const y = (price: number) =>
      PADDING + ((high / 2 - price / 2) / halfSpan) * (this.#height - 2 * PADDING);

    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(PADDING, y(first.price));
    context.lineTo(this.#width - PADDING, y(first.price));
    context.stroke();

    context.strokeStyle = last.price < first.price ? colours.down : colours.up;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    context.moveTo(x(first.timeMs), y(first.price));
    for (const { timeMs, price } of points) {
      context.lineTo(x(timeMs), y(price));
    }
    context.stroke();
  }
}
