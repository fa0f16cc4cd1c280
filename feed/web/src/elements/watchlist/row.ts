/** One symbol of a watchlist. */

import { formatChange, formatClock, formatPrice, formatSide, wayOf } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { make, setData, Text } from "../dom.ts";

const DRAW_MS = 100;

export class WatchRow {
  readonly instrument: Instrument;
  readonly element: HTMLTableRowElement;
  readonly #last = new Text();
  readonly #arrow = new Text();
  readonly #change = new Text();
  readonly #bid = new Text();
  readonly #ask = new Text();
  readonly #state = new Text();
  readonly #stateElement = make("span", { class: "state", hidden: true }, this.#state.node);
  readonly #lastElement = make("td", { role: "gridcell", class: "number" }, this.#last.node);
  readonly #changeElement = make(
    "td",
    { role: "gridcell", class: "number" },
    make("span", { "aria-hidden": "true" }, this.#arrow.node),
    this.#change.node,
  );
  #drawnVersion = -1;
  #drawnMs = 0;

  constructor(instrument: Instrument) {
    this.instrument = instrument;
    this.element = make(
      "tr",
      { role: "row", tabindex: -1, "data-symbol": instrument.symbol, part: "row" },
      make(
        "th",
        { role: "rowheader", scope: "row" },
        make("span", { class: "symbol" }, instrument.symbol),
        this.#stateElement,
      ),
      this.#lastElement,
      this.#changeElement,
      make("td", { role: "gridcell", class: "number wide" }, this.#bid.node),
      make("td", { role: "gridcell", class: "number wide" }, this.#ask.node),
    );
  }

  /** Draw what changed, if it is time; tell whether there is more to do later. */
  paint(nowMs: number): boolean {
    const { version, last, lastDirection, decimals, day, bid, ask, bidSize, askSize } =
      this.instrument;
    if (version === this.#drawnVersion) {
      return false;
    }
    if (this.#drawnVersion >= 0 && nowMs - this.#drawnMs < DRAW_MS) {
      return true;
    }
    this.#drawnVersion = version;
    this.#drawnMs = nowMs;
    this.#last.set(formatPrice(last, decimals));
    setData(
      this.#lastElement,
      "way",
      lastDirection === 0 ? undefined : lastDirection > 0 ? "up" : "down",
    );
    const change = day.changeOf(last);
    const way = wayOf(change);
    this.#arrow.set(way === undefined ? "" : way === "up" ? "▲ " : "▼ ");
    this.#change.set(formatChange(change));
    setData(this.#changeElement, "way", way);
    this.#bid.set(formatSide(bid, bidSize, decimals));
    this.#ask.set(formatSide(ask, askSize, decimals));
    this.#showState();
    return false;
  }

  /** Say why a price is not of now, and of when it is. */
  #showState(): void {
    const { halt, silence, unlisted, asOfMs } = this.instrument;
    const dated = asOfMs === undefined ? "" : ` · as of ${formatClock(asOfMs)}`;
    const words =
      unlisted ??
      (halt !== undefined ? `${halt.sm}${dated}` : silence !== undefined ? `Stale${dated}` : "");
    this.#state.set(words);
    this.#stateElement.hidden = words === "";
    setData(this.element, "dated", words === "" ? undefined : "");
  }
}
