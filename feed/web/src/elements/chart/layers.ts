/** The series of a chart in lightweight-charts, and what of a picture each of them draws. */

import {
  CandlestickSeries,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type LineData,
  LineSeries,
  LineStyle,
  LineType,
  type UTCTimestamp,
  type WhitespaceData,
} from "lightweight-charts";
import type { Candle } from "../../market/openbar.ts";
import type { Grid } from "./grid.ts";
import type { Change, Picture } from "./picture.ts";

/** The colours of a chart, each as `#rrggbb`, and its type. */
export interface Skin {
  muted: string;
  line: string;
  /** What is behind it. */
  ground: string;
  up: string;
  down: string;
  accent: string;
  warn: string;
  vwap: string;
  averages: readonly [string, string];
  compare: string;
  fontFamily: string;
  fontSize: number;
}

/** What moves slowly; each of these lines costs the library as much as the candles do. */
const STUDIES_MS = 1_000;
const DAY_S = 86_400;
const UNSEEN = "#00000000";
const DASHES = [LineStyle.Solid, LineStyle.Dashed] as const;

type Line = ISeriesApi<"Line">;
/** A value of a candle on a line; undefined where there is none. */
type Value = (candle: Candle, index: number) => number | undefined;

export class Layers {
  readonly candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  readonly #vwap: Line;
  readonly #averages: readonly [Line, Line];
  readonly #percents: readonly [Line, Line];
  #skin: Skin;
  #grid: Grid;
  /** The first candle whose volume and studies are not drawn as they are; infinite: all are. */
  #undrawnFrom = Number.POSITIVE_INFINITY;
  #studiedMs = 0;
  #rises = true; // the newest candle

