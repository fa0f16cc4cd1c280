/**
 * The chart of one symbol: candles and volume, past bars from the server, the open one from trades.
 *
 * Drawing is lightweight-charts' work. Live changes are collected and handed over once
 * per animation frame at most.
 */

import {
  type CandlestickData,
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type MouseEventParams,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Bar, Tick } from "../../client/index.ts";
import { formatCompact, formatPrice, formatSize } from "../../market/format.ts";
import type { Bars, Timeframe } from "../../market/history.ts";
import { type Candle, candleOf, OpenBar } from "../../market/openbar.ts";
import type { Painter } from "../painter.ts";
import { type Grid, gridOf } from "./grid.ts";

const INTERVAL_S: Record<Timeframe, number> = { "1s": 1, "1m": 60, "1d": 86_400 };
const LIMIT: Record<Timeframe, number> = { "1s": 3_600, "1m": 1_440, "1d": 365 };
/** Kinds of ticks that are finished bars. */
const FINISHED: Record<Timeframe, readonly string[]> = {
  "1s": ["b1s"],
  "1m": ["b", "u"],
  "1d": [],
};
const DRAW_MS = 100;
/** Bars on screen at first. */
const SHOWN = 120;

/** The colours of a chart, each as `#rrggbb`, and its type. */
export interface Skin {
  muted: string;
  line: string;
  up: string;
  down: string;
  accent: string;
  fontFamily: string;
  fontSize: number;
}

/** What a chart is given by the page around it. */
export interface ChartHost {
  /** Where it is drawn, with what is to be read above it and instead of it. */
  element: HTMLElement;
  legend: HTMLElement;
  note: HTMLElement;
  skin(): Skin;
  /** Ask for past bars. Throws an Error that says what was answered. */
  bars(symbol: string, timeframe: Timeframe, limit: number, signal: AbortSignal): Promise<Bars>;
}

export class Chart {
  readonly #painter: Painter;
  readonly #host: ChartHost;
  readonly #legend: HTMLElement;
  readonly #note: HTMLElement;
  readonly #paintWhenDue = (nowMs: number) => this.#paint(nowMs);
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volume: ISeriesApi<"Histogram">;
  #symbol: string | undefined;
  #timeframe: Timeframe = "1s";
  #decimals = 2;
  #grid: Grid = gridOf(1, 2);
  #open = new OpenBar(1);
  #newest = 0; // start of the newest bar on the chart, in s
  #latest: Candle | undefined;
  #dirty = new Map<number, Candle>();
  #drawnMs = 0;
  #skin: Skin;
  #loading: AbortController | undefined;
  #isLoaded = false;
  #hasFailed = false; // to load what was before it

  constructor(painter: Painter, host: ChartHost) {
    this.#painter = painter;
    this.#host = host;
    this.#legend = host.legend;
    this.#note = host.note;
    this.#skin = host.skin();
    this.#chart = createChart(host.element, {
      autoSize: true,
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4, borderVisible: false },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
      // The logo brings a style element, which the page's policy forbids; the footer credits.
      layout: { attributionLogo: false },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#chart.subscribeCrosshairMove((event) => this.#hover(event));
    this.recolour();
    painter.add(this.#paintWhenDue);
  }

  /** End it: what it drew is gone. */
  dispose(): void {
    this.#loading?.abort();
    this.#painter.remove(this.#paintWhenDue);
    this.#chart.remove();
  }

