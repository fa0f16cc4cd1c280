/** A few rows of the list on the wall: symbol, last price, change. */

import { formatChange, formatPrice, wayOf } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { make, setData, Text } from "../ui/dom.ts";

const COUNT = 7;

interface Row {
  element: HTMLElement;
  symbol: Text;
  last: Text;
  change: Text;
  changeCell: HTMLElement;
}

export class Rows {
  readonly #rows: readonly Row[] = Array.from({ length: COUNT }, makeRow);
  readonly element = make(
    "table",
    { class: "wall-rows", "aria-label": "List" },
    make("tbody", {}, ...this.#rows.map(({ element }) => element)),
  );
  #shown: readonly string[] = [];

  /** The most that there is room for. */
  get count(): number {
    return COUNT;
  }

  /** Show these symbols, of which one is the chosen one; tell whether they are others than before. */
  show(symbols: readonly string[], chosen: string | undefined): boolean {
    const isOther = symbols.join("\n") !== this.#shown.join("\n");
    this.#shown = symbols;
    for (const [place, { element, symbol }] of this.#rows.entries()) {
      const shown = symbols[place];
      element.hidden = shown === undefined;
      symbol.set(shown ?? "");
      setData(element, "chosen", shown !== undefined && shown === chosen ? "" : undefined);
    }
    return isOther;
  }

  draw(find: (symbol: string) => Instrument): void {
    for (const [place, symbol] of this.#shown.entries()) {
      const { element, last, change, changeCell } = this.#rows[place] as Row;
      const instrument = find(symbol);
      const share =
        instrument.day.changeSinceClose(instrument.last) ??
        instrument.day.changeOf(instrument.last);
      last.set(formatPrice(instrument.last, instrument.decimals));
      change.set(formatChange(share));
      setData(changeCell, "way", wayOf(share));
      setData(element, "dated", instrument.stopped === undefined ? undefined : "");
    }
  }
}

function makeRow(): Row {
  const [symbol, last, change] = [new Text(), new Text(), new Text()];
  const changeCell = make("td", {}, change.node);
  const element = make(
    "tr",
    { hidden: true },
    make("th", { scope: "row" }, symbol.node),
    make("td", {}, last.node),
    changeCell,
  );
  return { element, symbol, last, change, changeCell };
}
