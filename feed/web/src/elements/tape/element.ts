/** `<feed-tape symbol="AAPL">`: time and sales, newest first. It pauses while one reads further down. */

import type { Symbols, Tick, Trade } from "../../client/index.ts";
import { formatSize } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { denialOf, notIncluded } from "../denial.ts";
import { make, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import { ROLLING, RollingTable } from "../rolling/table.ts";
import type { Source } from "../source.ts";
import { sheetOf } from "../styles.ts";
import { BIG_RULE } from "./prints.ts";
import { COLUMNS, PrintRow } from "./row.ts";
import { type Line, Tape } from "./tape.ts";

const PAST = 100;

const SHEET = sheetOf(`
${ROLLING}
.row { grid-template-columns: 5.5em 5.3em 5.6em 2.6em minmax(0, 1fr); }
/* A number that grows does so to the left: nothing has moved. */
.body .size { direction: rtl; }
.row[data-big] { background: color-mix(in srgb, var(--_accent) 14%, transparent); }
.row[data-big] .size { font-weight: 700; }
.big {
  unicode-bidi: isolate;
  margin-inline-start: 0.4em;
  padding: 0 0.3em;
  border: 1px solid var(--_accent);
  border-radius: 3px;
  color: var(--_accent);
  font-size: 0.786em;
}
.conditions { color: var(--_muted); font-size: 0.857em; }
.extreme { font-weight: 650; }
@container (max-width: 26rem) {
  .row { grid-template-columns: 5em 4.9em 4.6em 1.6em minmax(0, 1fr); }
  .cell { padding-inline: 0.25em; }
  .number[data-long] { font-size: 0.85em; }
  .head .side { font-size: 0; }
  /* Bold and on another ground it is all the same, and said to who listens. */
  .big { position: absolute; inline-size: 1px; block-size: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); }
}
`);

export class FeedTape extends FeedElement {
  static override observedAttributes = [...FeedElement.observedAttributes, "big"];

  readonly #symbol = new Text();
  readonly #rule = new Text();
  readonly #ruleWords = make("span", { class: "muted", part: "rule" }, this.#rule.node);
  readonly #table: RollingTable<Line>;
  #tape = new Tape();
  #instrument: Instrument | undefined;
  #seeding: AbortController | undefined; // the request for the past

  constructor() {
    super(SHEET);
    this.root.append(
      make(
        "header",
        { part: "header" },
        make("span", { class: "symbol" }, this.#symbol.node),
        make("span", { class: "muted" }, "Time and sales"),
        this.#ruleWords,
        this.notice,
      ),
    );
    this.#table = new RollingTable(
      this.root,
      COLUMNS,
      () =>
        new PrintRow(
          () => this.#instrument?.decimals ?? 2,
          () => this.zone,
        ),
      () => this.used?.painter.request(),
    );
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

  protected override denial(): string | undefined {
    return this.#instrument?.denials.get("trades");
  }

  protected begin(source: Source, [symbol = ""]: readonly string[]): void {
    this.#instrument = source.market.get(symbol);
    this.#symbol.set(symbol);
    this.#tape = new Tape(this.big);
    this.#ruleWords.title = this.big === undefined ? BIG_RULE : "As this page has it";
    this.#table.begin(
      this.#tape.roll,
      `Time and sales of ${symbol}`,
      `Trades of ${symbol}, newest first`,
    );
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
        this.#tape.trade(tick, this.#instrument?.extremeOf(tick));
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

  protected override rezoned(): void {
    this.#table.rewrite();
  }

  protected paint(nowMs: number): boolean {
    const { from } = this.#tape.big;
    this.#rule.set(from === undefined ? "" : `Big: from ${formatSize(from)}`);
    return this.#table.paint(nowMs);
  }

  /** Put what the server still holds of the past behind all that came. */
  async #seed(source: Source, symbol: string, tape: Tape, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ trades: symbol, last: String(PAST), limit: String(PAST) });
    try {
      const { ticks } = (await source.ask(`v1/history?${query}`, signal)) as { ticks: Tick[] };
      tape.seed(ticks.filter((tick): tick is Trade => tick.T === "t" && tick.S === symbol));
    } catch (error) {
      if (tape === this.#tape) {
        this.#deny(error);
      }
      tape.seed([]); // the tape begins with what comes; the notice says whether anything can
    }
    if (tape === this.#tape) {
      this.#table.renew();
      source.painter.request();
    }
  }

  #deny(error: unknown): void {
    if (denialOf(error) !== undefined) {
      this.#instrument?.deny("trades", notIncluded(`trades of ${this.symbol}`));
    }
  }
}
