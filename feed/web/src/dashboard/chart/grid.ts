/**
 * The charts of the desk: one, two or four elements on the connection of the page.
 *
 * One of them is the active one, which shows the symbol that is chosen anywhere on the page; a click
 * or the focus makes another one active, and chooses its symbol.
 */

import type { FeedChart } from "../../elements/chart/element.ts";
import type { Mark } from "../../elements/chart/marks.ts";
import type { Source } from "../../elements/source.ts";
import { TIMEFRAMES, type Timeframe, timeframeOf } from "../../market/timeframes.ts";
import { byId, setData } from "../ui/dom.ts";
import { kept } from "../ui/storage.ts";
import { onZoneChange, pageZone } from "../zone/page.ts";
import {
  COUNTS,
  type Count,
  countFor,
  filled,
  type Layout,
  layoutOf,
  linkedPane,
  type Pane,
} from "./layout.ts";

/** One for each server; several may share an origin, each with a prefix of its own. */
const KEY = `feed.charts${location.pathname === "/" ? "" : ` ${location.pathname}`}`;

/** What the page does for its charts. */
export interface ChartGridHost {
  /** The symbols that charts without one may show. */
  symbols(): readonly string[];
  /** A symbol was chosen, with its chart. */
  choose(symbol: string): void;
  /** Other symbols are charted. */
  charted(): void;
  /** What one sees of them differs. */
  changed(): void;
}

export class ChartGrid {
  readonly #host: ChartGridHost;
  readonly #source: Source;
  readonly #place = byId<HTMLElement>("charts");
  readonly #charts: FeedChart[] = [];
  #layout: Layout = layoutOf(kept.read(KEY));
  #active = 0;
  #symbolsKey = "";
  #marksOf: (symbol: string) => readonly Mark[] = () => [];

  constructor(source: Source, host: ChartGridHost) {
    this.#source = source;
    this.#host = host;
    byId("chart-count").addEventListener("change", (event) => {
      this.showCount(Number((event.target as HTMLInputElement).value) as Count);
    });
    addEventListener("resize", () => this.#settle());
    onZoneChange(() => {
      for (const chart of this.#charts) {
        chart.timezone = pageZone().name;
      }
    });
  }

  /** Begin as a link, or the last visit, says; what it does not say is as it was kept. */
  begin(
    symbol: string | undefined,
    timeframe: string | undefined,
    count: string | undefined,
  ): void {
    const chosen = COUNTS.find((one) => String(one) === count) ?? this.#layout.count;
    const shown = this.#layout.panes.slice(0, countFor(innerWidth, chosen));
    this.#active = linkedPane(shown, symbol, timeframe);
    const panes = this.#layout.panes.map((pane, at) =>
      at === this.#active ? { ...pane, timeframe: timeframeOf(timeframe) ?? pane.timeframe } : pane,
    );
    this.#layout = { count: chosen, panes };
  }

  /** The timeframe of the active chart. */
  get timeframe(): Timeframe {
    return (this.#layout.panes[this.#active] as Pane).timeframe;
  }

  /** The number of charts that was chosen; undefined where the screen decides. */
  get count(): string | undefined {
    return this.#layout.count?.toString();
  }

  /** The symbols that are charted, or compared. */
  get symbols(): string[] {
    const shown = this.#layout.panes.slice(0, this.#shownCount);
    const symbols = shown.flatMap(({ symbol, compare }) => [symbol ?? "", compare]);
    return [...new Set(symbols.filter((symbol) => symbol !== ""))];
  }

  /** Show a symbol in the active chart. */
  show(symbol: string): void {
    this.#change(this.#active, { symbol });
  }

  /** Draw the active chart in the timeframe at this place in their order. */
  showTimeframe(place: number): void {
    const timeframe = Object.keys(TIMEFRAMES)[place] as Timeframe | undefined;
    if (timeframe !== undefined) {
      this.#change(this.#active, { timeframe });
    }
  }

  /** Mark prices of symbols on their charts. */
  mark(marksOf: (symbol: string) => readonly Mark[]): void {
    this.#marksOf = marksOf;
    for (const chart of this.#charts) {
      chart.marks = marksOf(chart.symbol);
    }
  }

  /** Show this number of charts. */
  showCount(count: Count): void {
    this.#keep({ ...this.#layout, count });
  }

  /** Take other colours of the page, or another size of its type. */
  recolour(): void {
    for (const chart of this.#charts) {
      chart.recolour();
    }
  }

  get #shownCount(): Count {
    return countFor(innerWidth, this.#layout.count);
  }

  #change(index: number, change: Partial<Pane>): void {
    const panes = this.#layout.panes.map((pane, at) =>
      at === index ? { ...pane, ...change } : pane,
    );
    this.#keep({ ...this.#layout, panes });
  }

  #keep(layout: Layout): void {
    this.#layout = layout;
    this.#settle();
    kept.write(KEY, JSON.stringify(this.#layout));
    this.#host.changed();
  }

  /** Make what stands on the page what the layout says. */
  #settle(): void {
    const count = this.#shownCount;
    const { panes } = this.#layout;
    const active = panes[this.#active];
    if (active?.symbol === undefined) {
      return; // nothing was chosen yet
    }
    const shown = filled(panes.slice(0, count), this.#host.symbols());
    this.#layout = { ...this.#layout, panes: [...shown, ...panes.slice(count)] };
    if (this.#active >= count) {
      this.#activate(0);
      return;
    }
    byId<HTMLInputElement>(`chart-count-${count}`).checked = true;
    setData(this.#place, "count", String(count));
    while (this.#charts.length < count) {
      this.#charts.push(this.#made(this.#charts.length));
    }
    const charts = this.#charts.slice(0, count);
    if (this.#place.children.length !== count || this.#place.firstChild !== charts[0]) {
      this.#place.replaceChildren(...charts);
    }
    for (const [index, chart] of charts.entries()) {
      draw(chart, shown[index] as Pane);
      chart.marks = this.#marksOf(chart.symbol);
      setData(chart, "active", count > 1 && index === this.#active ? "" : undefined);
    }
    const key = this.symbols.join(" ");
    if (key !== this.#symbolsKey) {
      this.#symbolsKey = key;
      this.#host.charted();
    }
  }

  #made(index: number): FeedChart {
    const chart = document.createElement("feed-chart");
    chart.source = this.#source;
    chart.timezone = pageZone().name;
    chart.addEventListener("feed-change", ({ detail }) => this.#change(index, detail));
    for (const type of ["pointerdown", "focusin"]) {
      chart.addEventListener(type, () => this.#activate(index));
    }
    return chart;
  }

  #activate(index: number): void {
    const symbol = this.#layout.panes[index]?.symbol;
    if (index !== this.#active && symbol !== undefined) {
      this.#active = index;
      this.#host.choose(symbol);
    }
  }
}

/** Have a chart show what a pane says; an attribute that is set again would load it again. */
function draw(chart: FeedChart, { symbol = "", timeframe, compare }: Pane): void {
  for (const [name, value] of Object.entries({ timeframe, compare, symbol })) {
    if (chart.getAttribute(name) !== value) {
      chart.setAttribute(name, value);
    }
  }
}
