/** The strip of the market: its breadth, and the symbols that moved and traded most. */

import { formatCompact, NOTHING, wayOf } from "../../market/format.ts";
import { MOVERS, type Overview, type OverviewRow } from "../../market/overview.ts";
import { make, setData, Text } from "../ui/dom.ts";
import { Hold } from "./hold.ts";
import { alongRow, Roving } from "./roving.ts";
import { amountWords, breadthWords, percentWords, rowHint, shares } from "./words.ts";

export interface StripHost {
  choose(symbol: string): void;
  decimals(symbol: string): number;
}

export class Strip {
  readonly #breadth = new BreadthMeter();
  readonly #groups: readonly Group[];
  readonly #movers: HTMLElement;
  readonly #buttons: readonly HTMLElement[];
  readonly #roving: Roving;
  readonly #hold: Hold;
  #chosen: string | undefined;

  /** @param place is filled, before the button that it holds. */
  constructor(place: HTMLElement, host: StripHost) {
    this.#groups = [
      new Group("Gainers", changeOf, host),
      new Group("Losers", changeOf, host),
      new Group("Most active", turnoverOf, host),
    ];
    this.#buttons = this.#groups.flatMap(({ buttons }) => buttons);
    const movers = make(
      "div",
      { class: "movers", role: "toolbar", "aria-label": "Movers", hidden: true },
      ...this.#groups.map(({ element }) => element),
    );
    this.#movers = movers;
    this.#hold = new Hold(movers);
    movers.addEventListener("click", () => this.#hold.release());
    const seen = () => this.#buttons.filter((button) => button.checkVisibility());
    this.#roving = new Roving(movers, seen, (at, key) => alongRow(at, key, seen().length));
    place.prepend(make("div", { class: "scroll" }, this.#breadth.element, movers));
  }

  draw({ breadth, gainers, losers, most_active: active }: Overview): void {
    this.#breadth.draw(breadth);
    this.#movers.hidden = false;
    if (!this.#hold.isHeld) {
      for (const [place, rows] of [gainers, losers, active].entries()) {
        this.#groups[place]?.draw(rows);
      }
      this.#drawChosen();
      this.#roving.settle();
    }
  }

  /** Mark the symbol that the page shows. */
  mark(symbol: string): void {
    this.#chosen = symbol;
    this.#drawChosen();
  }

  /** Nothing is known of the market any more. */
  clear(): void {
    this.#breadth.clear();
    this.#movers.hidden = true;
  }

  #drawChosen(): void {
    for (const group of this.#groups) {
      group.mark(this.#chosen);
    }
  }
}

/** How many went up and down. */
class BreadthMeter {
  readonly #up = new Text(NOTHING);
  readonly #down = new Text(NOTHING);
  readonly #unchanged = new Text(NOTHING);
  readonly #upBar = make("span", { class: "up" });
  readonly #downBar = make("span", { class: "down" });
  readonly element = make(
    "p",
    { class: "breadth" },
    make("span", { class: "hidden" }, "Breadth: "),
    count("▲", "up", " up, ", this.#up),
    make("span", { class: "breadth-bar", "aria-hidden": "true" }, this.#upBar, this.#downBar),
    count("▼", "down", " down, ", this.#down),
    count("=", undefined, " unchanged", this.#unchanged),
  );

  draw(breadth: Overview["breadth"]): void {
    this.#up.set(formatCompact(breadth.advancers));
    this.#down.set(formatCompact(breadth.decliners));
    this.#unchanged.set(formatCompact(breadth.unchanged));
    const { up, down } = shares(breadth);
    this.#upBar.style.transform = `scaleX(${up.toFixed(3)})`; // by script, which no policy forbids
    this.#downBar.style.transform = `scaleX(${down.toFixed(3)})`;
    this.element.title = `${breadthWords(breadth)}, since the open`;
  }

  clear(): void {
    for (const text of [this.#up, this.#down, this.#unchanged]) {
      text.set(NOTHING);
    }
    for (const bar of [this.#upBar, this.#downBar]) {
      bar.style.transform = "scaleX(0)";
    }
    this.element.title = "";
  }
}

function count(sign: string, way: string | undefined, words: string, text: Text): HTMLElement {
  return make(
    "span",
    { class: "of", "data-way": way },
    make("span", { "aria-hidden": "true" }, sign),
    make("b", {}, text.node),
    make("span", { class: "hidden" }, words),
  );
}

/** What a mover shows beside its symbol. */
interface Shown {
  text: string;
  /** What it is, where it does not say so itself. */
  unit: string;
  way: "up" | "down" | undefined;
}

function changeOf({ change_percent: percent }: OverviewRow): Shown {
  return { text: percentWords(percent), unit: "", way: wayOf(percent / 100) };
}

function turnoverOf({ turnover }: OverviewRow): Shown {
  return { text: amountWords(turnover), unit: "turnover ", way: undefined };
}

/** The movers of one kind, always as many places, so that nothing else moves. */
class Group {
  readonly element: HTMLElement;
  readonly #movers: readonly Mover[];

  constructor(label: string, shown: (row: OverviewRow) => Shown, host: StripHost) {
    this.#movers = Array.from({ length: MOVERS }, () => new Mover(shown, host));
    this.element = make(
      "div",
      { class: "group", role: "group", "aria-label": label },
      make("span", { class: "label", "aria-hidden": "true" }, label),
      ...this.#movers.map(({ element }) => element),
    );
  }

  get buttons(): HTMLElement[] {
    return this.#movers.map(({ button }) => button);
  }

  draw(rows: readonly OverviewRow[]): void {
    for (const [place, mover] of this.#movers.entries()) {
      mover.draw(rows[place]);
    }
  }

  mark(symbol: string | undefined): void {
    for (const mover of this.#movers) {
      mover.mark(symbol);
    }
  }
}

class Mover {
  readonly #symbol = new Text();
  readonly #unit = new Text();
  readonly #value = new Text();
  readonly #shown = make("span", { class: "amount" }, this.#value.node);
  readonly button = make(
    "button",
    { type: "button", class: "mover", hidden: true, tabindex: -1 },
    make("span", { class: "who" }, this.#symbol.node),
    " ",
    make("span", { class: "hidden" }, this.#unit.node),
    this.#shown,
  );
  /** Keeps its place while there is nobody in it. */
  readonly element = make("span", { class: "slot" }, this.button);
  readonly #show: (row: OverviewRow) => Shown;
  readonly #host: StripHost;
  #row: OverviewRow | undefined;

  constructor(show: (row: OverviewRow) => Shown, host: StripHost) {
    this.#show = show;
    this.#host = host;
    this.button.addEventListener("click", () => {
      if (this.#row !== undefined) {
        host.choose(this.#row.symbol);
      }
    });
  }

  draw(row: OverviewRow | undefined): void {
    this.#row = row;
    this.button.hidden = row === undefined;
    if (row === undefined) {
      return;
    }
    const { text, unit, way } = this.#show(row);
    this.#symbol.set(row.symbol);
    this.#unit.set(unit);
    this.#value.set(text);
    setData(this.#shown, "way", way);
    this.button.title = rowHint(row, this.#host.decimals(row.symbol));
  }

  mark(symbol: string | undefined): void {
    const isChosen = this.#row !== undefined && this.#row.symbol === symbol;
    if (isChosen) {
      this.button.setAttribute("aria-current", "true");
    } else {
      this.button.removeAttribute("aria-current");
    }
  }
}
