/**
 * The chart of one symbol, or of two in per cent: past bars from the server, the open one from trades.
 *
 * Drawing is lightweight-charts' work; what is drawn is decided in `picture.ts`. Live changes are
 * collected and handed over once per animation frame at most.
 */

import {
  ColorType,
  CrosshairMode,
  createChart,
  type IChartApi,
  type MouseEventParams,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Status, Tick } from "../../client/index.ts";
import type { Bars } from "../../market/history.ts";
import { Interruptions } from "../../market/interruptions.ts";
import { PAST, type ServedTimeframe, TIMEFRAMES } from "../../market/timeframes.ts";
import { Zone } from "../../market/zone.ts";
import type { Painter } from "../painter.ts";
import { markWords } from "./axis.ts";
import { type Grid, gridOf } from "./grid.ts";
import { Layers, type Skin } from "./layers.ts";
import { Legend, textOf, valuesOf } from "./legend.ts";
import { Picture, type Subject } from "./picture.ts";
import { slotOf } from "./slots.ts";
import { SpanBands } from "./spans.ts";

const DRAW_MS = 100;
/** Slots on screen at first, and free ones behind them. */
const SHOWN = 120;
const FREE = 4;
/** With more candles than this the server's past is loaded anew, which is shorter. */
const MOST_CANDLES = 10_800;
const ZOOM = 1.5;
const LEAST_SHOWN = 10;

/** What a chart is given by the page around it. */
export interface ChartHost {
  /** Where it is drawn, with what is to be read above it and instead of it. */
  element: HTMLElement;
  legend: HTMLElement;
  note: HTMLElement;
  skin(): Skin;
  /** Ask for past bars. Throws an Error that says what was answered. */
  bars(
    symbol: string,
    timeframe: ServedTimeframe,
    limit: number,
    signal: AbortSignal,
  ): Promise<Bars>;
  /** Ask for the statuses that the server still holds. Throws an Error that says what was answered. */
  statuses(symbol: string, signal: AbortSignal): Promise<readonly Status[]>;
}

