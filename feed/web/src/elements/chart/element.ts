/**
 * `<feed-chart symbol="AAPL">`: candles, volume, VWAP and averages, or two symbols in per cent.
 *
 * The library that draws is loaded at first use. `feed-change` tells what a person chose.
 */

import { isSymbol, type Status, type Symbols, type Tick } from "../../client/index.ts";
import { formatPrice } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { PERIODS, periodsOf } from "../../market/studies.ts";
import { TIMEFRAMES, type Timeframe, timeframeOf } from "../../market/timeframes.ts";
import { Zone } from "../../market/zone.ts";
import { make, setData, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import { DOWN_WORDS, type Shown } from "../notice.ts";
import type { Source } from "../source.ts";
import { colourOf, sheetOf } from "../styles.ts";
import type { Chart } from "./chart.ts";
import { CONTROLS_SHEET, Controls } from "./controls.ts";
import { press } from "./keys.ts";
import type { Skin } from "./layers.ts";
import type { Subject } from "./picture.ts";

/** Screen readers are told a price no more often. */
const NAME_MS = 5_000;
const TYPE_SHARE = 0.857;
/** Statuses that are asked for. */
const STATUSES = 200;
const OWN = ["timeframe", "compare", "averages", "timezone"];

const SHEET = sheetOf(`
:host {
  --_vwap: var(--feed-vwap, light-dark(#7b2fbe, #cf9bff));
  --_average-1: var(--feed-average-1, light-dark(#0b6b8a, #57c4e5));
  --_average-2: var(--feed-average-2, light-dark(#8a5200, #f0b35a));
  --_compare: var(--feed-compare, light-dark(#8a5200, #f0b35a));
  block-size: 20rem;
}
.legend { display: flex; flex-wrap: wrap; gap: 0 0.9em; align-content: start; min-block-size: 1.4em; padding-inline: 0.75em; color: var(--_muted); font-size: 0.857em; }
.legend b { font-weight: 500; }
.legend [data-role="vwap"] { color: var(--_vwap); }
.legend [data-role="average-1"] { color: var(--_average-1); }
.legend [data-role="average-2"] { color: var(--_average-2); }
.legend [data-role="main"] { color: var(--_accent); font-weight: 650; }
.legend [data-role="compare"] { color: var(--_compare); font-weight: 650; }
.legend [data-role="told"] { color: var(--_warn); font-weight: 650; }
.plot { position: relative; flex: 1; min-block-size: 0; }
.drawing { position: absolute; inset: 0; }
.drawing[data-dated] { opacity: 0.6; filter: grayscale(1); }
.note { position: absolute; inset: 0; display: grid; place-items: center; margin: 0; padding: 1em; color: var(--_muted); text-align: center; pointer-events: none; }
footer { padding: 0.3em 0.75em; color: var(--_muted); font-size: 0.786em; }
footer a { color: inherit; }
`);

/** The detail of the event `feed-change`. */
export interface ChangeDetail {
  timeframe: Timeframe;
  /** The symbol that it is compared with; "" for none. */
  compare: string;
}

export class FeedChart extends FeedElement {
  static override observedAttributes = [...FeedElement.observedAttributes, ...OWN];
  protected static override readonly properties = [...FeedElement.properties, ...OWN];

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
  readonly #plot = make(
    "div",
    { class: "plot", part: "plot", tabindex: 0, role: "group" },
    this.#drawing,
    this.#note,
  );
  readonly #spoken = make("span", { class: "unseen", "aria-live": "polite" });
  #instrument: Instrument | undefined;
  #chart: Chart | undefined;
  #drawn = 0; // counts what was shown, to know what is shown no more
  #namedMs = Number.NEGATIVE_INFINITY;
  #off = () => {};
  readonly #dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  readonly #recolour = () => this.recolour();

  constructor() {
    super(SHEET, CONTROLS_SHEET);
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

  /** The time zone of its times, such as "America/New_York"; "" for that of the browser. */
  get timezone(): string {
    return this.getAttribute("timezone")?.trim() ?? "";
  }

  set timezone(name: string) {
    this.setAttribute("timezone", name);
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
    this.#dark?.addEventListener("change", this.#recolour);
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
    this.#dark?.removeEventListener("change", this.#recolour);
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
      const { Chart } = await import("./chart.ts");
      if (drawn === this.#drawn) {
        this.#chart = new Chart(source.painter, {
          element: this.#drawing,
          legend: this.#legend,
          note: this.#note,
          bars: (symbol, timeframe, limit, signal) => source.bars(symbol, timeframe, limit, signal),
          statuses: (symbol, signal) => statusesOf(source, symbol, signal),
          skin: () => this.#skin(),
        });
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
    const [zone, periods] = [zoneOf(this.timezone), periodsOf(this.averages)];
    if (typeof zone === "string" || periods === undefined) {
      this.#note.hidden = false;
      this.#note.textContent = typeof zone === "string" ? zone : wrongPeriods(this.averages);
      return;
    }
    this.#chart.zone = zone;
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
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
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

  #skin(): Skin {
    const { fontFamily, fontSize } = getComputedStyle(this);
    const colour = (name: string) => colourOf(this.root, name);
    return {
      muted: colour("muted"),
      line: colour("line"),
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

/** The zone of this name, or why it is none. */
function zoneOf(name: string): Zone | string {
  try {
    return new Zone(name);
  } catch (error) {
    return (error as Error).message;
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
