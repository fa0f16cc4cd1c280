/** The place of the list on the dashboard: its bar, its filters, its table, and what it loads. */

import type { Painter } from "../../elements/painter.ts";
import { sheetOf } from "../../elements/styles.ts";
import type { ColumnId } from "../../elements/watchlist/columns.ts";
import { COLUMNS } from "../../elements/watchlist/columns.ts";
import { TABLE_STYLE } from "../../elements/watchlist/sheet.ts";
import { placeAfter } from "../../elements/watchlist/symbols.ts";
import { Table } from "../../elements/watchlist/table.ts";
import type { Directory } from "../../market/directory.ts";
import { CourseLoader, fetchBars } from "../../market/history.ts";
import type { Market } from "../../market/market.ts";
import { Waiting } from "../../market/waiting.ts";
import { voice } from "../spoken/voice.ts";
import { byId } from "../ui/dom.ts";
import { download } from "../ui/download.ts";
import { type Density, MOST_IN_ADDRESS, type View } from "../view/address.ts";
import { onZoneChange, pageZone } from "../zone/page.ts";
import { ListBar } from "./bar.ts";
import { ColumnMenu } from "./columnmenu.ts";
import { fileName, writeCsv } from "./csv.ts";
import { listRows, shownRows } from "./exported.ts";
import { choicesOf, type Filter, isFiltering, NO_FILTER, passing } from "./filter.ts";
import { FilterBar } from "./filterbar.ts";
import { Watchlist } from "./watchlist.ts";

/** The days and courses of longer lists are asked for where they can be seen only. */
const MOST_LOADED = 500;

export interface ListParts {
  market: Market;
  directory: Directory;
  painter: Painter;
  choose(symbol: string): void;
  /** Other symbols are watched. */
  watched(): void;
  /** What the address tells differs. */
  changed(): void;
  /** The course or the day of a symbol was loaded. */
  loaded(symbol: string): void;
  /** Resolves once the first prices are there: courses and days are asked for then. */
  first: Promise<void>;
  link(): string;
}

