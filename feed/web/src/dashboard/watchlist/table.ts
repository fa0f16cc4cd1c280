/**
 * The watchlist on screen: a grid whose rows exist only where they can be seen.
 *
 * Rows are made once, as many as fit, and show other instruments as the list scrolls or is sorted.
 * Sorting by something that moves is done once a second, so that rows do not jump under the eye.
 */

import type { Painter } from "../../elements/painter.ts";
import type { Directory } from "../../market/directory.ts";
import type { Instrument } from "../../market/instrument.ts";
import type { Market } from "../../market/market.ts";
import { byId } from "../ui/dom.ts";
import { onPaletteChange, palette } from "../ui/palette.ts";
import { Row } from "./row.ts";
import { type Column, nextOrder, type Order, sortBy } from "./sort.ts";

const OVERSCAN_ROWS = 3;
const SORT_MS = 1_000;
const PAGE_ROWS = 10;

export interface TableHost {
  /** A symbol was chosen. */
  choose(symbol: string): void;
  remove(symbol: string): void;
  /** These symbols are on screen now. */
  visible(symbols: string[]): void;
}

export class Table {
  readonly #market: Market;
  readonly #directory: Directory;
  readonly #painter: Painter;
  readonly #host: TableHost;
  readonly #grid = byId<HTMLElement>("watchlist");
  readonly #viewport = byId<HTMLElement>("viewport");
  readonly #canvas = byId<HTMLElement>("rows");
  readonly #empty = byId<HTMLElement>("empty");
  readonly #heads: HTMLButtonElement[];
  #rows: Row[] = [];
  #symbols: readonly string[] = [];
  #instruments: Instrument[] = [];
  #order: Order | undefined;
  #sortedMs = 0;
  #chosen: string | undefined;
  #rowHeight = 40;
  #spark = { width: 96, height: 26 };
  #colours = palette();

