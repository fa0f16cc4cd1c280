/** A heat map as a table: the same numbers in words, for whoever reads them better so. */

import { formatPrice, wayOf } from "../../market/format.ts";
import type { OverviewRow, OverviewSector } from "../../market/overview.ts";
import { make, setData, Text } from "../ui/dom.ts";
import type { Shown } from "./heat.ts";
import { Hold } from "./hold.ts";
import { alongRow, Roving } from "./roving.ts";
import { amountWords, percentWords, sectorWords } from "./words.ts";

const HEADS = ["Symbol", "Name", "Last", "Since open", "Volume", "Turnover", "Trades"];
/** From here on heads are of numbers. */
const NUMBERS = 2;

export interface TableHost {
  choose(symbol: string): void;
  decimals(symbol: string): number;
}

export class HeatTable {
  readonly #table = make(
    "table",
    {},
    make("caption", { class: "hidden" }, "Symbols by sector, the largest first"),
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ...HEADS.map((head, place) =>
          make("th", { scope: "col", class: place < NUMBERS ? undefined : "number" }, head),
        ),
      ),
    ),
  );
  readonly element = make(
    "div",
    { class: "heat-table", role: "region", "aria-label": "Heat map as a table", tabindex: 0 },
    this.#table,
  );
  readonly #host: TableHost;
  readonly #hold = new Hold(this.element);
  readonly #roving: Roving;
  readonly #rows = new Map<string, SymbolRow>();
  readonly #heads = new Map<string, Text>();
  #buttons: HTMLElement[] = [];
  #order = "";

  constructor(host: TableHost) {
    this.#host = host;
    this.#roving = new Roving(
      this.#table,
      () => this.#buttons,
      (place, key) => alongRow(place, key, this.#buttons.length),
    );
  }

  draw({ overview, chosen }: Shown): void {
    const sectors = overview?.sectors ?? [];
    const order = JSON.stringify(sectors.map((each) => [each.sector, ...symbolsOf(each)]));
    if (order !== this.#order && (this.#order === "" || !this.#hold.isHeld)) {
      this.#order = order;
      this.#arrange(sectors);
    }
    for (const sector of sectors) {
      const omitted = sector.omitted === 0 ? "" : ` · ${sector.omitted} more with less`;
      this.#heads.get(sector.sector)?.set(`${sectorWords(sector)}${omitted}`);
      for (const row of sector.symbols) {
        this.#rows.get(row.symbol)?.draw(row, this.#host.decimals(row.symbol), chosen);
      }
    }
  }

  #arrange(sectors: readonly OverviewSector[]): void {
    const focused = document.activeElement as HTMLElement | null;
    const bodies = sectors.map((sector) => {
      const head = new Text();
      this.#heads.set(sector.sector, head);
      return make(
        "tbody",
        {},
        make("tr", {}, make("th", { scope: "rowgroup", colspan: HEADS.length }, head.node)),
        ...symbolsOf(sector).map((symbol) => this.#rowOf(symbol).element),
      );
    });
    const symbols = sectors.flatMap(symbolsOf);
    const stay = new Set(symbols);
    for (const symbol of this.#rows.keys()) {
      if (!stay.has(symbol)) {
        this.#rows.delete(symbol);
      }
    }
    this.#table.replaceChildren(...this.#table.querySelectorAll("caption, thead"), ...bodies);
    this.#buttons = symbols.map((symbol) => this.#rowOf(symbol).button);
    this.#roving.settle();
    if (focused !== document.activeElement && focused !== null && this.element.contains(focused)) {
      focused.focus({ preventScroll: true }); // it was moved, and moving takes the focus away
    }
  }

  #rowOf(symbol: string): SymbolRow {
    let row = this.#rows.get(symbol);
    if (row === undefined) {
      row = new SymbolRow(symbol, this.#host);
      this.#rows.set(symbol, row);
    }
    return row;
  }
}

function symbolsOf({ symbols }: OverviewSector): string[] {
  return symbols.map(({ symbol }) => symbol);
}

class SymbolRow {
  readonly button: HTMLButtonElement;
  readonly element: HTMLElement;
  readonly #cells = HEADS.slice(1).map(() => new Text());
  readonly #change: HTMLElement;

  constructor(symbol: string, host: TableHost) {
    this.button = make("button", { type: "button", class: "quiet", tabindex: -1 }, symbol);
    this.button.addEventListener("click", () => host.choose(symbol));
    const cells = this.#cells.map(({ node }, place) =>
      make("td", { class: place + 1 < NUMBERS ? undefined : "number" }, node),
    );
    this.#change = cells[HEADS.indexOf("Since open") - 1] as HTMLElement;
    this.element = make("tr", {}, make("th", { scope: "row" }, this.button), ...cells);
  }

  draw(row: OverviewRow, decimals: number, chosen: string | undefined): void {
    const { name, last, change_percent: percent, volume, turnover, trades } = row;
    const texts = [
      name,
      formatPrice(last, decimals),
      percentWords(percent),
      amountWords(volume),
      amountWords(turnover),
      amountWords(trades),
    ];
    for (const [place, text] of texts.entries()) {
      this.#cells[place]?.set(text);
    }
    setData(this.#change, "way", wayOf(percent / 100));
    setData(this.element, "chosen", row.symbol === chosen ? "" : undefined);
  }
}
