/** Rates per second out of counters that only grow, over the last few seconds. Pure. */

const WINDOW_MS = 5_000;

interface Sample<Name extends string> {
  timeMs: number;
  values: Record<Name, number>;
}

export class Rates<Name extends string> {
  #samples: Sample<Name>[] = [];

  /** Note the present counters. */
  take(timeMs: number, values: Record<Name, number>): void {
    this.#samples.push({ timeMs, values: { ...values } });
    while (
      this.#samples.length > 2 &&
      (this.#samples[1] as Sample<Name>).timeMs <= timeMs - WINDOW_MS
    ) {
      this.#samples.shift();
    }
  }

  /** Return how fast a counter grew; 0 while too little is known. */
  perSecond(name: Name): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.timeMs === first.timeMs) {
      return 0;
    }
    return ((last.values[name] - first.values[name]) / (last.timeMs - first.timeMs)) * 1_000;
  }
}
