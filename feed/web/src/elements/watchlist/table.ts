/**
 * A table of prices on screen: a grid whose rows exist only where they can be seen.
 *
 * Rows are made once, as many as fit, and show other instruments as the list scrolls or is sorted.
 * Sorting by something that moves is done once a second, and not while somebody is about to click.
 * The grid has the focus, and names the active row (WAI-ARIA APG, "Grid Pattern").
 */

import type { Instrument } from "../../market/instrument.ts";
import type { Zone } from "../../market/zone.ts";
import { make, setData } from "../dom.ts";
import type { Painter } from "../painter.ts";
import { COLUMNS, type ColumnId, fitting, tracksOf } from "./columns.ts";
import { Drag } from "./drag.ts";
import { Heads } from "./heads.ts";
import { Row } from "./row.ts";
import { type Handling, isPaused, nextOrder, type Order, sortBy } from "./sort.ts";
import { placeAfter } from "./symbols.ts";

const OVERSCAN_ROWS = 3;
const SORT_MS = 1_000;
const TICK_MS = 1_000;

export interface TableHost {
  instrument(symbol: string): Instrument;
  nameOf(symbol: string): string;
  /** The zone of its times. */
  zone(): Zone;
  /** A row was clicked. */
  choose(symbol: string): void;
  /** A row was walked to; by default nothing more than that. */
  walk?(symbol: string): void;
  remove?(symbol: string): void;
  /** Move a symbol before another one, or to the end. */
  move?(symbol: string, before: string | undefined): void;
  /** These symbols are on screen now. */
  visible?(symbols: string[]): void;
  /** It is sorted by something else. */
  sorted?(order: Order | undefined): void;
  /** Rows of a sorted list hold still, or no longer. */
  paused?(isPaused: boolean): void;
  /** The columns that there is room for, where nobody has chosen any. */
  fit?(width: number): readonly ColumnId[];
  /** Other columns are shown. */
  arranged?(columns: readonly ColumnId[]): void;
}

