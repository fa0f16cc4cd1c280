/**
 * The crosshair of a chart: the slot and the price that it points at, moved by pointers and by keys.
 *
 * Prices here are of the symbol; the chart draws them in the unit of its grid.
 */

import type { IChartApi, ISeriesApi, MouseEventParams, UTCTimestamp } from "lightweight-charts";
import type { Grid } from "./grid.ts";
import type { Picture } from "./picture.ts";
import { slotOf } from "./slots.ts";

/** One step up or down, of what is on screen. */
const STEP_PX = 4;

/** What there is to point at now. */
export interface Scene {
  readonly picture: Picture | undefined;
  readonly grid: Grid;
}

/** What is pointed at, where it is something. */
export interface Pointed {
  /** With the digits that are shown. */
  readonly price: number | undefined;
  /** The height of the price. */
  readonly y: number | undefined;
  /** When the candle began. */
  readonly timeMs: number | undefined;
}

export class Crosshair {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #scene: () => Scene;
  #slotS: number | undefined;
  #price: number | undefined;

  constructor(chart: IChartApi, candles: ISeriesApi<"Candlestick">, scene: () => Scene) {
    this.#chart = chart;
    this.#candles = candles;
    this.#scene = scene;
  }

  /** The slot that it points at; undefined where there is none, and the newest is told. */
  get slotS(): number | undefined {
    return this.#slotS;
  }

  /** The price that it points at; that of the newest candle where it points at none. */
  get pointed(): Pointed {
    const price =
      this.#isOfPrices && this.#current !== undefined ? this.round(this.#current) : undefined;
    return {
      price,
      y: price === undefined ? undefined : this.yOf(price),
      timeMs: this.#slotS === undefined ? undefined : this.#slotS * 1_000,
    };
  }

  /** The price at a height of the drawing; undefined where there is none. */
  priceAt(y: number): number | undefined {
    const price = this.#isOfPrices && y <= this.height ? this.#at(y) : undefined;
    return price === undefined ? undefined : this.round(price);
  }

  /** A price with the digits that are shown; drawn in a unit of its own it has those that it has. */
  round(price: number): number {
    const { unit, digits } = this.#scene().grid;
    return unit === 1 ? Number(price.toFixed(digits)) : price;
  }

  /** The least that prices on screen differ by. */
  get step(): number {
    const { unit, digits } = this.#scene().grid;
    return 10 ** -digits * unit;
  }

  /** In which prices are drawn. */
  get unit(): number {
    return this.#scene().grid.unit;
  }

  /** The width of the axis of prices. */
  get axisWidth(): number {
    return this.#chart.priceScale("right").width();
  }

  /** Two symbols are drawn in per cent. */
  get #isOfPrices(): boolean {
    return this.#scene().picture?.other === undefined;
  }

  get #current(): number | undefined {
    return this.#price ?? this.#scene().picture?.main.newest?.close;
  }

  #at(y: number): number | undefined {
    const drawn = this.#candles.coordinateToPrice(y);
    return drawn === null ? undefined : drawn * this.unit;
  }

  /** The height of a price in the drawing; undefined where it is not to be seen. */
  yOf(price: number): number | undefined {
    const y = this.#heightOf(price);
    return y === undefined || y < 0 || y > this.height ? undefined : y;
  }

  #heightOf(price: number): number | undefined {
    return this.#candles.priceToCoordinate(price / this.unit) ?? undefined;
  }

  /** The height of the drawing, without the axis of time. */
  get height(): number {
    return this.#chart.panes()[0]?.getHeight() ?? 0;
  }

  /** Point at nothing: other things are drawn. */
  forget(): void {
    this.#slotS = undefined;
    this.#price = undefined;
  }

  /** Point at nothing any more. */
  leave(): void {
    this.forget();
    this.#chart.clearCrosshairPosition();
  }

  /** Follow the pointer. */
  follow({ time, point }: MouseEventParams): void {
    this.#slotS = point === undefined ? undefined : (time as number | undefined);
    this.#price = point === undefined ? undefined : this.#at(point.y);
  }

  /** Point at the slot so many further, at its close; return whether there is one. */
  walk(by: number): boolean {
    const { picture } = this.#scene();
    const slots = picture?.laid.slots ?? [];
    const last = slots.length - 1;
    if (picture === undefined || last < 0) {
      return false;
    }
    const from = this.#slotS === undefined ? last + (by < 0 ? 1 : 0) : slotOf(this.#slotS, slots);
    const index = Math.min(last, Math.max(0, from + by));
    const slotS = slots[index] as number;
    this.#reveal(index);
    this.#price = picture.readingAt(slotS).candle?.close ?? picture.main.newest?.close;
    this.#point(slotS);
    return true;
  }

  /** Point at the price so many steps above; return whether there is one. */
  climb(by: number): boolean {
    const price = this.#current;
    const slotS = this.#slotS ?? this.#scene().picture?.laid.slots.at(-1);
    if (price === undefined || slotS === undefined) {
      return false;
    }
    // One beyond an edge, by rounding or since prices on screen have moved, counts as at it.
    const y = (this.#heightOf(price) ?? this.height / 2) - by * STEP_PX;
    this.#price = this.#at(Math.min(this.height, Math.max(0, y)));
    this.#point(slotS);
    return true;
  }

  #point(slotS: number): void {
    const drawn = (this.#current ?? 0) / this.unit;
    this.#chart.setCrosshairPosition(drawn, slotS as UTCTimestamp, this.#candles);
    this.#slotS = slotS;
  }

  #reveal(index: number): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (index < range.from || index > range.to)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: index - half, to: index + half });
    }
  }
}
