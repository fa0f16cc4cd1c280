/**
 * The ladder that a slow reader goes down, as the server counts it, since this page was opened.
 *
 * The counts are the server's over all readers; the lit step is this page's.
 */

import { formatCount } from "../../market/format.ts";
import { byId, setData } from "../ui/dom.ts";
import { STEPS, type Step, stepOf } from "./step.ts";

export class Ladder {
  readonly #counts = new Map<Step, HTMLElement>();
  readonly #steps = new Map<Step, HTMLElement>();
  #first: Record<string, number> | undefined;
  #last: Record<string, number> = {};
  #step: Step = "along";

  constructor() {
    for (const step of STEPS) {
      const count = byId(`rung-${step}`);
      this.#counts.set(step, count);
      this.#steps.set(step, count.parentElement as HTMLElement);
    }
    this.#light();
  }

  /**
   * Show the server's counts, and where this page stands.
   *
   * @param isSlow whether it reads slowly, or is behind.
   */
  show(counts: Record<string, number>, isSlow: boolean): void {
    this.#first ??= counts;
    const grew: Step[] = [];
    for (const [step, element] of this.#counts) {
      const count = counts[step];
      if (count === undefined) {
        continue;
      }
      element.textContent = formatCount(Math.max(0, count - (this.#first[step] ?? 0)));
      if (count > (this.#last[step] ?? count)) {
        grew.push(step);
      }
    }
    this.#last = counts;
    this.#step = stepOf(this.#step, grew, isSlow);
    this.#light();
  }

  /** Counts begin anew: the server was restarted. */
  reset(): void {
    this.#first = undefined;
  }

  #light(): void {
    for (const [step, element] of this.#steps) {
      const isHere = step === this.#step;
      setData(element, "lit", isHere ? "" : undefined);
      element.ariaCurrent = isHere ? "step" : null;
    }
  }
}
