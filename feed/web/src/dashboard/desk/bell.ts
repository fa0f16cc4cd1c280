/** The bell at the top of the page: how many alerts fired that nobody has acknowledged. */

import { byId, setData, Text } from "../ui/dom.ts";

export class Bell {
  readonly #button = byId("bell");
  readonly #count = new Text();

  constructor() {
    byId("bell-count").append(this.#count.node);
  }

  set count(count: number) {
    this.#count.set(count === 0 ? "" : String(count));
    setData(this.#button, "ringing", count === 0 ? undefined : "");
    const words = count === 0 ? "Alerts" : `Alerts: ${count} not acknowledged`;
    this.#button.setAttribute("aria-label", words);
    this.#button.title = words;
  }
}
