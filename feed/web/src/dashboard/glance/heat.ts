/** The heat map: a tile for each symbol, by sector; or the same as a table. Loaded when it is opened. */

import { formatAsOf } from "../../market/format.ts";
import { MEASURES, type Measure, type Overview, type Trouble } from "../../market/overview.ts";
import { make, setData, Text } from "../ui/dom.ts";
import { kept } from "../ui/storage.ts";
import { pageZone } from "../zone/page.ts";
import { LEGEND } from "./steps.ts";
import { HeatTable } from "./table.ts";
import { Tiles } from "./tiles.ts";

/** Whether somebody wants a table. */
const KEY = "feed.heat.table";

export interface HeatHost {
  choose(symbol: string): void;
  close(): void;
  decimals(symbol: string): number;
  /** Tiles are to be as large as something else. */
  measure(measure: Measure): void;
}

/** What a heat map shows. */
export interface Shown {
  /** Undefined: it was not told yet, or is not to be told. */
  overview: Overview | undefined;
  trouble: Trouble | undefined;
  measure: Measure;
  /** The symbol that the page shows. */
  chosen: string | undefined;
}

export class HeatMap {
  readonly #place: HTMLElement;
  readonly #about = new Text();
  readonly #aboutLine = make("p", { class: "about" }, this.#about.node);
  readonly #empty = make(
    "p",
    { class: "note", hidden: true },
    "Nobody has traded in this session.",
  );
  readonly #switch = make("button", { type: "button" });
  readonly #legend = legend();
  readonly #measures: ReadonlyMap<Measure, HTMLInputElement>;
  readonly #tiles: Tiles;
  readonly #table: HeatTable;
  #isTable = kept.read(KEY) !== null;
  #shown: Shown | undefined;
  /** Somebody came before there were any tiles to go to. */
  #awaitsTiles = false;

  constructor(place: HTMLElement, host: HeatHost) {
    this.#place = place;
    const more = () => this.#choose(true);
    this.#tiles = new Tiles({ ...host, more });
    this.#table = new HeatTable(host);
    this.#measures = new Map(MEASURES.map((measure) => [measure, radio(measure)]));
    const close = make("button", { type: "button", class: "quiet" }, "Close");
    close.addEventListener("click", () => host.close());
    this.#switch.addEventListener("click", () => this.#choose(!this.#isTable));
    const form = make("form", {}, measureChoice(this.#measures));
    form.addEventListener("change", (event) =>
      host.measure((event.target as HTMLInputElement).value as Measure),
    );
    place.replaceChildren(
      make(
        "div",
        { class: "bar" },
        make("h2", {}, "Heat map"),
        this.#aboutLine,
        form,
        this.#switch,
        close,
      ),
      this.#legend,
      this.#empty,
      this.#tiles.element,
      this.#table.element,
    );
    this.#settle();
  }

  draw(shown: Shown): void {
    this.#shown = shown;
    const { overview, trouble, measure } = shown;
    for (const [each, input] of this.#measures) {
      input.checked = each === measure;
    }
    setData(this.#aboutLine, "trouble", trouble === undefined ? undefined : "");
    if (overview === undefined && trouble?.isFinal !== true) {
      // What is there stays, until there is an answer.
      this.#about.set(trouble?.words ?? "Asking for the market…");
      return;
    }
    this.#about.set(aboutWords(overview, trouble));
    this.#empty.hidden = overview === undefined || overview.sectors.length > 0;
    if (this.#isTable) {
      this.#table.draw(shown);
    } else {
      this.#tiles.draw(shown);
    }
    if (this.#awaitsTiles) {
      this.#awaitsTiles = false;
      if (document.activeElement === this.#place) {
        this.focus();
      }
    }
  }

  /** Go to what is shown. */
  focus(): void {
    if (this.#isTable) {
      this.#table.element.focus();
    } else {
      this.#awaitsTiles = !this.#tiles.focus();
      if (this.#awaitsTiles) {
        this.#place.focus();
      }
    }
  }

  #choose(isTable: boolean): void {
    this.#isTable = isTable;
    kept.write(KEY, isTable ? "yes" : null);
    this.#settle();
    if (this.#shown !== undefined) {
      this.draw(this.#shown);
    }
    this.focus();
  }

  #settle(): void {
    this.#switch.textContent = this.#isTable ? "Show as tiles" : "Show as a table";
    this.#tiles.element.hidden = this.#isTable;
    this.#legend.hidden = this.#isTable;
    this.#table.element.hidden = !this.#isTable;
  }
}

function aboutWords(overview: Overview | undefined, trouble: Trouble | undefined): string {
  const nowMs = Date.now();
  const of = (time: string) => formatAsOf(Date.parse(time), nowMs, pageZone());
  const told =
    overview === undefined
      ? []
      : [`Change since the open at ${of(overview.since)}`, `as of ${of(overview.as_of)}`];
  return [...told, ...(trouble === undefined ? [] : [trouble.words])].join(" · ");
}

function radio(measure: Measure): HTMLInputElement {
  return make("input", { type: "radio", name: "heat-measure", value: measure });
}

function measureChoice(inputs: ReadonlyMap<Measure, HTMLInputElement>): HTMLElement {
  const words: Record<Measure, string> = { volume: "Volume", turnover: "Turnover" };
  return make(
    "fieldset",
    { class: "choice" },
    make("legend", { class: "hidden" }, "Size of tiles"),
    ...[...inputs].map(([measure, input]) =>
      make("label", {}, input, make("span", {}, words[measure])),
    ),
  );
}

function legend(): HTMLElement {
  return make(
    "ol",
    { class: "heat-legend", "aria-label": "Colours: change since the open" },
    ...LEGEND.map(({ step, label }) => make("li", { "data-step": step }, label)),
  );
}