export class Table {
  readonly element: HTMLElement;
  readonly #painter: Painter;
  readonly #host: TableHost;
  readonly #heads = new Heads((column) => this.sort(nextOrder(this.#order, column)));
  readonly #canvas = make("div", { class: "rows", role: "rowgroup" });
  readonly #viewport = make(
    "div",
    { class: "viewport", role: "presentation" },
    this.#heads.element,
    this.#canvas,
  );
  readonly #drag: Drag;
  readonly #handling: Handling = {
    isPointed: false,
    isDragging: false,
    walkedMs: Number.NEGATIVE_INFINITY,
  };
  #rows: Row[] = [];
  #symbols: readonly string[] = [];
  #instruments: Instrument[] = [];
  #order: Order | undefined;
  #isPaused = false;
  #sortedMs = 0;
  #active: string | undefined;
  #chosenColumns: readonly ColumnId[] | undefined;
  #columns: readonly ColumnId[] = [];
  #rowHeight = 40;
  #spark = { width: 96, height: 26 };
  #drop: { before: string | undefined } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(painter: Painter, host: TableHost) {
    this.#painter = painter;
    this.#host = host;
    this.element = make("div", { class: "grid", role: "grid", tabindex: 0 }, this.#viewport);
    setData(this.element, "removable", host.remove === undefined ? undefined : "");
    this.#drag = new Drag(this.#viewport, {
      begin: (target) => (this.isMovable ? symbolAt(target) : undefined),
      over: (clientY) => this.#over(clientY),
      drop: (symbol) => this.#drop !== undefined && this.#host.move?.(symbol, this.#drop.before),
    });
    this.#listen();
  }

  #listen(): void {
    this.#viewport.addEventListener("scroll", () => this.#place(), { passive: true });
    this.#canvas.addEventListener("click", (event) => this.#clicked(event));
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    // A finger points only while it is down.
    this.#canvas.addEventListener("pointerenter", () => this.#point(true));
    this.#canvas.addEventListener("pointerleave", () => this.#point(false));
    new ResizeObserver(() => this.#measure()).observe(this.#viewport);
  }

  /** Show these symbols. */
  show(symbols: readonly string[]): void {
    this.#symbols = symbols;
    this.#arrange();
  }

  /** Have these columns; undefined: as many as there is room for. */
  set columns(columns: readonly ColumnId[] | undefined) {
    this.#chosenColumns = columns;
    this.#measure();
  }

  /** The columns that are shown. */
  get shownColumns(): readonly ColumnId[] {
    return this.#columns;
  }

  /** The symbols that are shown, in the order in which they are. */
  get shownSymbols(): string[] {
    return this.#instruments.map(({ symbol }) => symbol);
  }

  set density(density: string | undefined) {
    setData(this.element, "density", density);
    this.#measure();
  }

  get order(): Order | undefined {
    return this.#order;
  }

  /** Whether rows may be moved: only in one's own order there are places. */
  get isMovable(): boolean {
    return this.#host.move !== undefined && this.#order === undefined;
  }

  /** Sort by something else; undefined: in one's own order. */
  sort(order: Order | undefined): void {
    this.#order = order;
    this.#handling.walkedMs = Number.NEGATIVE_INFINITY;
    this.#heads.mark(order);
    setData(this.element, "movable", this.isMovable ? "" : undefined);
    this.#arrange();
    this.#host.sorted?.(order);
  }

  /** Mark a symbol as the active one. */
  set active(symbol: string | undefined) {
    this.#active = symbol;
    this.#place();
  }

  get active(): string | undefined {
    return this.#active;
  }

  focus(): void {
    this.element.focus();
  }

  /** Draw anew what has changed without a tick: a course or a day was loaded. */
  redraw(symbol?: string): void {
    for (const row of this.#rows) {
      if (symbol === undefined || row.instrument?.symbol === symbol) {
        row.redraw();
      }
    }
    this.#painter.requestBeat();
  }

  /** Draw what changed; tell whether there is more to do in the next frame. */
  paint(nowMs: number): boolean {
    const isMoving = this.#order !== undefined && this.#order.column !== "symbol";
    if (isMoving) {
      this.#handling.isDragging = this.#drag.symbol !== undefined;
      this.#pause(isPaused(this.#order, this.#handling, nowMs));
      if (!this.#isPaused && nowMs - this.#sortedMs >= SORT_MS) {
        this.#sortedMs = nowMs;
        this.#arrange();
      }
    } else {
      this.#pause(false);
    }
    let isMoreToDo = false;
    const zone = this.#host.zone();
    for (const row of this.#rows) {
      isMoreToDo = row.draw(nowMs, zone) || isMoreToDo;
    }
    // An age grows, and a pause ends, without a tick.
    if (this.#timer === undefined && (this.#isPaused || this.#columns.includes("age"))) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#painter.request();
      }, TICK_MS);
    }
    return isMoreToDo;
  }

  #pause(isPaused: boolean): void {
    if (isPaused !== this.#isPaused) {
      this.#isPaused = isPaused;
      this.#sortedMs = Number.NEGATIVE_INFINITY;
      this.#host.paused?.(isPaused);
    }
  }

  #point(isPointed: boolean): void {
    this.#handling.isPointed = isPointed;
    this.#painter.request();
  }

  #arrange(): void {
    const instruments = this.#symbols.map((symbol) => this.#host.instrument(symbol));
    this.#instruments = sortBy(instruments, this.#order, Date.now());
    this.element.setAttribute("aria-rowcount", String(instruments.length + 1));
    setData(this.element, "movable", this.isMovable ? "" : undefined);
    this.#canvas.style.height = `${instruments.length * this.#rowHeight}px`;
    this.#place();
  }

  /** Learn from the page how large things are, and which columns there is room for. */
  #measure(): void {
    const style = getComputedStyle(this.element);
    const unit = Number.parseFloat(style.fontSize) || 16;
    this.element.style.setProperty("--unit", `${unit}px`);
    const length = (name: string) => Number.parseFloat(style.getPropertyValue(name)) * unit || 0;
    this.#rowHeight = Math.round(length("--row-height")) || this.#rowHeight;
    const width = this.#viewport.clientWidth / unit;
    const columns = this.#chosenColumns ?? this.#host.fit?.(width) ?? fitting(width);
    const spark = {
      width: Math.round(COLUMNS.course.width * unit),
      height: Math.round(length("--spark-height")),
    };
    this.#spark = spark;
    if (columns.join() !== this.#columns.join() || this.#heads.element.childElementCount === 0) {
      this.#columns = columns;
      this.#heads.arrange(columns, this.#order);
      for (const row of this.#rows) {
        row.arrange(columns, this.#spark);
      }
      this.#host.arranged?.(columns);
    }
    const { tracks, least, width: leastWidth } = tracksOf(columns);
    setData(this.element, "wide", leastWidth > width ? "" : undefined);
    this.element.style.setProperty("--columns", tracks);
    this.element.style.setProperty("--least-width", least);
    for (const row of this.#rows) {
      row.resize(spark);
    }
    this.#arrange();
  }

  /** Put the rows that can be seen where they belong. */
  #place(): void {
    const { scrollTop, clientHeight } = this.#viewport;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - OVERSCAN_ROWS);
    const fitting = Math.ceil(clientHeight / this.#rowHeight) + 2 * OVERSCAN_ROWS;
    const last = Math.min(this.#instruments.length, first + fitting);
    this.#provide(last - first);
    const visible: string[] = [];
    let activeRow: Row | undefined;
    for (let index = first; index < last; index += 1) {
      const instrument = this.#instruments[index] as Instrument;
      const { symbol } = instrument;
      // By its index, so that scrolling by one row moves one row.
      const row = this.#rows[index % this.#rows.length] as Row;
      row.show(instrument, this.#host.nameOf(symbol), index, index * this.#rowHeight);
      row.isSelected = symbol === this.#active;
      activeRow = symbol === this.#active ? row : activeRow;
      visible.push(symbol);
    }
    if (activeRow === undefined) {
      this.element.removeAttribute("aria-activedescendant");
    } else {
      this.element.setAttribute("aria-activedescendant", activeRow.element.id);
    }
    this.#host.visible?.(visible);
    this.#painter.request();
  }

  /** Have exactly this number of rows. */
  #provide(count: number): void {
    while (this.#rows.length > count) {
      this.#rows.pop()?.element.remove();
    }
    while (this.#rows.length < count) {
      const row = new Row(`row-${this.#rows.length}`, "row");
      row.arrange(this.#columns, this.#spark);
      this.#rows.push(row);
      this.#canvas.append(row.element);
    }
  }

  #clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const symbol = symbolAt(target);
    if (symbol === undefined || target.closest(".grip") !== null) {
      return;
    }
    if (target.closest("[data-action=remove]") !== null) {
      this.#host.remove?.(symbol);
    } else {
      this.active = symbol;
      this.#host.choose(symbol);
    }
  }

  #pressed(event: KeyboardEvent): void {
    const isOnGrid = !(event.target instanceof HTMLButtonElement);
    if (event.ctrlKey || event.metaKey || !isOnGrid) {
      return;
    }
    const place = this.#instruments.findIndex(({ symbol }) => symbol === this.#active);
    const next = placeAfter(event.key, place, this.#instruments.length);
    const active = this.#active;
    if (event.altKey && active !== undefined && place >= 0) {
      if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        event.preventDefault();
        this.#moveBy(active, place, event.key === "ArrowUp" ? -1 : 1);
      }
    } else if (next !== undefined && this.#instruments.length > 0) {
      event.preventDefault();
      this.walk(next);
    } else if ((event.key === "Enter" || event.key === " ") && active !== undefined) {
      event.preventDefault();
      this.#host.choose(active);
    } else if (event.key === "Delete" && active !== undefined && place >= 0) {
      event.preventDefault();
      const neighbour = this.#instruments[place + 1] ?? this.#instruments[place - 1];
      this.#host.remove?.(active);
      if (neighbour !== undefined) {
        this.#walkTo(neighbour.symbol);
      }
    }
  }

  #moveBy(symbol: string, place: number, by: -1 | 1): void {
    const target = place + by;
    if (this.isMovable && target >= 0 && target < this.#instruments.length) {
      this.#host.move?.(symbol, this.#instruments[by === 1 ? target + 1 : target]?.symbol);
      this.#reveal(target);
    }
  }

  /** Walk to the row at this place. */
  walk(place: number): void {
    this.#handling.walkedMs = performance.now();
    this.#reveal(place);
    this.#walkTo((this.#instruments[place] as Instrument).symbol);
  }

  #walkTo(symbol: string): void {
    this.active = symbol;
    this.#host.walk?.(symbol);
  }

  /** Scroll so that a row can be seen. */
  #reveal(place: number): void {
    const top = place * this.#rowHeight;
    const height = this.#viewport.clientHeight - this.#heads.element.offsetHeight;
    const { scrollTop } = this.#viewport;
    if (top < scrollTop) {
      this.#viewport.scrollTop = top;
    } else if (top + this.#rowHeight > scrollTop + height) {
      this.#viewport.scrollTop = top + this.#rowHeight - height;
    }
  }

  /** Show where the dragged row would be dropped. */
  #over(clientY: number | undefined): void {
    const { top } = this.#canvas.getBoundingClientRect();
    const count = this.#instruments.length;
    const place =
      clientY === undefined
        ? undefined
        : Math.max(0, Math.min(count, Math.round((clientY - top) / this.#rowHeight)));
    this.#drop = place === undefined ? undefined : { before: this.#instruments[place]?.symbol };
    const after = place === count ? this.#instruments[count - 1]?.symbol : undefined;
    for (const { element, instrument } of this.#rows) {
      const symbol = instrument?.symbol;
      const isBefore = this.#drop !== undefined && symbol === this.#drop.before;
      const isAfter = after !== undefined && symbol === after;
      setData(element, "drop", isBefore ? "before" : isAfter ? "after" : undefined);
      setData(element, "dragged", symbol === this.#drag.symbol && symbol ? "" : undefined);
    }
  }
}

/** The symbol of the row that an element is in. */
function symbolAt(element: Element): string | undefined {
  return element.closest<HTMLElement>("[data-symbol]")?.dataset["symbol"];
}