export class Chart {
  readonly #painter: Painter;
  readonly #host: ChartHost;
  readonly #legend: Legend;
  readonly #paintWhenDue = (nowMs: number) => this.#paint(nowMs);
  readonly #chart: IChartApi;
  readonly #layers: Layers;
  readonly #interruptions = new Interruptions();
  readonly #mark = (time: unknown, type: number) =>
    markWords(this.#zone, this.#picture?.candleS ?? 1, time as number, type);
  #picture: Picture | undefined;
  #decimals = 2;
  #grid: Grid = gridOf(1, 2);
  #zone = new Zone();
  #skin: Skin;
  #isDirty = false;
  #drawnMs = 0;
  #loading: AbortController | undefined;
  #isLoaded = false;
  #hasFailed = false; // to load what was before it
  /** The slot under the crosshair; undefined where there is none, and the newest is told. */
  #pointedS: number | undefined;

  constructor(painter: Painter, host: ChartHost) {
    this.#painter = painter;
    this.#host = host;
    this.#legend = new Legend(host.legend);
    this.#skin = host.skin();
    this.#chart = createChart(host.element, {
      autoSize: true,
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: {
        timeVisible: true,
        secondsVisible: true,
        rightOffset: FREE,
        allowShiftVisibleRangeOnWhitespaceReplacement: true, // a blank slot may get a candle
        borderVisible: false,
        tickMarkFormatter: this.#mark,
      },
      localization: { timeFormatter: (time: unknown) => this.#time(time as number) },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.24 } },
      // The logo brings a style element, which the page's policy forbids; the footer credits.
      layout: { attributionLogo: false },
    });
    this.#layers = new Layers(this.#chart, this.#skin, this.#grid);
    this.#chart.panes()[0]?.attachPrimitive(
      new SpanBands(() => ({
        chart: this.#chart,
        slots: this.#picture?.laid.slots ?? [],
        spans: this.#picture?.laid.spans ?? [],
        candleS: this.#picture?.candleS ?? 1,
        skin: this.#skin,
      })),
    );
    this.#chart.subscribeCrosshairMove((event) => this.#hover(event));
    this.#colour();
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
    this.#skin = this.#host.skin();
    this.#colour();
    if (this.#picture !== undefined) {
      this.#layers.set(this.#picture); // volumes carry their colours
    }
  }

  /** Tell times of this zone. */
  set zone(zone: Zone) {
    if (zone.name !== this.#zone.name) {
      this.#zone = zone;
      this.#chart.applyOptions({ timeScale: { tickMarkFormatter: this.#mark } }); // written anew
      this.#describe();
    }
  }

  set decimals(decimals: number) {
    if (decimals !== this.#decimals) {
      this.#decimals = decimals;
      const { unit } = this.#grid;
      this.#setGrid();
      if (this.#grid.unit !== unit && this.#picture !== undefined) {
        this.#layers.set(this.#picture);
      }
    }
  }

  /** Show a subject; the one before is gone at once. */
  show(subject: Subject, decimals: number): void {
    if (subject.symbol !== this.#picture?.subject.symbol) {
      this.#interruptions.clear();
    }
    this.#begin(subject, decimals);
  }

  /** Begin anew with the server's bars: time has begun anew. */
  restart(): void {
    this.#interruptions.clear();
    if (this.#picture !== undefined) {
      this.#begin(this.#picture.subject, this.#decimals);
    }
  }

  /** Prices are not coming: those from the newest one on are missed until the next one. */
  miss(kind: "gap" | "down", words: string): void {
    const newest = this.#picture?.main.newest;
    if (newest !== undefined) {
      this.#interruptions.miss(kind, newest.time, words);
    }
  }

  /** Load again what may have been missed: after a gap, or when the last attempt failed. */
  reload(): void {
    if (this.#picture !== undefined) {
      void this.#load(this.#picture, false);
    }
  }

  /** Load again if the last attempt failed: there is a connection again. */
  retry(): void {
    if (this.#hasFailed) {
      this.reload();
    }
  }

  /** Take live ticks; those of other symbols are passed over. */
  take(ticks: readonly Tick[]): void {
    const picture = this.#picture;
    if (picture === undefined || !this.#isLoaded) {
      return;
    }
    const { symbol, other } = picture.subject;
    for (const tick of ticks) {
      if (tick.S === symbol || tick.S === other) {
        this.#isDirty = picture.take(tick) || this.#isDirty;
      }
    }
    if (this.#isDirty) {
      this.#painter.request();
    }
  }

  /** Point at the slot so many further; return what is said of it. */
  walk(by: number): string {
    const slots = this.#picture?.laid.slots ?? [];
    const last = slots.length - 1;
    if (last < 0) {
      return "";
    }
    const from =
      this.#pointedS === undefined ? last + (by < 0 ? 1 : 0) : slotOf(this.#pointedS, slots);
    const index = Math.min(last, Math.max(0, from + by));
    this.#point(slots[index] as number, index);
    return this.#describe();
  }

  /** Point at nothing any more. */
  leave(): void {
    this.#pointedS = undefined;
    this.#chart.clearCrosshairPosition();
    this.#describe();
  }

  /** Show more (above 0) or fewer slots; the newest ones that are shown stay. */
  zoom(direction: 1 | -1): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null) {
      const shown = (range.to - range.from) * ZOOM ** direction;
      scale.setVisibleLogicalRange({ from: range.to - Math.max(shown, LEAST_SHOWN), to: range.to });
    }
  }

  #begin(subject: Subject, decimals: number): void {
    this.#picture = new Picture(subject, this.#interruptions);
    this.#decimals = decimals;
    this.#isLoaded = false;
    this.#isDirty = false;
    this.#pointedS = undefined;
    this.#chart.timeScale().applyOptions({ timeVisible: subject.timeframe !== "1d" });
    this.#note("Loading…");
    this.#draw(this.#picture);
    void this.#load(this.#picture, true);
  }

  async #load(picture: Picture, isFirst: boolean): Promise<void> {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#hasFailed = false;
    try {
      const past = await this.#past(picture.subject, loading.signal);
      if (loading.signal.aborted) {
        return;
      }
      picture.begin(past, SHOWN);
      this.#draw(picture);
      if (isFirst) {
        this.#showNewest();
      }
      this.#note(
        picture.main.newest === undefined ? "No trades yet. The first one starts the chart." : "",
      );
      this.#isLoaded = true;
    } catch (error) {
      if (!loading.signal.aborted) {
        this.#hasFailed = true;
        // What is drawn says more.
        const isEmpty = picture.main.newest === undefined;
        this.#note(isEmpty ? `The past bars could not be loaded: ${(error as Error).message}` : "");
        this.#isLoaded = true; // live bars are drawn all the same
      }
    }
  }

  async #past({ symbol, other, timeframe }: Subject, signal: AbortSignal) {
    const { served } = TIMEFRAMES[timeframe];
    const bars = (name: string) => this.#host.bars(name, served, PAST[served], signal);
    const statuses = this.#host.statuses(symbol, signal).then(
      (ticks) => {
        for (const status of ticks) {
          this.#interruptions.take(status);
        }
      },
      () => {}, // who may not read them is shown no halts; what else fails, fails for bars too
    );
    const [main, second, day] = await Promise.all([
      bars(symbol),
      other === undefined ? undefined : bars(other),
      served === "1d" || other !== undefined ? undefined : this.#host.bars(symbol, "1d", 1, signal),
      statuses,
    ]);
    return { bars: main, other: second, day };
  }

  #paint(nowMs: number): boolean {
    const picture = this.#picture;
    if (!this.#isDirty || picture === undefined) {
      return false;
    }
    if (nowMs - this.#drawnMs < DRAW_MS) {
      return true;
    }
    this.#drawnMs = nowMs;
    this.#isDirty = false;
    const wasEmpty = picture.laid.slots.length === 0;
    const change = picture.settle();
    if (change === undefined) {
      return false;
    }
    if (change.isWhole || wasEmpty) {
      this.#draw(picture);
    } else {
      this.#layers.update(picture, change);
      this.#describe();
    }
    if (picture.main.newest !== undefined) {
      this.#note("");
    }
    if (picture.main.all.length > MOST_CANDLES && !this.#hasFailed) {
      this.reload();
    }
    return false;
  }

  #draw(picture: Picture): void {
    this.#setGrid();
    this.#layers.set(picture);
    this.#describe();
  }

  #showNewest(): void {
    const { length } = this.#picture?.laid.slots ?? [];
    this.#chart
      .timeScale()
      .setVisibleLogicalRange({ from: (length ?? 0) - SHOWN, to: (length ?? 0) + FREE });
  }

  #note(words: string): void {
    const { note } = this.#host;
    note.textContent = words;
    note.hidden = words === "";
  }

  #hover({ time, point }: MouseEventParams): void {
    this.#pointedS = point === undefined ? undefined : (time as number | undefined);
    this.#describe();
  }

  #point(timeS: number, index: number): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range !== null && (index < range.from || index > range.to)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: index - half, to: index + half });
    }
    const picture = this.#picture;
    const price = picture?.readingAt(timeS).candle?.close ?? picture?.main.newest?.close ?? 0;
    const { candles } = this.#layers;
    this.#chart.setCrosshairPosition(price / this.#grid.unit, timeS as UTCTimestamp, candles);
    this.#pointedS = timeS;
  }

  /** Write the values of a slot above the chart; return them in words. */
  #describe(): string {
    const picture = this.#picture;
    const timeS = this.#pointedS ?? picture?.laid.slots.at(-1);
    if (picture === undefined || timeS === undefined) {
      this.#legend.show([]);
      return "";
    }
    const reading = picture.readingAt(timeS);
    const values = valuesOf(picture, reading, this.#decimals, this.#zone, Date.now());
    this.#legend.show(values);
    return textOf(values);
  }

  /** Draw in the grid of the newest price from now on. */
  #setGrid(): void {
    this.#grid = gridOf(this.#picture?.main.newest?.close ?? 1, this.#decimals);
    this.#layers.setGrid(this.#grid, this.#picture?.other !== undefined);
  }

  #time(timeS: number): string {
    return this.#zone.start(timeS, this.#picture?.candleS ?? 1);
  }

  #colour(): void {
    const { muted, line, accent, fontFamily, fontSize } = this.#skin;
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: "transparent" },
        textColor: muted,
        fontFamily,
        fontSize,
      },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      crosshair: {
        vertLine: { color: muted, labelBackgroundColor: accent },
        horzLine: { color: muted, labelBackgroundColor: accent },
      },
    });
    this.#layers.recolour(this.#skin);
  }
}
