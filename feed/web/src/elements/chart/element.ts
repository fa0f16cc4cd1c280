/** `<feed-chart symbol="AAPL">`: candles and volume. The library that draws is loaded at first use. */

import type { Symbols, Tick } from "../../client/index.ts";
import { formatPrice } from "../../market/format.ts";
import type { Timeframe } from "../../market/history.ts";
import type { Instrument } from "../../market/instrument.ts";
import { make, setData, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import type { Source } from "../source.ts";
import { colourOf, sheetOf } from "../styles.ts";
import type { Chart } from "./chart.ts";

const FRAMES: Readonly<Record<Timeframe, string>> = {
  "1s": "1 second",
  "1m": "1 minute",
  "1d": "1 day",
};
/** Screen readers are told a price no more often. */
const NAME_MS = 5_000;
const TYPE_SHARE = 0.857;

const SHEET = sheetOf(`
:host { block-size: 20rem; }
.frames { display: inline-flex; gap: 2px; margin: 0; padding: 0; border: 0; }
.frames button {
  min-inline-size: 2.4em;
  min-block-size: 24px;
  padding: 0.1em 0.5em;
  border: 1px solid var(--_line);
  border-radius: 4px;
  background: none;
  color: var(--_muted);
  font: inherit;
  cursor: pointer;
}
.frames button[aria-pressed="true"] { border-color: var(--_accent); color: var(--_accent); font-weight: 650; }
.legend { min-block-size: 1.4em; padding-inline: 0.75em; color: var(--_muted); font-size: 0.857em; }
.plot { position: relative; flex: 1; min-block-size: 0; }
.drawing { position: absolute; inset: 0; }
.drawing[data-dated] { opacity: 0.6; filter: grayscale(1); }
.note { position: absolute; inset: 0; display: grid; place-items: center; margin: 0; padding: 1em; color: var(--_muted); text-align: center; }
footer { padding: 0.3em 0.75em; color: var(--_muted); font-size: 0.786em; }
footer a { color: inherit; }
`);

export class FeedChart extends FeedElement {
  static override observedAttributes = [...FeedElement.observedAttributes, "timeframe"];
  protected static override readonly properties = [...FeedElement.properties, "timeframe"];

  readonly #symbol = new Text();
  readonly #last = new Text();
  readonly #lastElement = make("span", { class: "prices", part: "price" }, this.#last.node);
  readonly #frames = (Object.keys(FRAMES) as Timeframe[]).map((frame) =>
    make(
      "button",
      { type: "button", "data-frame": frame, "aria-label": FRAMES[frame], part: "frame" },
      frame,
    ),
  );
  readonly #legend = make("div", { class: "legend", part: "legend" });
  readonly #drawing = make("div", { class: "drawing prices", role: "img" });
  readonly #note = make("p", { class: "note" });
  #instrument: Instrument | undefined;
  #chart: Chart | undefined;
  #drawn = 0; // counts what was shown, to know what is shown no more
  #namedMs = Number.NEGATIVE_INFINITY;
  readonly #dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  readonly #recolour = () => this.recolour();

  constructor() {
    super(SHEET);
    this.root.append(
      make(
        "header",
        { part: "header" },
        make("span", { class: "symbol" }, this.#symbol.node),
        this.#lastElement,
        make("div", { class: "frames", role: "group", "aria-label": "Timeframe" }, ...this.#frames),
        this.notice,
      ),
      this.#legend,
      make("div", { class: "plot", part: "plot" }, this.#drawing, this.#note),
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
    for (const button of this.#frames) {
      button.addEventListener("click", () => {
        this.timeframe = button.dataset["frame"] as Timeframe;
      });
    }
    this.#showFrame();
  }

  get timeframe(): Timeframe {
    const named = this.getAttribute("timeframe");
    return named !== null && Object.hasOwn(FRAMES, named) ? (named as Timeframe) : "1m";
  }

  set timeframe(timeframe: Timeframe) {
    this.setAttribute("timeframe", timeframe);
  }

  /** Take the colours of the page anew, after it has changed them by a script. */
  recolour(): void {
    this.#chart?.recolour();
  }

  override attributeChangedCallback(name?: string): void {
    if (name === "timeframe") {
      this.#showFrame();
      this.#show();
    } else {
      super.attributeChangedCallback(name);
    }
  }

  protected named(): readonly string[] {
    return this.symbol === "" ? [] : [this.symbol];
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
    this.#drawn += 1;
    void this.#draw(source, this.#drawn);
  }

  protected override end(): void {
    this.#drawn += 1;
    this.#dark?.removeEventListener("change", this.#recolour);
    this.#chart?.dispose();
    this.#chart = undefined;
  }

  override take(ticks: readonly Tick[], isSnapshot: boolean): void {
    if (!isSnapshot) {
      this.#chart?.take(ticks);
    }
  }

  override gap(): void {
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
    const { last, decimals, lastDirection, symbol } = instrument;
    if (this.#chart !== undefined) {
      this.#chart.decimals = decimals;
    }
    const price = formatPrice(last, decimals);
    this.#last.set(price);
    const way = lastDirection === 0 ? undefined : lastDirection > 0 ? "up" : "down";
    setData(this.#lastElement, "way", way);
    if (nowMs - this.#namedMs >= NAME_MS) {
      this.#namedMs = nowMs;
      const words = `Chart of ${symbol}, bars of ${FRAMES[this.timeframe]}, last ${price}`;
      this.#drawing.setAttribute("aria-label", words);
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
    if (instrument !== undefined) {
      this.#chart?.show(instrument.symbol, this.timeframe, instrument.decimals);
      this.#namedMs = Number.NEGATIVE_INFINITY;
    }
  }

  #showFrame(): void {
    for (const button of this.#frames) {
      button.setAttribute("aria-pressed", String(button.dataset["frame"] === this.timeframe));
    }
  }

  #skin() {
    const { fontFamily, fontSize } = getComputedStyle(this);
    const colour = (name: string) => colourOf(this.root, name);
    return {
      muted: colour("muted"),
      line: colour("line"),
      up: colour("up"),
      down: colour("down"),
      accent: colour("accent"),
      fontFamily,
      fontSize: Math.round(TYPE_SHARE * Number.parseFloat(fontSize)),
    };
  }
}
