/** A short mark that a trade has made a new high or low of the day: a sign and a word, no motion. */

import type { Extreme, Instrument } from "../market/instrument.ts";
import { make, setData, Text } from "./dom.ts";

const LIT_MS = 5_000;
export const EXTREME_SIGNS: Readonly<Record<Extreme, string>> = { high: "▲", low: "▼" };

export class ExtremeMark {
  readonly #sign = new Text();
  readonly #word = new Text();
  readonly element = make(
    "span",
    { class: "extreme", hidden: true },
    make("span", { "aria-hidden": "true" }, this.#sign.node),
    make("span", { class: "hint" }, "New "),
    this.#word.node,
  );
  #seen = 0; // extremes so far
  #litMs: number | undefined;

  /** Look at an instrument; `isFirst`: it is another one than before, so that nothing is news. */
  draw({ extreme, extremes }: Instrument, nowMs: number, isFirst: boolean): void {
    if (isFirst) {
      this.#light(undefined, nowMs);
    } else if (extremes !== this.#seen) {
      this.#light(extreme, nowMs);
    }
    this.#seen = extremes;
  }

  /** Put it out when it is time; tell whether it is still on. */
  fade(nowMs: number): boolean {
    if (this.#litMs !== undefined && nowMs - this.#litMs >= LIT_MS) {
      this.#light(undefined, nowMs);
    }
    return this.#litMs !== undefined;
  }

  #light(extreme: Extreme | undefined, nowMs: number): void {
    this.#litMs = extreme === undefined ? undefined : nowMs;
    if (extreme !== undefined) {
      this.#sign.set(`${EXTREME_SIGNS[extreme]}\u00a0`);
      this.#word.set(extreme);
      setData(this.element, "way", extreme === "high" ? "up" : "down");
    }
    if (this.element.hidden !== (extreme === undefined)) {
      this.element.hidden = extreme === undefined;
    }
  }
}