export class ListPlace {
  readonly watchlist = new Watchlist(() => this.#draw());
  readonly table: Table;
  readonly #parts: ListParts;
  readonly #bar: ListBar;
  readonly #filterBar: FilterBar;
  readonly #columnMenu: ColumnMenu;
  readonly #courses: CourseLoader;
  readonly #days: Waiting;
  readonly #empty = byId("empty");
  readonly #noMatch = byId("no-match");
  readonly #orderWords = byId("order");
  #filter: Filter = NO_FILTER;
  #columns: readonly ColumnId[] | undefined;
  #density: Density = "comfortable";
  #watched: readonly string[] = [];
  #isPaused = false;
  #isToLoad = false;
  #visible: readonly string[] = [];
  #detailed: readonly string[] = [];

  constructor(parts: ListParts) {
    this.#parts = parts;
    const { market, painter } = parts;
    this.#courses = new CourseLoader((symbol, points) => {
      market.get(symbol).series.seed(points);
      this.#loaded(symbol);
    });
    this.#days = new Waiting(async (symbol) => {
      market.get(symbol).day.begin(await fetchBars(symbol, "1d", 1));
      market.get(symbol).version += 1;
      this.#loaded(symbol);
    });
    void parts.first.then(() => {
      this.#isToLoad = true;
      this.#load();
      this.#expect();
    });
    this.table = this.#makeTable();
    painter.add((nowMs) => this.table.paint(nowMs));
    onZoneChange(() => this.table.redraw());
    this.#bar = new ListBar(this.watchlist, {
      exportList: () => this.exportList(),
      exportShown: () => this.exportShown(),
      copyLink: () => this.copyLink(),
      undone: () => this.table.focus(),
    });
    this.#filterBar = new FilterBar((filter) => this.#setFilter(filter));
    this.#columnMenu = new ColumnMenu({
      choose: (columns) => this.arrange(columns, this.#density),
      setDensity: (density) => this.arrange(this.#columns, density),
    });
    byId("all-shown").addEventListener("click", () => this.showAll());
    this.#orderWords.addEventListener("click", () => this.table.sort(undefined));
  }

  #makeTable(): Table {
    const { market, directory, painter } = this.#parts;
    const sheet = sheetOf(TABLE_STYLE);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...(sheet ? [sheet] : [])];
    const table = new Table(painter, {
      instrument: (symbol) => market.get(symbol),
      nameOf: (symbol) => directory.get(symbol)?.name ?? "",
      zone: pageZone,
      choose: (symbol) => this.#parts.choose(symbol),
      walk: (symbol) => this.#parts.choose(symbol),
      remove: (symbol) => this.watchlist.remove(symbol),
      move: (symbol, before) => this.#move(symbol, before),
      visible: (symbols) => {
        this.#visible = symbols;
        this.#load();
      },
      sorted: () => this.#sorted(),
      paused: (isPaused) => {
        this.#isPaused = isPaused;
        this.#drawOrder();
      },
      arranged: (columns) => this.#columnMenu?.draw(columns, this.#density),
    });
    table.element.id = "watchlist";
    table.element.setAttribute("aria-labelledby", "list-title");
    byId("list-table").prepend(table.element);
    return table;
  }

  /** Begin as the address says; return what cannot be had, in words. */
  begin(view: View): string[] {
    const refused = this.watchlist.begin(this.#parts.directory.symbols(), view);
    this.#filter = { sector: view.sector ?? "", assetClass: view.assetClass ?? "" };
    this.arrange(view.columns, view.density ?? "comfortable");
    this.table.sort(view.sort);
    this.#draw();
    return refused;
  }

  /** What of the view is of the list. */
  get view(): View {
    const { watchlist } = this;
    const { name, symbols, isAll } = watchlist.current;
    const { sector, assetClass } = this.#filter;
    return {
      list: name,
      symbols: isAll ? ["*"] : watchlist.isLinked ? symbols : watchlist.symbols,
      columns: this.#columns,
      density: this.#density === "comfortable" ? undefined : this.#density,
      sort: this.table.order,
      sector: sector || undefined,
      assetClass: assetClass || undefined,
    };
  }

  /** Load the courses and the days of symbols that are shown elsewhere. */
  load(...symbols: string[]): void {
    this.#detailed = symbols;
    this.#load();
  }

  /** Choose the symbol so many rows below the chosen one. */
  walk(by: 1 | -1): void {
    const { shownSymbols, active = "" } = this.table;
    const place = placeAfter(
      by === 1 ? "ArrowDown" : "ArrowUp",
      shownSymbols.indexOf(active),
      shownSymbols.length,
    );
    this.table.focus();
    if (place !== undefined && shownSymbols.length > 0) {
      this.table.walk(place);
    }
  }

  /** The columns that were chosen; undefined: as many as there is room for. */
  get columns(): readonly ColumnId[] | undefined {
    return this.#columns;
  }

  get density(): Density {
    return this.#density;
  }

  /** Whether some symbols of the list may be left out. */
  get isFiltering(): boolean {
    return isFiltering(this.#filter);
  }

  /** Show all symbols of the list. */
  showAll(): void {
    this.#setFilter(NO_FILTER);
  }

  /** Time began anew: what was loaded is of before. */
  restart(): void {
    this.#courses.restart();
    this.renewDays();
    this.#draw();
  }

  /** Ask for days again: ticks of them are missing. */
  renewDays(): void {
    this.#days.restart();
    this.#load();
    this.#expect();
  }

  /** Ask for courses again, too: a long time of them is missing. */
  renew(): void {
    for (const symbol of this.watchlist.symbols) {
      this.#parts.market.get(symbol).series.clear();
    }
    this.#courses.restart();
    this.renewDays();
  }

  /** There are other symbols by now. */
  listed(): void {
    this.watchlist.know(this.#parts.directory.symbols());
  }

  /** What is shown of the list passes the filter. */
  get #passing(): readonly string[] {
    return passing(this.watchlist.symbols, this.#filter, this.#find);
  }

  readonly #find = (symbol: string) => this.#parts.directory.get(symbol);

  #draw(): void {
    const { watchlist } = this;
    const { symbols } = watchlist;
    const shown = this.#passing;
    this.table.show(shown);
    this.#bar.draw(shown.length);
    this.#filterBar.draw(choicesOf(symbols, this.#find), this.#filter);
    this.#empty.hidden = symbols.length > 0;
    this.#noMatch.hidden = symbols.length === 0 || shown.length > 0;
    this.#expect();
    if (!isSame(symbols, this.#watched)) {
      this.#watched = symbols;
      this.#parts.watched();
    }
    this.#parts.changed();
  }

  /** Load what can be seen before anything else. */
  #load(): void {
    if (!this.#isToLoad) {
      return;
    }
    const urgent = [...this.#detailed, ...this.#visible];
    this.#courses.waiting.request(urgent);
    this.#days.request(urgent);
  }

  /** Load the rest, unless it is much; what is sorted by has to be there. */
  #expect(): void {
    if (!this.#isToLoad) {
      return;
    }
    const shown = this.#passing;
    const few = shown.length > MOST_LOADED ? [] : shown;
    const { order } = this.table;
    const isOfDay =
      order !== undefined && order.column !== "symbol" && COLUMNS[order.column].isOfDay === true;
    this.#courses.waiting.expect(few);
    this.#days.expect(isOfDay ? shown : few, isOfDay);
  }

  #loaded(symbol: string): void {
    this.table.redraw(symbol);
    this.#parts.loaded(symbol);
  }

  #setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#draw();
  }

  /** Have these columns (undefined: as many as there is room for), and rows as close as that. */
  arrange(columns: readonly ColumnId[] | undefined, density: Density): void {
    this.#columns = columns;
    this.#density = density;
    this.table.columns = columns;
    this.table.density = density;
    this.#columnMenu.draw(this.table.shownColumns, density);
    this.#parts.changed();
  }

  #sorted(): void {
    this.#expect();
    this.#drawOrder();
    this.#parts.changed();
  }

  #drawOrder(): void {
    const { order } = this.table;
    this.#orderWords.hidden = order === undefined;
    if (order !== undefined) {
      const label = order.column === "symbol" ? "Symbol" : COLUMNS[order.column].label;
      const paused = this.#isPaused ? " · paused" : "";
      const words = `${label} ${order.isDescending ? "↓" : "↑"}${paused}`;
      this.#orderWords.textContent = `${words} ×`;
      this.#orderWords.setAttribute("aria-label", `Sorted by ${words}`);
    }
  }

  #move(symbol: string, before: string | undefined): void {
    this.watchlist.move(symbol, before);
    const shown = this.table.shownSymbols;
    voice.news("list", `${symbol} is now ${shown.indexOf(symbol) + 1} of ${shown.length}`, 1);
  }

  /** Give the symbols of the list to the person as a file. */
  exportList(): void {
    const rows = listRows(this.watchlist.symbols, this.#find);
    download(fileName(this.#listName, "symbols", Date.now()), writeCsv(rows));
  }

  /** Give what is shown of the list to the person as a file. */
  exportShown(): void {
    const nowMs = Date.now();
    const instruments = this.table.shownSymbols.map((symbol) => this.#parts.market.get(symbol));
    const rows = shownRows(instruments, this.table.shownColumns, this.#find, nowMs);
    download(fileName(this.#listName, "prices", nowMs), writeCsv(rows));
  }

  get #listName(): string {
    const { shared, current } = this.watchlist;
    return shared === undefined ? current.name : `room ${shared.name}`;
  }

  /** Copy a link to the view; return what came of it, in words. */
  async copyLink(): Promise<string> {
    const { length } = this.watchlist.symbols;
    if (length > MOST_IN_ADDRESS && !this.watchlist.isAll) {
      return `${length} symbols are too many for a link: export the list`;
    }
    try {
      await navigator.clipboard.writeText(this.#parts.link());
      return "Copied";
    } catch {
      return "Copy the address of this page"; // the browser forbids it
    }
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((symbol, place) => symbol === others[place]);
}
