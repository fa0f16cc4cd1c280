/** Big prints: trades that are large for their symbol. Pure. */

/** Sizes that are remembered, and those that are needed to know what is usual. */
const WINDOW = 200;
const ENOUGH = 20;
/** A big print is larger than the median of the last sizes by this factor. */
const FACTOR = 10;
/** The median is taken anew after this many sizes: it moves slowly, and sorting costs. */
const RENEW = 20;

/** What is big by default, in words. */
export const BIG_RULE = `Big is a print of ${FACTOR} times the usual size: the median of the last ${WINDOW}`;

export class BigPrints {
  readonly #sizes: number[] = []; // the last ones, as a ring
  #seen = 0;
  #threshold = Number.POSITIVE_INFINITY;
  readonly #least: number | undefined;

  /** @param least the size from which a print is big; by default it follows what is usual. */
  constructor(least?: number) {
    this.#least = least;
  }

  /** The size from which a print is big; undefined while nothing is known to be usual. */
  get from(): number | undefined {
    const from = this.#least ?? this.#threshold;
    return Number.isFinite(from) ? from : undefined;
  }

  /** Note a size; tell whether it is big, compared with those before it. */
  take(size: number): boolean {
    const isBig = size >= (this.#least ?? this.#threshold);
    this.#sizes[this.#seen % WINDOW] = size;
    this.#seen += 1;
    if (this.#seen >= ENOUGH && this.#seen % RENEW === 0) {
      const sorted = [...this.#sizes].sort((a, b) => a - b);
      this.#threshold = FACTOR * (sorted[Math.floor(sorted.length / 2)] ?? 0);
    }
    return isBig;
  }
}
