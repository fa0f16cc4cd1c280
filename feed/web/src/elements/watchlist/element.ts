/**
 * `<feed-watchlist symbols="AAPL,MSFT">`: a table of prices. Arrows walk, Enter or a click selects.
 *
 * Tells `feed-select` with the symbol. The row that has the focus is the only one in the tab order
 * (WAI-ARIA APG, "Managing Focus Within Components Using a Roving tabindex").
 */

import type { Symbols } from "../../client/index.ts";
import { make } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import type { Source } from "../source.ts";
import { sheetOf } from "../styles.ts";
import { WatchRow } from "./row.ts";
import { placeAfter, symbolsOf } from "./symbols.ts";

const COLUMNS = ["Symbol", "Last", "Since open", "Bid", "Ask"];
const FIRST_WIDE = 3;

const SHEET = sheetOf(`
:host { container-type: inline-size; }
.scroll { flex: 1; min-block-size: 0; overflow: auto; }
thead th { position: sticky; inset-block-start: 0; background: var(--_ground); }
tbody th { color: var(--_text); font-size: inherit; }
tbody tr { block-size: 2em; border-block-start: 1px solid var(--_line); cursor: pointer; }
tbody tr:hover { background: color-mix(in srgb, var(--_accent) 8%, transparent); }
tbody tr[aria-selected="true"] {
  background: color-mix(in srgb, var(--_accent) 16%, transparent);
  box-shadow: inset 3px 0 var(--_accent);
}
.prices .state.state { display: block; color: var(--_warn); font-weight: 400; font-size: 0.857em; white-space: normal; }
@container (max-width: 26rem) { .wide { display: none; } }
`);

/** The detail of the event `feed-select`. */
export interface SelectDetail {
  symbol: string;
}

export class FeedWatchlist extends FeedElement {
  static override observedAttributes = ["server", "symbols", "selected", "label"];
  protected static override readonly properties = [
    ...["server", "symbols", "selected", "label"],
    ...["token", "source"],
  ];

  readonly #body = make("tbody", { class: "prices" });
  readonly #table = make(
    "table",
    { role: "grid" },
    make(
      "thead",
      {},
      make(
        "tr",
        { role: "row" },
        ...COLUMNS.map((name, place) =>
          make(
            "th",
            {
              role: "columnheader",
              scope: "col",
              class: place === 0 ? "" : place < FIRST_WIDE ? "number" : "number wide",
            },
            name,
          ),
        ),
      ),
    ),
    this.#body,
  );
  readonly #label = make("span", { class: "symbol" });
  #rows: WatchRow[] = [];
  #active = 0;

  constructor() {
    super(SHEET);
    this.root.append(
      make("header", { part: "header" }, this.#label, this.notice),
      make("div", { class: "scroll" }, this.#table),
    );
    this.#body.addEventListener("click", (event) => {
      const row = (event.target as HTMLElement).closest("tr");
      const place = this.#rows.findIndex(({ element }) => element === row);
      if (place >= 0) {
        this.#activate(place);
        this.#select(place);
      }
    });
    this.#body.addEventListener("keydown", (event) => this.#pressed(event));
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

  override attributeChangedCallback(name?: string): void {
    if (name === "selected") {
      this.#mark();
    } else if (name === "label") {
      this.#name();
    } else {
      super.attributeChangedCallback(name);
    }
  }

  protected override get naming(): string {
    return "symbols";
  }

  protected named(): readonly string[] {
    return symbolsOf(this.getAttribute("symbols") ?? "");
  }

  protected wants(symbols: readonly string[]): Symbols {
    return { trades: symbols, quotes: symbols, statuses: symbols };
  }

  protected shown(): Shown | undefined {
    return undefined;
  }

  protected begin(source: Source, symbols: readonly string[]): void {
    this.#rows = symbols.map((symbol) => new WatchRow(source.market.get(symbol)));
    this.#body.replaceChildren(...this.#rows.map(({ element }) => element));
    this.#activate(Math.min(this.#active, this.#rows.length - 1));
    this.#mark();
    source.wantDays(symbols);
  }

  protected override end(): void {
    this.#rows = [];
    this.#body.replaceChildren();
  }

  protected paint(nowMs: number): boolean {
    let isMoreToDo = false;
    for (const row of this.#rows) {
      isMoreToDo = row.paint(nowMs) || isMoreToDo;
    }
    return isMoreToDo;
  }

  #pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#select(this.#active);
      return;
    }
    const place = placeAfter(event.key, this.#active, this.#rows.length);
    if (place !== undefined) {
      event.preventDefault();
      this.#activate(place);
      this.#rows[place]?.element.focus();
    }
  }

  /** Put the row at this place into the tab order, and no other. */
  #activate(place: number): void {
    this.#active = Math.max(0, place);
    for (const [at, { element }] of this.#rows.entries()) {
      element.tabIndex = at === this.#active ? 0 : -1;
    }
  }

  #select(place: number): void {
    const symbol = this.#rows[place]?.instrument.symbol;
    if (symbol !== undefined) {
      this.selected = symbol;
      const detail: SelectDetail = { symbol };
      this.dispatchEvent(new CustomEvent("feed-select", { detail, bubbles: true, composed: true }));
    }
  }

  #mark(): void {
    for (const { element, instrument } of this.#rows) {
      element.ariaSelected = String(instrument.symbol === this.selected);
    }
  }

  #name(): void {
    this.#label.textContent = this.label;
    this.#table.setAttribute("aria-label", this.label);
  }
}