  constructor(market: Market, directory: Directory, painter: Painter, host: TableHost) {
    this.#market = market;
    this.#directory = directory;
    this.#painter = painter;
    this.#host = host;
    this.#heads = [...this.#grid.querySelectorAll<HTMLButtonElement>("button[data-column]")];
    for (const head of this.#heads) {
      head.addEventListener("click", () => this.#sort(head.dataset["column"] as Column));
    }
    this.#viewport.addEventListener("scroll", () => this.#place(), { passive: true });
    this.#canvas.addEventListener("click", (event) => this.#clicked(event));
    this.#grid.addEventListener("keydown", (event) => this.#pressed(event));
    new ResizeObserver(() => this.#measure()).observe(this.#viewport);
    onPaletteChange((colours) => {
      this.#colours = colours;
      this.#redraw();
    });
    painter.add((nowMs) => this.#paint(nowMs));
  }

  /** Show these symbols. */
  show(symbols: readonly string[]): void {
    this.#symbols = symbols;
    this.#arrange();
  }

  /** Mark a symbol as the one that is shown in detail. */
  set chosen(symbol: string | undefined) {
    this.#chosen = symbol;
    this.#place();
  }

  focus(): void {
    this.#grid.focus();
  }

  /** Draw an instrument anew whose course was loaded. */
  courseLoaded(symbol: string): void {
    this.#rows.find(({ instrument }) => instrument?.symbol === symbol)?.redraw();
    this.#painter.request();
  }

  #sort(column: Column): void {
    this.#order = nextOrder(this.#order, column);
    for (const head of this.#heads) {
      const isSorted = head.dataset["column"] === this.#order?.column;
      const way = this.#order?.isDescending ? "descending" : "ascending";
      head.parentElement?.setAttribute("aria-sort", isSorted ? way : "none");
    }
    this.#arrange();
  }

  #arrange(): void {
    const instruments = this.#symbols.map((symbol) => this.#market.get(symbol));
    this.#instruments = sortBy(instruments, this.#order);
    this.#grid.setAttribute("aria-rowcount", String(instruments.length + 1));
    this.#empty.hidden = instruments.length > 0;
    this.#canvas.style.height = `${instruments.length * this.#rowHeight}px`;
    this.#place();
  }

  /** Learn from the style sheet how high rows are and how large sparklines. */
  #measure(): void {
    const style = getComputedStyle(this.#grid);
    const pixels = (name: string) => Number.parseFloat(style.getPropertyValue(name));
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.#rowHeight = Math.round(pixels("--row-height") * rem);
    this.#spark = {
      width: Math.round(pixels("--spark-width") * rem),
      height: Math.round(pixels("--spark-height") * rem),
    };
    for (const row of this.#rows) {
      row.resize(this.#spark.width, this.#spark.height);
    }
    this.#arrange();
  }

  /** Put the rows that can be seen where they belong. */
  #place(): void {
    const first = Math.max(
      0,
      Math.floor(this.#viewport.scrollTop / this.#rowHeight) - OVERSCAN_ROWS,
    );
    const fitting = Math.ceil(this.#viewport.clientHeight / this.#rowHeight) + 2 * OVERSCAN_ROWS;
    const last = Math.min(this.#instruments.length, first + fitting);
    this.#provide(last - first);
    const visible: string[] = [];
    for (let index = first; index < last; index += 1) {
      const instrument = this.#instruments[index] as Instrument;
      // By its index, so that scrolling by one row moves one row.
      const row = this.#rows[index % this.#rows.length] as Row;
      const name = this.#directory.get(instrument.symbol)?.name ?? "";
      row.show(instrument, name, index, index * this.#rowHeight);
      row.isSelected = instrument.symbol === this.#chosen;
      visible.push(instrument.symbol);
    }
    const chosen = this.#rows.find(({ instrument }) => instrument?.symbol === this.#chosen);
    if (chosen === undefined) {
      this.#grid.removeAttribute("aria-activedescendant");
    } else {
      this.#grid.setAttribute("aria-activedescendant", chosen.element.id);
    }
    this.#host.visible(visible);
    this.#painter.request();
  }

  /** Have exactly this number of rows. */
  #provide(count: number): void {
    while (this.#rows.length > count) {
      this.#rows.pop()?.element.remove();
    }
    while (this.#rows.length < count) {
      const row = new Row(`row-${this.#rows.length}`);
      row.resize(this.#spark.width, this.#spark.height);
      this.#rows.push(row);
      this.#canvas.append(row.element);
    }
  }

  #redraw(): void {
    for (const row of this.#rows) {
      row.redraw();
    }
    this.#painter.request();
  }

  #paint(nowMs: number): boolean {
    const isMoving = this.#order !== undefined && this.#order.column !== "symbol";
    if (isMoving && nowMs - this.#sortedMs >= SORT_MS) {
      this.#sortedMs = nowMs;
      this.#arrange();
    }
    let isMoreToDo = false;
    for (const row of this.#rows) {
      isMoreToDo = row.draw(nowMs, this.#colours) || isMoreToDo;
    }
    return isMoreToDo;
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const symbol = target.closest<HTMLElement>("[data-symbol]")?.dataset["symbol"];
    if (symbol === undefined) {
      return;
    }
    if (target.closest("[data-action=remove]") !== null) {
      this.#host.remove(symbol);
    } else {
      this.#host.choose(symbol);
    }
  }

  #pressed(event: KeyboardEvent): void {
    const index = this.#instruments.findIndex(({ symbol }) => symbol === this.#chosen);
    const last = this.#instruments.length - 1;
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + PAGE_ROWS,
      PageUp: index - PAGE_ROWS,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    if (next !== undefined && last >= 0) {
      event.preventDefault();
      const target = Math.min(Math.max(next, 0), last);
      this.#reveal(target);
      this.#host.choose((this.#instruments[target] as Instrument).symbol);
    } else if (event.key === "Delete" && this.#chosen !== undefined && index >= 0) {
      const neighbour = this.#instruments[index + 1] ?? this.#instruments[index - 1];
      this.#host.remove(this.#chosen);
      if (neighbour !== undefined) {
        this.#host.choose(neighbour.symbol);
      }
    }
  }

  /** Scroll so that a row can be seen. */
  #reveal(index: number): void {
    const top = index * this.#rowHeight;
    const { scrollTop, clientHeight } = this.#viewport;
    if (top < scrollTop) {
      this.#viewport.scrollTop = top;
    } else if (top + this.#rowHeight > scrollTop + clientHeight) {
      this.#viewport.scrollTop = top + this.#rowHeight - clientHeight;
    }
  }
}
