/**
 * Live prices in anybody's page: `/elements.js`, and `@feed/client/elements` as a package.
 *
 *     <script type="module" src="http://127.0.0.1:8080/elements.js"></script>
 *     <feed-ticker symbol="AAPL"></feed-ticker>
 *     <feed-chart symbol="AAPL" timeframe="1m"></feed-chart>
 *
 * Importing it defines the elements.
 */

import { type ChangeDetail, FeedChart, type MarkDetail } from "./chart/element.ts";
import type { Mark } from "./chart/marks.ts";
import type { PriceDetail } from "./chart/pointing.ts";
import { readFromServerOf } from "./element.ts";
import { FeedQuotes } from "./quotes/element.ts";
import { FeedTape } from "./tape/element.ts";
import { FeedTicker } from "./ticker/element.ts";
import { FeedWatchlist, type SelectDetail } from "./watchlist/element.ts";

export type { Timeframe } from "../market/timeframes.ts";
export type { TokenCallback } from "./sources.ts";
export {
  type ChangeDetail,
  FeedChart,
  FeedQuotes,
  FeedTape,
  FeedTicker,
  FeedWatchlist,
  type Mark,
  type MarkDetail,
  type PriceDetail,
  type SelectDetail,
};

declare global {
  interface HTMLElementTagNameMap {
    "feed-chart": FeedChart;
    "feed-quotes": FeedQuotes;
    "feed-tape": FeedTape;
    "feed-ticker": FeedTicker;
    "feed-watchlist": FeedWatchlist;
  }

  interface HTMLElementEventMap {
    "feed-change": CustomEvent<ChangeDetail>;
    "feed-mark": CustomEvent<MarkDetail>;
    "feed-price": CustomEvent<PriceDetail>;
    "feed-select": CustomEvent<SelectDetail>;
  }
}

readFromServerOf(import.meta.url);

const ELEMENTS = {
  "feed-chart": FeedChart,
  "feed-quotes": FeedQuotes,
  "feed-tape": FeedTape,
  "feed-ticker": FeedTicker,
  "feed-watchlist": FeedWatchlist,
};

for (const [name, element] of Object.entries(ELEMENTS)) {
  // A page may load this from two places; the first one counts.
  if (globalThis.customElements?.get(name) === undefined) {
    globalThis.customElements?.define(name, element);
  }
}
