/** The incidents of the connection, newest first, for people to read. */

import { formatClock } from "../../market/format.ts";
import { byId, make } from "../ui/dom.ts";

const MOST = 100;

export type Weight = "good" | "plain" | "warn" | "bad";

export class Journal {
  readonly #list = byId<HTMLElement>("journal");

  note(words: string, weight: Weight = "plain"): void {
    const time = make("time", {}, formatClock(Date.now()));
    this.#list.prepend(make("li", { "data-weight": weight }, time, ` ${words}`));
    while (this.#list.childElementCount > MOST) {
      this.#list.lastElementChild?.remove();
    }
  }
}