  constructor(chart: IChartApi, skin: Skin, grid: Grid) {
    this.#skin = skin;
    this.#grid = grid;
    // Studies do not stretch the axis: a session's average may be far from the prices of a minute.
    const study = { ...QUIET, lineWidth: 1, autoscaleInfoProvider: () => null } as const;
    this.#vwap = chart.addSeries(LineSeries, { ...study, lineWidth: 2 });
    this.#averages = [
      chart.addSeries(LineSeries, { ...study, lineStyle: DASHES[0] }),
      chart.addSeries(LineSeries, { ...study, lineStyle: DASHES[1] }),
    ];
    this.candles = chart.addSeries(CandlestickSeries);
    // A price stays until the next trade.
    const percent = {
      lineWidth: 2,
      lineType: LineType.WithSteps,
      priceLineVisible: false,
    } as const;
    this.#percents = [chart.addSeries(LineSeries, percent), chart.addSeries(LineSeries, percent)];
    for (const line of this.#percents) {
      line.applyOptions({ priceFormat: PERCENT });
    }
    this.#volume = chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.recolour(skin);
  }

  /** Take other colours; what was drawn before is to be set anew. */
  recolour(skin: Skin): void {
    this.#skin = skin;
    const { ground, up, down, vwap, averages, accent, compare } = skin;
    // Hollow is up: not by colour alone.
    this.candles.applyOptions({
      upColor: ground,
      borderUpColor: up,
      downColor: down,
      borderDownColor: down,
      wickUpColor: up,
      wickDownColor: down,
    });
    this.#markLast();
    this.#vwap.applyOptions({ color: vwap });
    this.#averages.forEach((line, index) => {
      line.applyOptions({ color: averages[index] as string });
    });
    this.#percents[0].applyOptions({ color: accent });
    this.#percents[1].applyOptions({ color: compare });
  }

  /** Draw in the grid of a price from now on, or in per cent. */
  setGrid(grid: Grid, isPercent: boolean): void {
    this.#grid = grid;
    const { digits, format } = grid;
    const price = {
      type: "custom",
      formatter: format,
      base: 10 ** digits,
      minMove: 10 ** -digits,
    } as const;
    // The first series of an axis says how all of it is written.
    for (const series of [this.candles, this.#vwap, ...this.#averages]) {
      series.applyOptions({ priceFormat: isPercent ? PERCENT : price });
    }
  }

  /** Draw all of a picture. */
  set(picture: Picture): void {
    this.#undrawnFrom = Number.POSITIVE_INFINITY;
    const { main, other, laid, subject } = picture;
    const isCompared = other !== undefined;
    const first = laid.slots[0] ?? 0;
    this.candles.applyOptions({ visible: !isCompared });
    // Every slot, so that blank ones have their place.
    const candles = new Map(main.all.map((candle) => [candle.time, candle]));
    this.candles.setData(
      laid.slots.map((time) => {
        const candle = candles.get(time);
        return candle === undefined ? blank(time) : this.#drawn(candle);
      }),
    );
    this.#note(main.newest);
    const seen = main.all.filter(({ time }) => time >= first);
    this.#volume.setData(seen.map((candle) => this.#volumeOf(candle)));
    const { breaks } = laid;
    const { unit } = this.#grid;
    const set = (line: Line, all: readonly Candle[], value: Value, isShown: boolean) => {
      const drawn = isShown ? lineOf(all, value, first, breaks) : [];
      line.setData(drawn);
    };
    // Days have a VWAP each, which are no line.
    const hasVwap = !isCompared && picture.candleS < DAY_S;
    set(this.#vwap, main.all, (_, index) => scaled(picture.vwapAt(index), unit), hasVwap);
    this.#averages.forEach((line, at) => {
      const period = subject.periods[at];
      const value: Value = (_, index) => scaled(period && picture.averageAt(index, period), unit);
      set(line, main.all, value, !isCompared && period !== undefined);
    });
    this.#percents.forEach((line, which) => {
      const all = which === 0 ? main.all : (other?.all ?? []);
      set(line, all, (candle) => picture.percentOf(which as 0 | 1, candle), isCompared);
    });
  }

  /** Draw the candles that differ in the newest slots, or the changes that are compared. */
  update(picture: Picture, { slots, from, otherFrom }: Change): void {
    const { main, other } = picture;
    this.#undrawnFrom = Math.min(this.#undrawnFrom, from);
    const blanks = [...slots];
    const fillTo = (time: number) => {
      for (let next = blanks[0]; next !== undefined && next <= time; next = blanks[0]) {
        blanks.shift();
        if (next < time) {
          this.candles.update(blank(next)); // the candle itself takes the last one
        }
      }
    };
    for (let index = from; index < main.all.length; index += 1) {
      const candle = main.all[index] as Candle;
      fillTo(candle.time);
      this.candles.update(this.#drawn(candle));
      if (other !== undefined) {
        put(this.#percents[0], candle.time, picture.percentOf(0, candle));
      }
    }
    fillTo(Number.POSITIVE_INFINITY);
    this.#note(main.newest);
    for (const candle of other?.all.slice(otherFrom) ?? []) {
      put(this.#percents[1], candle.time, picture.percentOf(1, candle));
    }
  }

  /** Draw volume and studies as far as candles are, if it is time; tell whether they are behind. */
  catchUp(picture: Picture, nowMs: number): boolean {
    if (this.#undrawnFrom === Number.POSITIVE_INFINITY) {
      return false;
    }
    if (nowMs - this.#studiedMs < STUDIES_MS) {
      return true;
    }
    this.#studiedMs = nowMs;
    const { main, other, subject } = picture;
    const { unit } = this.#grid;
    for (let index = this.#undrawnFrom; index < main.all.length; index += 1) {
      const candle = main.all[index] as Candle;
      this.#volume.update(this.#volumeOf(candle));
      if (other === undefined) {
        const vwap = picture.candleS < DAY_S ? picture.vwapAt(index) : undefined;
        put(this.#vwap, candle.time, scaled(vwap, unit));
        this.#averages.forEach((line, at) => {
          const period = subject.periods[at];
          put(line, candle.time, scaled(period && picture.averageAt(index, period), unit));
        });
      }
    }
    this.#undrawnFrom = Number.POSITIVE_INFINITY;
    return false;
  }

  #note(newest: Candle | undefined): void {
    const rises = newest === undefined || newest.close >= newest.open;
    if (rises !== this.#rises) {
      this.#rises = rises;
      this.#markLast();
    }
  }

  /** Colour the last price's mark: the library takes that of the candle, which is no colour if hollow. */
  #markLast(): void {
    const { up, down } = this.#skin;
    this.candles.applyOptions({ priceLineColor: this.#rises ? up : down });
  }

  /** A candle as it is drawn. */
  #drawn({ time, open, high, low, close }: Candle) {
    const { unit } = this.#grid;
    return {
      time: time as UTCTimestamp,
      open: open / unit,
      high: high / unit,
      low: low / unit,
      close: close / unit,
    };
  }

  #volumeOf({ time, open, close, volume }: Candle) {
    const { up, down } = this.#skin;
    return {
      time: time as UTCTimestamp,
      value: volume,
      color: `${close < open ? down : up}66`,
    };
  }
}

const QUIET = {
  priceLineVisible: false,
  lastValueVisible: false,
  crosshairMarkerVisible: false,
} as const;

const PERCENT = {
  type: "custom",
  formatter: (percent: number) => `${percent.toFixed(2)} %`,
  minMove: 0.01,
} as const;

function blank(time: number): WhitespaceData<UTCTimestamp> {
  return { time: time as UTCTimestamp };
}

function scaled(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value / unit;
}

/** The points of a line; those behind which it breaks have no colour, so that nothing goes on from them. */
function lineOf(
  candles: readonly Candle[],
  value: Value,
  first: number,
  breaks: ReadonlySet<number>,
): LineData<UTCTimestamp>[] {
  const points: LineData<UTCTimestamp>[] = [];
  for (const [index, candle] of candles.entries()) {
    const known = candle.time < first ? undefined : value(candle, index);
    if (known !== undefined) {
      const point = { time: candle.time as UTCTimestamp, value: known };
      points.push(breaks.has(candle.time) ? { ...point, color: UNSEEN } : point);
    }
  }
  return points;
}

function put(line: Line, time: number, value: number | undefined): void {
  if (value !== undefined) {
    line.update({ time: time as UTCTimestamp, value });
  }
}
