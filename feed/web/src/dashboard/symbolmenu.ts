/** What can be done with a symbol where it stands: at a price of a chart, or in a row of the list. */

import type { Table } from "../elements/watchlist/table.ts";
import { formatPrice } from "../market/format.ts";
import type { AnswerDoor } from "./answer/door.ts";
import type { DeskDoor } from "./desk/door.ts";
import { byId } from "./ui/dom.ts";
import { type Spot, spotOfFocus } from "./ui/floating.ts";
import { type Choice, popUp } from "./ui/popupmenu.ts";

export interface SymbolMenuParts {
  table: Table;
  desk: DeskDoor;
  answers: AnswerDoor;
  /** The symbol that is shown in detail. */
  chosen(): string | undefined;
  decimals(symbol: string): number;
  /** Stop watching a symbol. */
  remove(symbol: string): void;
}

export class SymbolMenu {
  readonly #parts: SymbolMenuParts;

  constructor(parts: SymbolMenuParts) {
    this.#parts = parts;
    const { table, desk } = parts;
    const charts = byId("charts");
    charts.addEventListener("feed-price", (event) => {
      const { symbol, price, by, ...spot } = event.detail;
      event.preventDefault(); // of the browser's own menu
      if (by === "menu") {
        this.#offer(symbol, price, spot);
      } else {
        void desk.alert(symbol, price, spot);
      }
    });
    charts.addEventListener("feed-mark", ({ detail: { id, price } }) => {
      void desk.changeRule(id, price);
    });
    table.element.addEventListener("contextmenu", (event) => this.#offerOfRow(event));
  }

  /** Ask for an alert on the symbol that is shown. */
  alert(): void {
    const symbol = this.#parts.chosen();
    if (symbol !== undefined) {
      void this.#parts.desk.alert(symbol, undefined, spotOfFocus());
    }
  }

  /** By a pointer it is about the row under it, by a key about the one that is walked to. */
  #offerOfRow(event: MouseEvent): void {
    const { table, remove } = this.#parts;
    const row = (event.target as Element).closest<HTMLElement>("[data-symbol]");
    const symbol = row?.dataset["symbol"] ?? table.active;
    if (symbol === undefined) {
      return;
    }
    event.preventDefault();
    const selected = row ?? table.element.querySelector("[aria-selected=true]");
    const { left, bottom } = (selected ?? table.element).getBoundingClientRect();
    const spot = row === null ? { x: left, y: bottom } : { x: event.clientX, y: event.clientY };
    const gone = { words: `Stop watching ${symbol}`, key: "Del", act: () => remove(symbol) };
    this.#offer(symbol, undefined, spot, gone);
  }

  #offer(symbol: string, price: number | undefined, spot: Spot, ...more: Choice[]): void {
    const { desk, answers, decimals } = this.#parts;
    const at = price === undefined ? "" : ` at ${formatPrice(price, decimals(symbol))}`;
    popUp(
      symbol,
      [
        {
          words: `Alert on ${symbol}${at}…`,
          key: price === undefined ? "Alt A" : "Enter",
          act: () => void desk.alert(symbol, price, spot),
        },
        { words: `Ask about ${symbol}`, act: () => answers.ask(symbol) },
        ...more,
      ],
      spot,
    );
  }
}
