/**
 * The chart of one symbol, or of two in per cent: past bars from the server, the open one from trades.
 *
 * Drawing is lightweight-charts' work; what is drawn is decided in `picture.ts`. Live changes are
 * collected and handed over with the beat.
 */

import { ColorType, CrosshairMode, createChart, type IChartApi } from "lightweight-charts";
import type { Status, Tick } from "../../client/index.ts";
import { formatPrice } from "../../market/format.ts";
import { Interruptions } from "../../market/interruptions.ts";
import { Zone } from "../../market/zone.ts";
import { denialOf, notIncluded } from "../denial.ts";
import { setData } from "../dom.ts";
import { BEAT_MS, type Painter } from "../painter.ts";
import { markWords } from "./axis.ts";
import { Crosshair } from "./crosshair.ts";
import { type Grid, gridOf } from "./grid.ts";
import { Layers, type Skin } from "./layers.ts";
import { Legend, textOf, valuesOf } from "./legend.ts";
import { type Mark, Marks } from "./marks.ts";
import { type Archive, pastOf } from "./past.ts";
import { Picture, type Subject } from "./picture.ts";
import { SpanBands } from "./spans.ts";

/** The library lays out all points of a series, an hour of seconds say, whenever one differs. */
const DRAW_MS = 2 * BEAT_MS;
/** Slots on screen at first, and free ones behind them. */
const SHOWN = 120;
const FREE = 4;
/** With more candles than this the server's past is loaded anew, which is shorter. */
const MOST_CANDLES = 10_800;
/** More new slots than this, of a time when nobody looked, are drawn at once with all others. */
const MOST_ADDED = 120;
const ZOOM = 1.5;
const LEAST_SHOWN = 10;

/** What a chart is given by the page around it. */
export interface ChartHost extends Archive {
  /** Where it is drawn, with what is to be read above it and instead of it. */
  element: HTMLElement;
  legend: HTMLElement;
  note: HTMLElement;
  /** Over it, for the handles of marks. */
  marks: HTMLElement;
  skin(): Skin;
  /** Somebody has moved a mark, or wants it gone. */
  moved(mark: string, price: number): void;
  removed(mark: string): void;
}

export class Chart {
  readonly crosshair: Crosshair;
  readonly #painter: Painter;
  readonly #host: ChartHost;
  readonly #legend: Legend;
  readonly #paintWhenDue = (nowMs: number) => this.#paint(nowMs);
  readonly #chart: IChartApi;
  readonly #layers: Layers;
  readonly #marks: Marks;
  readonly #interruptions = new Interruptions();
  readonly #mark = (time: unknown, type: number) =>
    markWords(this.#zone, this.#picture?.candleS ?? 1, time as number, type);
  #picture: Picture | undefined;
  #decimals = 2;
  #grid: Grid = gridOf(1, 2);
  #zone = new Zone();
  #skin: Skin;
  #marked: readonly Mark[] = [];
  #isDirty = false;
  #drawnMs = 0;
  #loading: AbortController | undefined;
  #isLoaded = false;
  #hasFailed = false; // to load what was before it
  #denial = ""; // that the past is not granted

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
    const { candles } = this.#layers;
    this.crosshair = new Crosshair(this.#chart, candles, () => ({
      picture: this.#picture,
      grid: this.#grid,
    }));
    this.#marks = new Marks(this.#chart, candles, this.crosshair, {
      layer: host.marks,
      format: (price) => formatPrice(price, this.#decimals),
      moved: (id, price) => host.moved(id, price),
      removed: (id) => host.removed(id),
    });
    this.#chart.subscribeCrosshairMove((event) => {
      this.crosshair.follow(event);
      this.#describe();
    });
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
    if (this.#hasFailed && this.#denial === "") {
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
      this.#painter.requestBeat();
    }
  }

  /** Point at the slot so many further; return what is said of it. */
  walk(by: number): string {
    return this.crosshair.walk(by) ? this.#describe() : "";
  }

  /** Point at nothing any more. */
  leave(): void {
    this.crosshair.leave();
    this.#describe();
  }

  /** Point at the price so many steps above; return what is said of it. */
  climb(by: number): string {
    const { price } = this.crosshair.climb(by) ? this.crosshair.pointed : {};
    return price === undefined ? "" : formatPrice(price, this.#decimals);
  }

  /** Mark these prices, and no others. */
  set marks(marks: readonly Mark[]) {
    this.#marked = marks;
    this.#marks.set(this.#isCompared ? [] : marks);
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
    this.crosshair.forget();
    this.#denial = "";
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
      const told = (status: Status) => this.#interruptions.take(status);
      const past = await pastOf(picture.subject, this.#host, told, loading.signal);
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
        if (denialOf(error) !== undefined) {
          this.#denial = `${notIncluded(`bars of ${picture.subject.symbol}`)}: there is no past of it here`;
        }
        // What is drawn says more.
        const isEmpty = picture.main.newest === undefined;
        const words = `The past bars could not be loaded: ${(error as Error).message}`;
        this.#note(this.#denial || (isEmpty ? words : ""));
        this.#isLoaded = true; // live bars are drawn all the same
      }
    }
  }

  #paint(nowMs: number): boolean {
    const picture = this.#picture;
    if (picture === undefined) {
      return false;
    }
    if (this.#isDirty && nowMs - this.#drawnMs >= DRAW_MS) {
      this.#drawnMs = nowMs;
      this.#isDirty = false;
      this.#settle(picture);
    }
    return this.#layers.catchUp(picture, nowMs) || this.#isDirty;
  }

  /** Draw what was taken. */
  #settle(picture: Picture): void {
    const wasEmpty = picture.laid.slots.length === 0;
    const change = picture.settle();
    if (change === undefined) {
      return;
    }
    if (change.isWhole || wasEmpty || change.slots.length > MOST_ADDED) {
      this.#draw(picture);
    } else {
      this.#layers.update(picture, change);
      this.#describe();
    }
    if (picture.main.newest !== undefined) {
      this.#note(this.#denial);
    }
    if (picture.main.all.length > MOST_CANDLES && !this.#hasFailed) {
      this.reload();
    }
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
    if (note.textContent !== words) {
      note.textContent = words;
    }
    note.hidden = words === "";
    setData(note, "aside", this.#picture?.main.newest === undefined ? undefined : "");
  }

  /** Write the values of a slot above the chart; return them in words. */
  #describe(): string {
    const picture = this.#picture;
    const timeS = this.crosshair.slotS ?? picture?.laid.slots.at(-1);
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
    this.#layers.setGrid(this.#grid, this.#isCompared);
    this.marks = this.#marked; // in the unit and with the digits of the grid
  }

  get #isCompared(): boolean {
    return this.#picture?.other !== undefined;
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
    this.#marks.redraw(this.#skin.warn);
  }
}
