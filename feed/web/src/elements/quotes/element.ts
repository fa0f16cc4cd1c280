/** `<feed-quotes symbol="AAPL">`: best bid and ask with their sizes as they came, newest first. */

import type { Quote, Symbols, Tick } from "../../client/index.ts";
import type { Instrument } from "../../market/instrument.ts";
import { denialOf, notIncluded } from "../denial.ts";
import { make, Text } from "../dom.ts";
import { FeedElement } from "../element.ts";
import type { Shown } from "../notice.ts";
import { ROLLING, RollingTable } from "../rolling/table.ts";
import type { Source } from "../source.ts";
import { sheetOf } from "../styles.ts";
import { type QuoteLine, Quotes } from "./quotes.ts";
import { COLUMNS, QuoteRow } from "./row.ts";

const PAST = 100;

const SHEET = sheetOf(`
${ROLLING}
.row { grid-template-columns: 5.5em minmax(0, 4fr) minmax(0, 7fr) minmax(0, 7fr) minmax(0, 4fr); }
.body .size { direction: rtl; }
.sign { display: inline-block; inline-size: 0.8em; text-align: left; }
@container (max-width: 18rem) {
  .wide { display: none; }
  .row { grid-template-columns: minmax(0, 5.2fr) minmax(0, 7fr) minmax(0, 7fr) minmax(0, 5.5fr); }
  .cell { padding-inline: 0.1em; }
  .sign { inline-size: 0.6em; }
  .number[data-long] { font-size: 0.76em; }
  .cell:last-child { padding-inline-end: 0.6em; }
}
`);

export class FeedQuotes extends FeedElement {
  readonly #symbol = new Text();
  readonly #table: RollingTable<QuoteLine>;
  #quotes = new Quotes();
  #instrument: Instrument | undefined;
  #seeding: AbortController | undefined; // the request for the past

  constructor() {
    super(SHEET);
    this.root.append(
      make(
        "header",
        { part: "header" },
        make("span", { class: "symbol", part: "symbol" }, this.#symbol.node),
        make("span", { class: "muted" }, "Quotes"),
        this.notice,
      ),
    );
    this.#table = new RollingTable(
      this.root,
      COLUMNS,
      () =>
        new QuoteRow(
          () => this.#instrument?.decimals ?? 2,
          () => this.zone,
        ),
      () => this.used?.painter.request(),
    );
  }

  protected named(): readonly string[] {
    return this.symbol === "" ? [] : [this.symbol];
  }

  protected wants(symbols: readonly string[]): Symbols {
    return { quotes: symbols, statuses: symbols };
  }

  protected shown(): Shown | undefined {
    return this.#instrument;
  }

  protected override denial(): string | undefined {
    return this.#instrument?.denials.get("quotes");
  }

  protected begin(source: Source, [symbol = ""]: readonly string[]): void {
    this.#instrument = source.market.get(symbol);
    this.#symbol.set(symbol);
    this.#quotes = new Quotes();
    this.#table.begin(
      this.#quotes.roll,
      `Quotes of ${symbol}`,
      `Best bid and ask of ${symbol}, newest first`,
    );
    this.#seeding = new AbortController();
    void this.#seed(source, symbol, this.#quotes, this.#seeding.signal);
  }

  protected override end(): void {
    this.#seeding?.abort();
  }

  override take(ticks: readonly Tick[]): void {
    const symbol = this.#instrument?.symbol;
    for (const tick of ticks) {
      if (tick.S === symbol && tick.T === "q") {
        this.#quotes.take(tick);
      }
    }
  }

  protected override rezoned(): void {
    this.#table.rewrite();
  }

  protected paint(nowMs: number): boolean {
    return this.#table.paint(nowMs);
  }

  /** Put what the server still holds of the past behind all that came. */
  async #seed(source: Source, symbol: string, quotes: Quotes, signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ quotes: symbol, last: String(PAST), limit: String(PAST) });
    try {
      const { ticks } = (await source.ask(`v1/history?${query}`, signal)) as { ticks: Tick[] };
      quotes.seed(ticks.filter((tick): tick is Quote => tick.T === "q" && tick.S === symbol));
    } catch (error) {
      if (quotes === this.#quotes) {
        this.#deny(error);
      }
      quotes.seed([]); // they begin with what comes; the notice says whether anything can
    }
    if (quotes === this.#quotes) {
      this.#table.renew();
      source.painter.request();
    }
  }

  #deny(error: unknown): void {
    if (denialOf(error) !== undefined) {
      this.#instrument?.deny("quotes", notIncluded(`quotes of ${this.symbol}`));
    }
  }
}
