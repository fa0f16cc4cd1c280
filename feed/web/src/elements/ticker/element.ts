/** `<feed-ticker symbol="AAPL">`: the last price in a line of text, and its change since the open. */

import type { Symbols } from "../../client/index.ts";
import { formatChange, formatPrice, wayOf } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { make, setData, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import { BEAT_MS } from "../painter.ts";
import type { Source } from "../source.ts";
import { sheetOf } from "../styles.ts";

const FLASH_MS = 300;

const SHEET = sheetOf(`
:host {
  --_text: var(--feed-text, currentColor);
  display: inline-block;
  overflow: visible;
  color: var(--feed-text, inherit);
  background: var(--feed-background, none);
  border: 0;
  font-family: var(--feed-font, inherit);
  font-size: var(--feed-font-size, inherit);
  line-height: inherit;
}
.line { display: inline-flex; flex-wrap: wrap; gap: 0 0.5em; align-items: baseline; }
.notice { margin-inline-start: 0; }
.notice[data-condition="live"] {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}
.prices[data-unknown] { display: none; }
.price { font-weight: 650; border-radius: 3px; }
@media (prefers-reduced-motion: no-preference) {
  .price { transition: background-color 300ms; }
  .price[data-flash="up"] { background: color-mix(in srgb, var(--_up) 25%, transparent); box-shadow: inset 0 2px 0 var(--_up); }
  .price[data-flash="down"] { background: color-mix(in srgb, var(--_down) 25%, transparent); box-shadow: inset 0 -2px 0 var(--_down); }
}
`);

export class FeedTicker extends FeedElement {
  readonly #symbol = new Text();
  readonly #price = new Text();
  readonly #arrow = new Text();
  readonly #change = new Text();
  readonly #priceElement = make("span", { class: "price", part: "price" }, this.#price.node);
  readonly #changeElement = make(
    "span",
    { class: "change", part: "change", title: "Since the open of the day" },
    make("span", { "aria-hidden": "true" }, this.#arrow.node),
    this.#change.node,
  );
  readonly #prices = make(
    "span",
    { class: "prices line", "data-unknown": true },
    this.#priceElement,
    this.#changeElement,
  );
  readonly #line = make(
    "span",
    { class: "line", role: "group" },
    make("span", { class: "symbol", part: "symbol" }, this.#symbol.node),
    this.#prices,
    this.notice,
  );
  #instrument: Instrument | undefined;
  #drawnVersion = -1;
  #drawnMs = 0;

  constructor() {
    super(SHEET);
    this.root.append(this.#line);
  }

  protected named(): readonly string[] {
    return this.symbol === "" ? [] : [this.symbol];
  }

  protected wants(symbols: readonly string[]): Symbols {
    return { trades: symbols, statuses: symbols };
  }

  protected shown(): Shown | undefined {
    return this.#instrument;
  }

  protected begin(source: Source, symbols: readonly string[]): void {
    const [symbol = ""] = symbols;
    this.#instrument = source.market.get(symbol);
    this.#symbol.set(symbol);
    this.#line.setAttribute("aria-label", symbol);
    this.#drawnVersion = -1;
    source.wantDays(symbols);
  }

  protected paint(nowMs: number): boolean {
    const instrument = this.#instrument;
    const isLit = this.#priceElement.dataset["flash"] !== undefined;
    if (isLit && nowMs - this.#drawnMs >= FLASH_MS) {
      setData(this.#priceElement, "flash", undefined);
    }
    if (instrument === undefined || instrument.version === this.#drawnVersion) {
      return isLit;
    }
    if (this.#drawnVersion >= 0 && nowMs - this.#drawnMs < BEAT_MS) {
      return true;
    }
    const isFirst = this.#drawnVersion < 0;
    this.#drawnVersion = instrument.version;
    const { last, decimals, lastDirection, day } = instrument;
    setData(this.#prices, "unknown", last === undefined ? "" : undefined);
    if (this.#price.set(formatPrice(last, decimals)) && !isFirst && lastDirection !== 0) {
      setData(this.#priceElement, "flash", lastDirection > 0 ? "up" : "down");
      this.#drawnMs = nowMs;
    }
    const change = day.changeOf(last);
    const way = wayOf(change);
    this.#arrow.set(way === undefined ? "" : way === "up" ? "▲ " : "▼ ");
    this.#change.set(formatChange(change));
    setData(this.#changeElement, "way", way);
    return true;
  }
}
