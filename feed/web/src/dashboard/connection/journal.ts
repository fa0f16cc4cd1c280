/** The incidents of the connection, newest first, for people to read. */

import { isHidden, onShown } from "../../elements/sight.ts";
import { formatClock } from "../../market/format.ts";
import { byId, make } from "../ui/dom.ts";
import { onZoneChange, pageZone } from "../zone/page.ts";

const MOST = 100;

export type Weight = "good" | "plain" | "warn" | "bad";

interface Incident {
  words: string;
  weight: Weight;
  timeMs: number;
}

export class Journal {
  readonly #list = byId<HTMLElement>("journal");
  /** What happened while nobody saw the page. */
  #due: Incident[] = [];

  constructor() {
    onZoneChange(() => this.#rewrite());
    onShown(() => this.#write());
  }

  note(words: string, weight: Weight = "plain"): void {
    this.#due.push({ words, weight, timeMs: Date.now() });
    if (this.#due.length > MOST) {
      this.#due.shift();
    }
    if (!isHidden()) {
      this.#write();
    }
  }

  #write(): void {
    for (const { words, weight, timeMs } of this.#due) {
      const datetime = new Date(timeMs).toISOString();
      const time = make("time", { datetime }, formatClock(timeMs, pageZone()));
      this.#list.prepend(make("li", { "data-weight": weight }, time, ` ${words}`));
    }
    this.#due = [];
    while (this.#list.childElementCount > MOST) {
      this.#list.lastElementChild?.remove();
    }
  }

  /** Tell the times in the zone that was chosen since. */
  #rewrite(): void {
    for (const time of this.#list.querySelectorAll("time")) {
      time.textContent = formatClock(Date.parse(time.dateTime), pageZone());
    }
  }
}
