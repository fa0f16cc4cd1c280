/** The tape and the quotes of the chosen symbol: the elements, on the connection and the market of this page. */

import "../elements/index.ts";
import type { Source } from "../elements/source.ts";
import { byId } from "./ui/dom.ts";
import { onZoneChange, pageZone } from "./zone/page.ts";

export class TapePlace {
  readonly #elements = [
    document.createElement("feed-tape"),
    document.createElement("feed-quotes"),
  ] as const;

  constructor(source: Source) {
    for (const element of this.#elements) {
      element.source = source;
    }
    this.#tellZone();
    onZoneChange(() => this.#tellZone());
  }

  #tellZone(): void {
    for (const element of this.#elements) {
      element.timezone = pageZone().name;
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
