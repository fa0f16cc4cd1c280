/** The tape of the chosen symbol: the element, on the connection and the market of this page. */

import "../elements/index.ts";
import type { FeedClient } from "../client/index.ts";
import { Source } from "../elements/source.ts";
import type { Market } from "../market/market.ts";
import { byId } from "./ui/dom.ts";
import { serverUrl } from "./ui/server-url.ts";

export class TapePlace {
  readonly #tape = document.createElement("feed-tape");

  constructor(client: FeedClient, market: Market) {
    this.#tape.source = new Source(serverUrl(), undefined, { client, market });
  }

  show(symbol: string): void {
    this.#tape.symbol = symbol;
    if (!this.#tape.isConnected) {
      byId("tape").replaceChildren(this.#tape);
    }
  }
}
