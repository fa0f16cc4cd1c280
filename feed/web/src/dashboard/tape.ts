/** The tape and the quotes of the chosen symbol: the elements, on the connection and the market of this page. */

import "../elements/index.ts";
import type { FeedClient } from "../client/index.ts";
import { Source } from "../elements/source.ts";
import type { Market } from "../market/market.ts";
import { byId } from "./ui/dom.ts";
import { serverUrl } from "./ui/server-url.ts";

export class TapePlace {
  readonly #elements = [
    document.createElement("feed-tape"),
    document.createElement("feed-quotes"),
  ] as const;

  constructor(client: FeedClient, market: Market) {
    const source = new Source(serverUrl(), undefined, { client, market });
    for (const element of this.#elements) {
      element.source = source;
    }
  }

  show(symbol: string): void {
    for (const element of this.#elements) {
      element.symbol = symbol;
    }
    if (!this.#elements[0].isConnected) {
      byId("tape").replaceChildren(...this.#elements);
    }
  }
}
