/** The lines above the chart: the chosen symbol, its price, its book, and its status in words. */

import { timeMs } from "../../client/index.ts";
import { NOT_INCLUDED } from "../../elements/denial.ts";
import { ExtremeMark } from "../../elements/extreme.ts";
import { BEAT_MS, type Painter } from "../../elements/painter.ts";
import type { Listing } from "../../market/directory.ts";
import {
  formatAsOf,
  formatBasisPoints,
  formatChange,
  formatClock,
  formatPrice,
  formatSide,
  wayOf,
} from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { voice } from "../spoken/voice.ts";
import { byId, setData, setTitle, Text } from "../ui/dom.ts";
import { onZoneChange, pageZone } from "../zone/page.ts";

export class Detail {
  readonly #painter: Painter;
  readonly #change = byId<HTMLElement>("detail-change");
  readonly #element = byId<HTMLElement>("detail");
  readonly #halt = byId<HTMLElement>("detail-halt");
  readonly #open = byId<HTMLElement>("detail-open");
  readonly #last = byId<HTMLElement>("detail-last");
  readonly #nameElement = byId<HTMLElement>("detail-name");
  readonly #texts = {
    symbol: attach("detail-symbol"),
    name: attach("detail-name"),
    last: attach("detail-last"),
    change: attach("detail-change"),
    bid: attach("detail-bid"),
    ask: attach("detail-ask"),
    spread: attach("detail-spread"),
    open: attach("detail-open"),
    range: attach("detail-range"),
    close: attach("detail-close"),
    halt: attach("detail-halt-word"),
    haltReason: attach("detail-halt-words"),
  };
  #instrument: Instrument | undefined;
  #name = "";
  #drawnVersion = -1;
  #drawnMs = 0;
  readonly #extreme = new ExtremeMark();
  #isFirst = true;

  constructor(painter: Painter) {
    this.#painter = painter;
    byId("detail-extreme").append(this.#extreme.element);
    painter.add((nowMs) => this.#paint(nowMs));
    onZoneChange(() => this.redraw());
  }

  show(instrument: Instrument, listing: Listing | undefined): void {
    this.#isFirst ||= instrument !== this.#instrument;
    this.#instrument = instrument;
    this.#drawnVersion = -1;
    this.#texts.symbol.set(instrument.symbol);
    const { name, sector, exchange } = listing ?? { name: "", sector: "", exchange: "" };
    this.#name = [name, sector, exchange].filter((word) => word !== "").join(" · ");
    this.#painter.request();
  }

  /** Draw anew with the next beat: a course was loaded. */
  redraw(): void {
    this.#drawnVersion = -1;
    this.#painter.requestBeat();
  }

  #paint(nowMs: number): boolean {
    const instrument = this.#instrument;
    const isLit = this.#extreme.fade(nowMs);
    if (instrument === undefined || instrument.version === this.#drawnVersion) {
      return isLit;
    }
    if (nowMs - this.#drawnMs < BEAT_MS && this.#drawnVersion >= 0) {
      return true;
    }
    this.#drawnMs = nowMs;
    this.#drawnVersion = instrument.version;
    this.#extreme.draw(instrument, nowMs, this.#isFirst);
    this.#isFirst = false;
    this.#write(instrument);
    return true;
  }

  #write(instrument: Instrument): void {
    const { decimals, last, bid, ask, bidSize, askSize, spread, change, series, halt, day } =
      instrument;
    const { denials } = instrument;
    const denial = denials.get("trades");
    const name = denial === undefined ? this.#name : NOT_INCLUDED;
    this.#texts.name.set(instrument.unlisted ?? name);
    setTitle(this.#nameElement, denial ?? "");
    this.#texts.last.set(formatPrice(last, decimals));
    setData(
      this.#last,
      "way",
      instrument.lastDirection > 0 ? "up" : instrument.lastDirection < 0 ? "down" : undefined,
    );
    const way = wayOf(change);
    const since =
      series.firstMs === undefined
        ? ""
        : ` since ${formatClock(series.firstMs, pageZone()).slice(0, 5)}`;
    const arrow = way === undefined ? "" : way === "up" ? "▲ " : "▼ ";
    this.#texts.change.set(`${arrow}${formatChange(change)}${since}`);
    setData(this.#change, "way", way);
    const areQuotesDenied = denials.has("quotes");
    this.#texts.bid.set(areQuotesDenied ? NOT_INCLUDED : formatSide(bid, bidSize, decimals));
    this.#texts.ask.set(areQuotesDenied ? NOT_INCLUDED : formatSide(ask, askSize, decimals));
    this.#texts.spread.set(
      spread === undefined || ask === undefined
        ? formatPrice(undefined, decimals)
        : [formatPrice(spread, decimals), formatBasisPoints(spread, ask)]
            .filter((words) => words !== "")
            .join(" · "),
    );
    const sinceOpen = day.changeOf(last);
    this.#texts.open.set(formatChange(sinceOpen));
    setData(this.#open, "way", wayOf(sinceOpen));
    const range = day.range ?? [undefined, undefined];
    this.#texts.range.set(range.map((price) => formatPrice(price, decimals)).join(" – "));
    this.#texts.close.set(formatPrice(day.previousClose, decimals));
    const status = instrument.stopped;
    setData(this.#element, "stale", status === undefined ? undefined : "");
    this.#halt.hidden = status === undefined;
    const word = status === undefined ? "" : (halt?.sm ?? "Stale");
    voice.state("symbol", word === "" ? "" : `${instrument.symbol}: ${word}`);
    if (status !== undefined) {
      const nowMs = Date.now();
      const since = `since ${formatAsOf(timeMs(status.t), nowMs, pageZone())}`;
      const { asOfMs } = instrument;
      this.#texts.halt.set(word);
      this.#texts.haltReason.set(
        [
          halt === undefined ? status.sm : status.rm,
          halt === undefined ? "" : since,
          asOfMs === undefined ? "" : `prices as of ${formatAsOf(asOfMs, nowMs, pageZone())}`,
        ]
          .filter((words) => words !== "")
          .join(" · "),
      );
    }
  }
}

/** Put a text in place of the content of the element with this id. */
function attach(id: string): Text {
  const text = new Text();
  byId(id).replaceChildren(text.node);
  return text;
}
