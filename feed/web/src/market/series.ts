/**
 * The recent course of a price, in few points: the data of a sparkline and of a change.
 *
 * Theory of operation: one point per step of time, at most CAPACITY of them. When they are full,
 * every second one goes and the step doubles; points older than WINDOW_MS go too. So a course of
 * three minutes and one of an hour take the same memory and the same time to draw. Pure.
 */

export const WINDOW_MS = 60 * 60 * 1_000;
const CAPACITY = 128;
const FIRST_STEP_MS = 1_000;

export interface Point {
  timeMs: number;
  price: number;
}

export class Series {
  #points: Point[] = [];
  #stepMs = FIRST_STEP_MS;

  get points(): readonly Point[] {
    return this.#points;
  }

  /** The price at the beginning of the window; undefined when nothing is known. */
  get first(): number | undefined {
    return this.#points[0]?.price;
  }

  get firstMs(): number | undefined {
    return this.#points[0]?.timeMs;
  }

  /** Forget everything: time begins anew. */
  clear(): void {
    this.#points = [];
    this.#stepMs = FIRST_STEP_MS;
  }

  /** Note a price. Times that go back a little count as now. */
  push(timeMs: number, price: number): void {
    const last = this.#points.at(-1);
    if (last !== undefined && timeMs - last.timeMs < this.#stepMs) {
      last.price = price;
      return;
    }
    this.#points.push({ timeMs, price });
    while ((this.#points[0] as Point).timeMs < timeMs - WINDOW_MS) {
      this.#points.shift();
    }
    this.#thin();
  }

  /** Put what was before the first point in front of it; oldest first. */
  seed(history: readonly Point[]): void {
    const firstMs = this.#points[0]?.timeMs ?? Number.POSITIVE_INFINITY;
    const older = history.filter(({ timeMs }) => timeMs < firstMs);
    this.#points = [...older, ...this.#points];
    this.#thin();
  }

  #thin(): void {
    while (this.#points.length > CAPACITY) {
      const last = this.#points.length - 1;
      this.#points = this.#points.filter((_, index) => index % 2 === 0 || index === last);
      this.#stepMs *= 2;
    }
  }
}