  /** Take the colours and the type of the page anew: it went dark, say. */
  recolour(): void {
    const skin = this.#host.skin();
    this.#skin = skin;
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: "transparent" },
        textColor: skin.muted,
        fontFamily: skin.fontFamily,
        fontSize: skin.fontSize,
      },
      grid: { vertLines: { visible: false }, horzLines: { color: skin.line } },
      crosshair: {
        vertLine: { color: skin.muted, labelBackgroundColor: skin.accent },
        horzLine: { color: skin.muted, labelBackgroundColor: skin.accent },
      },
    });
    this.#candles.applyOptions({
      upColor: skin.up,
      downColor: skin.down,
      wickUpColor: skin.up,
      wickDownColor: skin.down,
    });
    this.reload(); // volumes carry their colours
  }

  get timeframe(): Timeframe {
    return this.#timeframe;
  }

  /** Show a symbol; the one before is gone at once. */
  show(symbol: string, timeframe: Timeframe, decimals: number): void {
    this.#symbol = symbol;
    this.#timeframe = timeframe;
    this.#open = new OpenBar(INTERVAL_S[timeframe]);
    this.#decimals = decimals;
    this.#chart.timeScale().applyOptions({ timeVisible: timeframe !== "1d" });
    this.#clear();
    void this.#load(symbol, timeframe);
  }

  /** Begin anew with the server's bars: time has begun anew. */
  restart(): void {
    if (this.#symbol !== undefined) {
      this.show(this.#symbol, this.#timeframe, this.#decimals);
    }
  }

  /** Load again what may have been missed: after a gap, or when the last attempt failed. */
  reload(): void {
    if (this.#symbol !== undefined) {
      void this.#load(this.#symbol, this.#timeframe);
    }
  }

  /** Load again if the last attempt failed: there is a connection again. */
  retry(): void {
    if (this.#hasFailed) {
      this.reload();
    }
  }

  /** Take live ticks; those of other symbols and timeframes are passed over. */
  take(ticks: readonly Tick[]): void {
    if (!this.#isLoaded) {
      return;
    }
    const finished = FINISHED[this.#timeframe];
    for (const tick of ticks) {
      if (tick.S !== this.#symbol) {
        continue;
      }
      if (tick.T === "t") {
        const candle = this.#open.take(tick);
        if (candle !== undefined) {
          this.#dirty.set(candle.time, { ...candle });
        }
      } else if (finished.includes(tick.T)) {
        const candle = this.#open.finish(tick as Bar);
        this.#dirty.set(candle.time, candle);
      }
    }
    if (this.#dirty.size > 0) {
      this.#painter.request();
    }
  }

  set decimals(decimals: number) {
    if (decimals !== this.#decimals) {
      this.#decimals = decimals;
      const { unit } = this.#grid;
      this.#setGrid(this.#latest?.close);
      if (this.#grid.unit !== unit) {
        this.reload();
      }
    }
  }

  async #load(symbol: string, timeframe: Timeframe): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#hasFailed = false;
    try {
      const { bars, current } = await this.#host.bars(
        symbol,
        timeframe,
        LIMIT[timeframe],
        loading.signal,
      );
      if (loading.signal.aborted) {
        return;
      }
      this.#open.begin(current);
      const candles = bars.map(candleOf);
      if (current !== null) {
        candles.push(candleOf(current));
      }
      this.#set(candles);
      this.#note.textContent =
        candles.length === 0 ? "No trades yet. The first one starts the chart." : "";
      this.#isLoaded = true;
    } catch (error) {
      if (!loading.signal.aborted) {
        this.#hasFailed = true;
        this.#note.textContent =
          this.#latest === undefined
            ? `The past bars could not be loaded: ${(error as Error).message}`
            : ""; // what is drawn says more
        this.#isLoaded = true; // live bars are drawn all the same
      }
    }
    this.#note.hidden = this.#note.textContent === "";
  }

  #set(candles: Candle[]): void {
    this.#dirty.clear();
    this.#setGrid(candles.at(-1)?.close);
    this.#candles.setData(candles.map((candle) => this.#drawn(candle)));
    this.#volume.setData(candles.map((candle) => volumeOf(candle, this.#skin)));
    this.#latest = candles.at(-1);
    this.#newest = this.#latest?.time ?? 0;
    this.#chart
      .timeScale()
      .setVisibleLogicalRange({ from: candles.length - SHOWN, to: candles.length + 4 });
    this.#describe(this.#latest);
  }

  #clear(): void {
    this.#isLoaded = false;
    this.#note.hidden = false;
    this.#note.textContent = "Loading…";
    this.#set([]);
  }

  #paint(nowMs: number): boolean {
    if (this.#dirty.size === 0) {
      return false;
    }
    if (nowMs - this.#drawnMs < DRAW_MS) {
      return true;
    }
    this.#drawnMs = nowMs;
    const due = [...this.#dirty.values()].sort((a, b) => a.time - b.time);
    this.#dirty.clear();
    if (this.#latest === undefined) {
      this.#setGrid(due[0]?.close);
    }
    for (const candle of due) {
      const { time } = candle;
      const isOld = time < this.#newest; // a late correction
      this.#candles.update(this.#drawn(candle), isOld);
      this.#volume.update(volumeOf(candle, this.#skin), isOld);
      if (!isOld) {
        this.#newest = time;
        this.#latest = candle;
      }
    }
    this.#note.hidden = true;
    this.#describe(this.#latest);
    return false;
  }

  #hover(event: MouseEventParams): void {
    const drawn = event.seriesData.get(this.#candles) as CandlestickData<UTCTimestamp> | undefined;
    const volume = event.seriesData.get(this.#volume) as { value: number } | undefined;
    if (drawn === undefined) {
      this.#describe(this.#latest);
      return;
    }
    const { unit } = this.#grid;
    this.#describe({
      time: drawn.time,
      open: drawn.open * unit,
      high: drawn.high * unit,
      low: drawn.low * unit,
      close: drawn.close * unit,
      volume: volume?.value ?? 0,
    });
  }

  /** Write a bar's numbers above the chart. */
  #describe(candle: Candle | undefined): void {
    const text =
      candle === undefined
        ? ""
        : [
            ["O", formatPrice(candle.open, this.#decimals)],
            ["H", formatPrice(candle.high, this.#decimals)],
            ["L", formatPrice(candle.low, this.#decimals)],
            ["C", formatPrice(candle.close, this.#decimals)],
            [
              "Vol",
              candle.volume < 10_000 ? formatSize(candle.volume) : formatCompact(candle.volume),
            ],
          ]
            .map((pair) => pair.join("\u00a0")) // breaks between pairs only
            .join("  ");
    if (this.#legend.textContent !== text) {
      this.#legend.textContent = text;
    }
  }

  /** Draw in the grid of a price from now on. */
  #setGrid(price = 1): void {
    this.#grid = gridOf(price, this.#decimals);
    const { digits, format } = this.#grid;
    this.#candles.applyOptions({
      priceFormat: {
        type: "custom",
        formatter: format,
        base: 10 ** digits,
        minMove: 10 ** -digits,
      },
    });
  }

  /** A candle as it is drawn. */
  #drawn({ time, open, high, low, close }: Candle): CandlestickData<UTCTimestamp> {
    const { unit } = this.#grid;
    return {
      time: time as UTCTimestamp,
      open: open / unit,
      high: high / unit,
      low: low / unit,
      close: close / unit,
    };
  }
}

function volumeOf({ time, open, close, volume }: Candle, { up, down }: Skin) {
  const colour = close < open ? down : up;
  return { time: time as UTCTimestamp, value: volume, color: `${colour}66` };
}
