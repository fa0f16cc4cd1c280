/**
 * `<feed-watchlist symbols="AAPL,MSFT">`: a table of prices. Arrows walk, Enter or a click selects.
 *
 * Tells `feed-select` with the symbol. A click on a head sorts. The table is the dashboard's.
 */

import type { Symbols } from "../../client/index.ts";
import { make } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import type { Source } from "../source.ts";
import { sheetOf } from "../styles.ts";
import { COLUMN_IDS, columnsOf, fitting } from "./columns.ts";
import { TABLE_STYLE } from "./sheet.ts";
import { namedOrAll, symbolsOf } from "./symbols.ts";
import { Table } from "./table.ts";

const SHEET = sheetOf(`
:host {
  --_raised: color-mix(in srgb, var(--_accent) 10%, var(--_ground));
  --_flash-up: color-mix(in srgb, var(--_up) 22%, transparent);
  --_flash-down: color-mix(in srgb, var(--_down) 22%, transparent);
}
${TABLE_STYLE}`);

const OWN = ["selected", "label", "columns"];

/** The detail of the event `feed-select`. */
export interface SelectDetail {
  symbol: string;
}

export class FeedWatchlist extends FeedElement {
  static override observedAttributes = ["server", "symbols", "timezone", ...OWN];
  protected static override readonly properties = [
    ...FeedWatchlist.observedAttributes,
    ...["token", "source"],
  ];

  readonly #label = make("span", { class: "symbol" });
  readonly #scroll = make("div", { class: "scroll" });
  #table: Table | undefined;
  #source: Source | undefined;

  constructor() {
    super(SHEET);
    this.root.append(make("header", { part: "header" }, this.#label, this.notice), this.#scroll);
    this.#name();
  }

  /** The symbols; they may be set as one text, with commas between them. */
  get symbols(): readonly string[] {
    return this.named();
  }

  set symbols(symbols: string | readonly string[]) {
    this.setAttribute("symbols", typeof symbols === "string" ? symbols : symbols.join(","));
  }

  /** The symbol that is marked as selected. */
  get selected(): string {
    return this.getAttribute("selected") ?? "";
  }

  set selected(symbol: string) {
    this.setAttribute("selected", symbol);
  }

  /** The list's name, shown above it. */
  get label(): string {
    return this.getAttribute("label") ?? "Watchlist";
  }

  set label(words: string) {
    this.setAttribute("label", words);
  }

  /** The columns behind the symbol, such as "last bid ask", in their order; "": as many as fit. */
  get columns(): string {
    return this.getAttribute("columns") ?? "";
  }

  set columns(columns: string | readonly string[]) {
    this.setAttribute("columns", typeof columns === "string" ? columns : columns.join(","));
  }

  override attributeChangedCallback(name?: string): void {
    if (name === "selected") {
      this.#mark();
    } else if (name === "columns") {
      this.#arrange();
      super.attributeChangedCallback(name); // whether they are columns is said beside the prices
    } else if (name === "label") {
      this.#name();
    } else {
      super.attributeChangedCallback(name);
    }
  }

  protected override get naming(): string {
    return "symbols";
  }

  protected override get problem(): string {
    return columnsOf(this.columns) === undefined
      ? `columns “${this.columns}” is not accepted; accepted: some of ${COLUMN_IDS.join(", ")}`
      : "";
  }

  protected named(): readonly string[] {
    return symbolsOf(this.getAttribute("symbols") ?? "");
  }

  protected wants(symbols: readonly string[]): Symbols {
    const watched = namedOrAll(symbols);
    return { trades: watched, quotes: watched, statuses: watched };
  }

  protected shown(): Shown | undefined {
    return undefined;
  }

  protected begin(source: Source, symbols: readonly string[]): void {
    if (source !== this.#source) {
      this.#source = source;
      this.#table = this.#makeTable(source);
      this.#arrange();
      this.#scroll.replaceChildren(this.#table.element);
      this.#name();
    }
    this.#table?.show(symbols);
    this.#mark();
    source.wantDays(symbols);
  }

  protected override end(): void {
    this.#table?.show([]);
  }

  protected paint(nowMs: number): boolean {
    return this.#table?.paint(nowMs) ?? false;
  }

  #makeTable(source: Source): Table {
    const table = new Table(source.painter, {
      instrument: (symbol) => source.market.get(symbol),
      nameOf: () => "",
      // A course would be asked for by each symbol.
      fit: (width) => fitting(width).filter((id) => id !== "course"),
      zone: () => this.zone,
      choose: (symbol) => this.#select(symbol),
    });
    table.element.classList.add("prices");
    return table;
  }

  #select(symbol: string): void {
    this.selected = symbol;
    const detail: SelectDetail = { symbol };
    this.dispatchEvent(new CustomEvent("feed-select", { detail, bubbles: true, composed: true }));
  }

  #arrange(): void {
    const columns = columnsOf(this.columns);
    if (this.#table !== undefined && columns !== undefined) {
      this.#table.columns = columns.length === 0 ? undefined : columns;
    }
  }

  protected override rezoned(): void {
    this.#table?.redraw();
  }

  #mark(): void {
    if (this.#table !== undefined) {
      this.#table.active = this.selected;
    }
  }

  #name(): void {
    this.#label.textContent = this.label;
    this.#table?.element.setAttribute("aria-label", this.label);
  }
}
