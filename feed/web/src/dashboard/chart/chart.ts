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
import { fetchBars, type Timeframe } from "../market/history.ts";
import { type Candle, candleOf, OpenBar } from "../market/openbar.ts";
import { byId } from "../ui/dom.ts";
import { formatCompact, formatPrice, formatSize } from "../ui/format.ts";
import type { Painter } from "../ui/painter.ts";
import { onPaletteChange, type Palette, palette } from "../ui/palette.ts";
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

export class Chart {
  readonly #painter: Painter;
  readonly #element = byId<HTMLElement>("chart");
  readonly #legend = byId<HTMLElement>("legend");
  readonly #note = byId<HTMLElement>("chart-note");
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
  #loading: AbortController | undefined;
  #isLoaded = false;

  constructor(painter: Painter) {
    this.#painter = painter;
    this.#chart = createChart(this.#element, {
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
    this.#colour(palette());
    onPaletteChange((colours) => this.#colour(colours));
    painter.add((nowMs) => this.#paint(nowMs));
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
    try {
      const { bars, current } = await fetchBars(
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
    const colours = palette();
    this.#volume.setData(candles.map((candle) => volumeOf(candle, colours)));
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
    const colours = palette();
    const due = [...this.#dirty.values()].sort((a, b) => a.time - b.time);
    this.#dirty.clear();
    if (this.#latest === undefined) {
      this.#setGrid(due[0]?.close);
    }
    for (const candle of due) {
      const { time } = candle;
      const isOld = time < this.#newest; // a late correction
      this.#candles.update(this.#drawn(candle), isOld);
      this.#volume.update(volumeOf(candle, colours), isOld);
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

  #colour(colours: Palette): void {
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: "transparent" },
        textColor: colours.muted,
        fontFamily: getComputedStyle(document.body).fontFamily,
        fontSize: Math.round(
          0.79 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize),
        ),
      },
      grid: { vertLines: { visible: false }, horzLines: { color: colours.line } },
      crosshair: {
        vertLine: { color: colours.muted, labelBackgroundColor: colours.accent },
        horzLine: { color: colours.muted, labelBackgroundColor: colours.accent },
      },
    });
    this.#candles.applyOptions({
      upColor: colours.up,
      downColor: colours.down,
      wickUpColor: colours.up,
      wickDownColor: colours.down,
    });
    this.reload(); // volumes carry their colours
  }
}

function volumeOf({ time, open, close, volume }: Candle, colours: Palette) {
  const colour = close < open ? colours.down : colours.up;
  return { time: time as UTCTimestamp, value: volume, color: `${colour}66` };
}
