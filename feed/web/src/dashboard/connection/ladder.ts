/**
 * The ladder that a slow reader goes down, as the server counts it, since this page was opened.
 *
 * The counts are the server's over all readers; the lag is this connection's.
 */

import { formatCount } from "../../market/format.ts";
import { byId, setData } from "../ui/dom.ts";

/** Rungs in order, with the names of the server's counters. */
const RUNGS = ["paused", "caught_up", "gap", "lagging", "slow"] as const;

export class Ladder {
  readonly #rungs = new Map<string, HTMLElement>();
  #first: Record<string, number> | undefined;
  #last: Record<string, number> = {};

  constructor() {
    for (const name of RUNGS) {
      this.#rungs.set(name, byId(`rung-${name}`));
    }
  }

  /** Show the server's counts; light up what grew since the last time. */
  show(counts: Record<string, number>): void {
    this.#first ??= counts;
    for (const [name, rung] of this.#rungs) {
      const count = counts[name];
      const since = (count ?? 0) - (this.#first[name] ?? 0);
      rung.textContent = count === undefined ? "–" : formatCount(Math.max(0, since));
      const grew = (count ?? 0) > (this.#last[name] ?? count ?? 0);
      const step = rung.parentElement as HTMLElement;
      setData(step, "lit", grew ? "" : undefined);
      step.ariaCurrent = grew ? "step" : null;
    }
    this.#last = counts;
  }

  /** Counts begin anew: the server was restarted. */
  reset(): void {
    this.#first = undefined;
  }
}
