/**
 * A sparkline: the course of a price over the known part of the last hour, as two paths.
 *
 * No canvas: browsers keep each canvas as a layer of its own, and everything painted over one as
 * another, which costs more with every frame than all numbers in the table.
 */

import type { Point } from "../../market/series.ts";
import { setData } from "../dom.ts";

const SVG = "http://www.w3.org/2000/svg";
const PADDING = 2;

/** What is drawn, as the data of SVG paths. */
export interface Course {
  readonly line: string;
  /** A level line at the first price. */
  readonly base: string;
  readonly way: "up" | "down" | undefined;
}

const NONE: Course = { line: "", base: "", way: undefined };

/** Draw points, oldest first, into a room of CSS pixels. Pure. */
export function courseOf(points: readonly Point[], width: number, height: number): Course {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) {
    return NONE;
  }
  let low = first.price;
  let high = first.price;
  for (const { price } of points) {
    low = Math.min(low, price);
    high = Math.max(high, price);
  }
  const perMs = (width - 2 * PADDING) / (last.timeMs - first.timeMs || 1);
  const halfSpan = high / 2 - low / 2 || 1; // the whole may be larger than the largest number
  const y = (price: number) =>
    tenths(PADDING + ((high / 2 - price / 2) / halfSpan) * (height - 2 * PADDING));
  let line = "";
  for (const { timeMs, price } of points) {
    const x = tenths(PADDING + (timeMs - first.timeMs) * perMs);
    line += `${line === "" ? "M" : "L"}${x} ${y(price)}`;
  }
  return {
    line,
    base: `M${PADDING} ${y(first.price)}H${tenths(width - PADDING)}`,
    way: last.price < first.price ? "down" : "up",
  };
}

/** A tenth of a pixel is finer than anybody sees. */
function tenths(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

export class Sparkline {
  readonly element = document.createElementNS(SVG, "svg");
  readonly #base = document.createElementNS(SVG, "path");
  readonly #line = document.createElementNS(SVG, "path");
  #width = 0;
  #height = 0;

  constructor() {
    this.element.setAttribute("class", "spark");
    this.element.setAttribute("aria-hidden", "true"); // the change beside it says the same
    this.#base.setAttribute("class", "base");
    this.#line.setAttribute("class", "line");
    this.element.append(this.#base, this.#line);
  }

  /** Use this size in CSS pixels. */
  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
  }

  draw(points: readonly Point[]): void {
    const { line, base, way } = courseOf(points, this.#width, this.#height);
    this.#base.setAttribute("d", base);
    this.#line.setAttribute("d", line);
    setData(this.#line, "way", way);
  }
}
