/**
 * `<feed-chart symbol="AAPL">`: candles, volume, VWAP and averages, or two symbols in per cent.
 *
 * The library that draws is loaded at first use. `feed-change` tells what a person chose,
 * `feed-price` a price that was pointed at, `feed-mark` what was done to one of the page's `marks`.
 */

import { isSymbol, type Status, type Symbols, type Tick } from "../../client/index.ts";
import { formatPrice } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { PERIODS, periodsOf } from "../../market/studies.ts";
import { TIMEFRAMES, type Timeframe, timeframeOf } from "../../market/timeframes.ts";
import { make, setData, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import { DOWN_WORDS, type Shown } from "../notice.ts";
import type { Source } from "../source.ts";
import { colourOf, onTasteChange } from "../styles.ts";
import type { Chart } from "./chart.ts";
import { CONTROLS_SHEET, Controls } from "./controls.ts";
import { press } from "./keys.ts";
import type { Skin } from "./layers.ts";
import type { Mark } from "./marks.ts";
import type { Subject } from "./picture.ts";
import { Pointing, type PriceDetail } from "./pointing.ts";
import { CHART_SHEET } from "./sheet.ts";

/** Screen readers are told a price no more often. */
const NAME_MS = 5_000;
const TYPE_SHARE = 0.857;
/** Statuses that are asked for. */
const STATUSES = 200;
const OWN = ["timeframe", "compare", "averages"];

/** The detail of the event `feed-change`. */
export interface ChangeDetail {
  timeframe: Timeframe;
  /** The symbol that it is compared with; "" for none. */
  compare: string;
}

/** The detail of the event `feed-mark`. */
export interface MarkDetail {
  symbol: string;
  /** Of the mark. */
  id: string;
  /** Where it was moved to; undefined where it was removed. */
  price: number | undefined;
}

export class FeedChart extends FeedElement {
  static override observedAttributes = [...FeedElement.observedAttributes, ...OWN];
  protected static override readonly properties = [...FeedElement.properties, ...OWN, "marks"];

  readonly #symbol = new Text();
  readonly #last = new Text();
  readonly #lastElement = make("span", { class: "prices", part: "price" }, this.#last.node);
  readonly #controls = new Controls({
    timeframe: (timeframe) => this.#choose(() => (this.timeframe = timeframe)),
    compare: (symbol) => this.#choose(() => (this.compare = symbol ?? "")),
  });
  readonly #legend = make("div", { class: "legend", role: "group", part: "legend" });
  readonly #drawing = make("div", { class: "drawing prices", role: "img", "aria-label": "Chart" });
  readonly #note = make("p", { class: "note" });
  readonly #marksLayer = make("div", { class: "marks" });
  readonly #plot = make(
    "div",
    { class: "plot", part: "plot", tabindex: 0, role: "group" },
    this.#drawing,
    this.#marksLayer,
    this.#note,
  );
  readonly #pointing = new Pointing(
    this.#plot,
    this.#drawing,
    () => this.#chart?.crosshair,
    (detail) => this.#tellPrice(detail),
  );
  readonly #spoken = make("span", { class: "unseen", "aria-live": "polite" });
  #marks: readonly Mark[] | undefined;
  #instrument: Instrument | undefined;
  #chart: Chart | undefined;
  #drawn = 0; // counts what was shown, to know what is shown no more
  #namedMs = Number.NEGATIVE_INFINITY;
  #off = () => {};
  #offTaste = () => {};

  constructor() {
    super(CHART_SHEET, CONTROLS_SHEET);
    this.root.append(
      make(
        "header",
        { part: "header" },
        make("span", { class: "symbol", part: "symbol" }, this.#symbol.node),
        this.#lastElement,
        this.#controls.timeframes,
        this.#controls.compare,
        this.notice,
      ),
      this.#legend,
      this.#plot,
      this.#spoken,
      // As the licence of lightweight-charts asks (Apache-2.0, with its NOTICE).
      make(
        "footer",
        { part: "credit" },
        "Charts by ",
        make(
          "a",
          { href: "https://www.tradingview.com/", rel: "noreferrer", target: "_blank" },
          "TradingView",
        ),
        " Lightweight Charts™ · Copyright © 2025 TradingView, Inc.",
      ),
    );
    this.#plot.append(this.#pointing.plus);
    this.#plot.addEventListener("keydown", (event) => this.#press(event));
    this.#plot.addEventListener("blur", () => this.#chart?.leave());
    this.#controls.show(this.timeframe, undefined);
  }

  get timeframe(): Timeframe {
    return timeframeOf(this.getAttribute("timeframe")) ?? "1m";
  }

  set timeframe(timeframe: Timeframe) {
    this.setAttribute("timeframe", timeframe);
  }

  /** The symbol that it is compared with, in per cent; "" for none. */
  get compare(): string {
    const symbol = this.getAttribute("compare")?.trim() ?? "";
    return symbol === this.symbol ? "" : symbol;
  }

  set compare(symbol: string) {
    this.setAttribute("compare", symbol);
  }

  /** The periods of its moving averages: none, one or two of 2 to 500, such as "20 50". */
  get averages(): string {
    return this.getAttribute("averages") ?? PERIODS.join(" ");
  }

  set averages(periods: string) {
    this.setAttribute("averages", periods);
  }

  /**
   * Prices of the symbol that are marked by a line each, which can be moved and removed: `feed-mark`
   * tells that. Where there are marks, even none so far, a `+` beside the pointer points at its price.
   */
  get marks(): readonly Mark[] | undefined {
    return this.#marks;
  }

  set marks(marks: readonly Mark[] | undefined) {
    this.#marks = marks;
    this.#pointing.isOffered = marks !== undefined;
    if (this.#chart !== undefined) {
      this.#chart.marks = marks ?? [];
    }
  }

  /** Take the colours of the page anew, after it has changed them by a script. */
  recolour(): void {
    this.#chart?.recolour();
  }

  override attributeChangedCallback(name?: string): void {
    if (name !== undefined && OWN.includes(name)) {
      this.#controls.show(this.timeframe, this.compare || undefined);
      if (name === "compare") {
        super.attributeChangedCallback(name); // other symbols are held
      } else {
        this.#show();
      }
    } else {
      super.attributeChangedCallback(name);
    }
  }

  protected named(): readonly string[] {
    return [this.symbol, this.compare].filter((symbol) => symbol !== "");
  }

  protected wants(symbols: readonly string[]): Symbols {
    return {
      trades: symbols,
      statuses: symbols,
      bars: symbols,
      updatedBars: symbols,
      secondBars: symbols,
    };
  }

  protected shown(): Shown | undefined {
    return this.#instrument;
  }

  protected begin(source: Source, [symbol = ""]: readonly string[]): void {
    this.#instrument = source.market.get(symbol);
    this.#symbol.set(symbol);
    this.#namedMs = Number.NEGATIVE_INFINITY;
    this.#offTaste = onTasteChange(() => this.recolour());
    this.#off = source.client.on("feed", ({ state, reason }) => {
      if (state !== "live") {
        this.#chart?.miss("down", DOWN_WORDS[reason] ?? `Nothing came: ${reason}`);
      }
    });
    this.#drawn += 1;
    void this.#draw(source, this.#drawn);
  }

  protected override end(): void {
    this.#drawn += 1;
    this.#off();
    this.#offTaste();
    this.#chart?.dispose();
    this.#chart = undefined;
  }

  override take(ticks: readonly Tick[], isSnapshot: boolean): void {
    // The last known state tells of a halt; its prices are in the server's bars.
    this.#chart?.take(isSnapshot ? ticks.filter(({ T }) => T === "s") : ticks);
  }

  override gap(): void {
    this.#chart?.miss("gap", "Gap");
    this.#chart?.reload();
  }

  override changed(): void {
    if (this.used?.client.status.phase === "live") {
      this.#chart?.retry();
    }
    super.changed();
  }

  override restart(): void {
    this.#chart?.restart();
  }

  protected override rezoned(): void {
    if (this.#chart !== undefined) {
      this.#chart.zone = this.zone;
    }
  }

  protected paint(nowMs: number): boolean {
    const instrument = this.#instrument;
    if (instrument === undefined) {
      return false;
    }
    const { last, decimals, lastDirection } = instrument;
    if (this.#chart !== undefined) {
      this.#chart.decimals = decimals;
    }
    const price = formatPrice(last, decimals);
    this.#last.set(price);
    const way = lastDirection === 0 ? undefined : lastDirection > 0 ? "up" : "down";
    setData(this.#lastElement, "way", way);
    if (nowMs - this.#namedMs >= NAME_MS) {
      this.#namedMs = nowMs;
      this.#name(price);
    }
    return false;
  }

  async #draw(source: Source, drawn: number): Promise<void> {
    try {
      const { Chart } = await source.first.then(() => import("./chart.ts"));
      if (drawn === this.#drawn) {
        this.#chart = new Chart(source.painter, {
          element: this.#drawing,
          legend: this.#legend,
          note: this.#note,
          bars: (symbol, timeframe, limit, signal) => source.bars(symbol, timeframe, limit, signal),
          statuses: (symbol, signal) => statusesOf(source, symbol, signal),
          skin: () => this.#skin(),
          marks: this.#marksLayer,
          moved: (id, price) => this.#tellMark(id, price),
          removed: (id) => this.#tellMark(id, undefined),
        });
        this.#chart.marks = this.#marks ?? [];
        this.#show();
      }
    } catch (error) {
      this.#note.textContent = `The chart could not be loaded: ${(error as Error).message}`;
    }
  }

  #show(): void {
    const instrument = this.#instrument;
    if (instrument === undefined || this.#chart === undefined) {
      return;
    }
    const periods = periodsOf(this.averages);
    if (periods === undefined) {
      this.#note.hidden = false;
      this.#note.textContent = wrongPeriods(this.averages);
      return;
    }
    this.#chart.zone = this.zone;
    const other = isSymbol(this.compare) ? this.compare : undefined;
    const { timeframe } = this;
    const subject: Subject = { symbol: instrument.symbol, timeframe, other, periods };
    this.#chart.show(subject, instrument.decimals);
    this.#namedMs = Number.NEGATIVE_INFINITY;
    this.used?.painter.request();
  }

  /** Say what is drawn. */
  #name(price: string): void {
    const { symbol, compare, timeframe } = this;
    const bars = `bars of ${TIMEFRAMES[timeframe].words}`;
    const versus = compare === "" ? "" : ` and ${compare} in per cent`;
    this.#drawing.setAttribute("aria-label", `Chart of ${symbol}${versus}, ${bars}, last ${price}`);
    this.#plot.setAttribute("aria-label", `${symbol}: arrows walk the bars, + and − zoom`);
    this.#legend.setAttribute("aria-label", `Values of ${symbol}`);
  }

  #press(event: KeyboardEvent): void {
    const isOurs = event.target === this.#plot; // a mark has keys of its own
    const isPlain = isOurs && !event.ctrlKey && !event.metaKey && !event.altKey;
    const said = this.#chart && isPlain ? press(event.key, this.#chart) : undefined;
    if (said !== undefined) {
      event.preventDefault();
      event.stopPropagation(); // the page may have a use for the same key
      this.#spoken.textContent = said;
    }
  }

  /** Do what a person chose, and tell the page. */
  #choose(act: () => void): void {
    act();
    const { timeframe, compare } = this;
    const detail: ChangeDetail = { timeframe, compare };
    this.dispatchEvent(new CustomEvent("feed-change", { detail, bubbles: true, composed: true }));
  }

  /** Tell the page of a price; return whether it takes it. */
  #tellPrice(told: Omit<PriceDetail, "symbol">): boolean {
    const detail: PriceDetail = { symbol: this.symbol, ...told };
    const options = { detail, bubbles: true, composed: true, cancelable: true };
    return !this.dispatchEvent(new CustomEvent("feed-price", options));
  }

  #tellMark(id: string, price: number | undefined): void {
    const detail: MarkDetail = { symbol: this.symbol, id, price };
    this.dispatchEvent(new CustomEvent("feed-mark", { detail, bubbles: true, composed: true }));
  }

  #skin(): Skin {
    const { fontFamily, fontSize } = getComputedStyle(this);
    const colour = (name: string) => colourOf(this.root, name);
    return {
      muted: colour("muted"),
      line: colour("line"),
      ground: colour("ground"),
      up: colour("up"),
      down: colour("down"),
      accent: colour("accent"),
      warn: colour("warn"),
      vwap: colour("vwap"),
      averages: [colour("average-1"), colour("average-2")],
      compare: colour("compare"),
      fontFamily,
      fontSize: Math.round(TYPE_SHARE * Number.parseFloat(fontSize)),
    };
  }
}

function wrongPeriods(text: string): string {
  return `“${text}” are not periods of averages; accepted: none, one or two of 2 to 500`;
}

/** Ask for the statuses of a symbol that the server still holds. */
async function statusesOf(
  source: Source,
  symbol: string,
  signal: AbortSignal,
): Promise<readonly Status[]> {
  const query = new URLSearchParams({ statuses: symbol, last: String(STATUSES) });
  const { ticks } = (await source.ask(`v1/history?${query}`, signal)) as { ticks: Tick[] };
  return ticks.filter((tick): tick is Status => tick.T === "s");
}
