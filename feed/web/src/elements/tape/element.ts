/** `<feed-tape symbol="AAPL">`: time and sales, newest first. It pauses while one reads further down. */

import type { Symbols, Tick, Trade } from "../../client/index.ts";
import { formatClock, formatPrice, formatSize } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { make, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import type { Source } from "../source.ts";
import { sheetOf } from "../styles.ts";
import { type Line, MOST_LINES, type Print, Tape } from "./tape.ts";

const DRAW_MS = 200; // nobody reads faster, and a reader that catches up has many
const PAST = 100;
const COLUMNS = 5;

const SHEET = sheetOf(`
:host { block-size: 20rem; position: relative; container-type: inline-size; }
@container (max-width: 26rem) { td, th, header { padding-inline: 0.45em; } }
.scroll { flex: 1; min-block-size: 0; overflow: auto; overflow-anchor: none; }
thead th { position: sticky; inset-block-start: 0; background: var(--_ground); }
tr { border-block-end: 1px solid var(--_line); }
tr[data-big] { font-weight: 700; background: color-mix(in srgb, var(--_accent) 14%, transparent); }
.big {
  margin-inline-end: 0.5em;
  padding: 0 0.4em;
  border: 1px solid var(--_accent);
  border-radius: 3px;
  color: var(--_accent);
  font-size: 0.786em;
}
.break { color: var(--_warn); white-space: normal; }
.conditions {
  inline-size: 100%;
  max-inline-size: 0;
  overflow: hidden;
  color: var(--_muted);
  font-size: 0.857em;
  text-overflow: ellipsis;
}
.resume {
  position: absolute;
  inset-block-end: 0.75em;
  inset-inline: 0;
  margin-inline: auto;
  inline-size: max-content;
  max-inline-size: 90%;
  min-block-size: 24px;
  padding: 0.4em 1em;
  border: 1px solid var(--_accent);
  border-radius: 2em;
  background: var(--_ground);
  color: var(--_accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
`);

export class FeedTape extends FeedElement {
  static override observedAttributes = [...FeedElement.observedAttributes, "big"];

  readonly #symbol = new Text();
  readonly #resumeWords = new Text();
  readonly #rows = make("tbody", { class: "prices" });
  readonly #table = make(
    "table",
    {},
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ...["Time", "Price", "Size", "Side", "Conditions"].map((name, place) =>
          make("th", { scope: "col", class: place === 1 || place === 2 ? "number" : "" }, name),
        ),
      ),
    ),
    this.#rows,
  );
  // A region that scrolls is scrolled by keys only while it has the focus.
  readonly #scroll = make("div", { class: "scroll", tabindex: 0, role: "region" }, this.#table);
  readonly #resume = make(
    "button",
    { class: "resume", type: "button", part: "resume", hidden: true },
    this.#resumeWords.node,
  );
  #tape = new Tape();
  #instrument: Instrument | undefined;
  #drawnMs = 0;
  #seeding: AbortController | undefined; // the request for the past

  constructor() {
    super(SHEET);
    this.root.append(
      make(
        "header",
        { part: "header" },
        make("span", { class: "symbol" }, this.#symbol.node),
        make("span", { class: "muted" }, "Time and sales"),
        this.notice,
      ),
      this.#scroll,
      this.#resume,
    );
    this.#scroll.addEventListener("scroll", () => this.#scrolled());
    this.#resume.addEventListener("click", () => {
      this.#scroll.scrollTop = 0;
      this.#scroll.focus({ preventScroll: true });
      this.#scrolled();
    });
  }

  /** The size from which a print is marked as big; by default ten times the usual one. */
  get big(): number | undefined {
    const size = Number(this.getAttribute("big") ?? Number.NaN);
    return Number.isFinite(size) && size > 0 ? size : undefined;
  }

  set big(size: number | undefined) {
    if (size === undefined) {
      this.removeAttribute("big");
    } else {
      this.setAttribute("big", String(size));
    }
  }

  override attributeChangedCallback(name?: string): void {
    if (name === "big") {
      this.again();
    } else {
      super.attributeChangedCallback(name);
    }
  }

  protected named(): readonly string[] {
    return this.symbol === "" ? [] : [this.symbol];
  }

  protected wants(symbols: readonly string[]): Symbols {
    return { trades: symbols, quotes: symbols, statuses: symbols };
  }

  protected shown(): Shown | undefined {
    return this.#instrument;
  }

  protected begin(source: Source, [symbol = ""]: readonly string[]): void {
    this.#instrument = source.market.get(symbol);
    this.#symbol.set(symbol);
    this.#scroll.setAttribute("aria-label", `Trades of ${symbol}, newest first`);
    this.#table.setAttribute("aria-label", `Time and sales of ${symbol}`);
    this.#rows.replaceChildren();
    this.#scroll.scrollTop = 0;
    this.#tape = new Tape(this.big);
    this.#showPause();
    this.#seeding = new AbortController();
    void this.#seed(source, symbol, this.#tape, this.#seeding.signal);
  }

  protected override end(): void {
    this.#seeding?.abort();
  }

  override take(ticks: readonly Tick[], isSnapshot: boolean): void {
    const symbol = this.#instrument?.symbol;
    for (const tick of ticks) {
      if (tick.S !== symbol) {
        continue;
      }
      if (tick.T === "q") {
        this.#tape.quote(tick);
      } else if (tick.T === "t" && !isSnapshot) {
        this.#tape.trade(tick);
      }
    }
  }

  override gap(missing: number | undefined): void {
    const many = missing === undefined ? "Ticks" : `${missing} ticks of all symbols`;
    this.#tape.break(`Gap: ${many} are not coming`);
  }

  override restart(): void {
    this.#tape.break("The recording begins anew");
  }

  protected paint(nowMs: number): boolean {
    this.#showPause();
    if (this.#tape.isPaused || nowMs - this.#drawnMs < DRAW_MS) {
      return !this.#tape.isPaused;
    }
    const due = this.#tape.takeDue().slice(-MOST_LINES);
    if (due.length === 0) {
      return false;
    }
    this.#drawnMs = nowMs;
    this.#rows.prepend(...due.map((line) => this.#row(line)).reverse());
    this.#shorten();
    return false;
  }

  /** Put what the server still holds of the past behind all that came. */
  async #seed(source: Source, symbol: string, tape: Tape, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ trades: symbol, last: String(PAST), limit: String(PAST) });
    try {
      const { ticks } = (await source.ask(`v1/history?${query}`, signal)) as { ticks: Tick[] };
      if (tape === this.#tape) {
        const trades = ticks.filter((tick): tick is Trade => tick.T === "t" && tick.S === symbol);
        this.#rows.append(
          ...tape
            .seed(trades)
            .map((print) => this.#row(print))
            .reverse(),
        );
        this.#shorten();
      }
    } catch {
      tape.seed([]); // the tape begins with what comes; the notice says whether anything can
    }
  }

  #shorten(): void {
    while (this.#rows.childElementCount > MOST_LINES) {
      this.#rows.lastElementChild?.remove();
    }
  }

  #row(line: Line): HTMLElement {
    if (line.kind === "break") {
      return make("tr", {}, make("td", { class: "break", colspan: COLUMNS }, line.words));
    }
    const way = wayOfSide(line);
    const sign = way === "up" ? "▲" : way === "down" ? "▼" : "–";
    const word = line.side === undefined ? "unknown" : line.side;
    return make(
      "tr",
      { "data-big": line.isBig, part: line.isBig ? "print big" : "print" },
      make("td", { class: "muted" }, formatClock(line.timeMs)),
      make(
        "td",
        { class: "number", "data-way": way },
        formatPrice(line.price, this.#instrument?.decimals ?? 2),
      ),
      make(
        "td",
        { class: "number" },
        line.isBig ? make("span", { class: "big" }, "Big") : undefined,
        formatSize(line.size),
      ),
      make(
        "td",
        { "data-way": way },
        make("span", { "aria-hidden": "true" }, sign),
        make("span", { class: "unseen" }, word),
      ),
      make("td", { class: "conditions", title: line.conditions }, line.conditions),
    );
  }

  #scrolled(): void {
    this.#tape.isPaused = this.#scroll.scrollTop > 0;
    this.used?.painter.request();
  }

  #showPause(): void {
    const { isPaused, meanwhile } = this.#tape;
    this.#resume.hidden = !isPaused;
    this.#resumeWords.set(
      meanwhile === 0 ? "Paused · nothing came meanwhile" : `Paused · ${meanwhile} came meanwhile`,
    );
  }
}

function wayOfSide({ side }: Print): "up" | "down" | undefined {
  return side === undefined ? undefined : side === "buy" ? "up" : "down";
}
