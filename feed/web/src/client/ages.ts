/**
 * Ages: how old ticks are when they arrive, as percentiles over the last ten seconds.
 *
 * Theory of operation: logarithmic buckets, each 9 % wider than the one before, so a percentile is
 * right within 9 % from 10 µs to a day with 264 counters; one set of them per second, ten in all.
 * Clocks differ: an age below zero says by how much at least, and all are corrected by that.
 */

const BUCKETS_PER_DOUBLING = 8;
const SMALLEST_MS = 0.01;
const BUCKETS = 33 * BUCKETS_PER_DOUBLING; // 2 ** 33 × 10 µs is a day
const WINDOW_S = 10;

export interface Percentiles {
  /** Ticks they are drawn from. */
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export const NO_PERCENTILES: Percentiles = { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 };

interface Second {
  second: number;
  count: number;
  maxMs: number;
  readonly buckets: Uint32Array;
}

export class Ages {
  readonly #seconds: Second[] = Array.from({ length: WINDOW_S }, () => ({
    second: -1,
    count: 0,
    maxMs: 0,
    buckets: new Uint32Array(BUCKETS),
  }));
  /** The least that this clock is behind the server's. */
  skewMs = 0;

  /**
   * Count one tick of time `timeMs` that arrived at `nowMs`; return its age.
   *
   * NaN is not a time and is not counted.
   */
  record(timeMs: number, nowMs: number): number | undefined {
    if (Number.isNaN(timeMs)) {
      return undefined;
    }
    let ageMs = nowMs - timeMs + this.skewMs;
    if (ageMs < 0) {
      this.skewMs -= ageMs;
      ageMs = 0;
    }
    const second = Math.floor(nowMs / 1_000);
    const slot = this.#seconds[second % WINDOW_S] as Second;
    if (slot.second !== second) {
      slot.second = second;
      slot.count = 0;
      slot.maxMs = 0;
      slot.buckets.fill(0);
    }
    const bucket = Math.floor(Math.log2(Math.max(ageMs / SMALLEST_MS, 1)) * BUCKETS_PER_DOUBLING);
    const index = Math.min(bucket, BUCKETS - 1);
    slot.buckets[index] = (slot.buckets[index] as number) + 1;
    slot.count += 1;
    slot.maxMs = Math.max(slot.maxMs, ageMs);
    return ageMs;
  }

  /** Return the percentiles of the last ten seconds. */
  percentiles(nowMs: number): Percentiles {
    const oldest = Math.floor(nowMs / 1_000) - WINDOW_S;
    const recent = this.#seconds.filter(({ second }) => second > oldest);
    const count = recent.reduce((sum, slot) => sum + slot.count, 0);
    if (count === 0) {
      return NO_PERCENTILES;
    }
    const maxMs = Math.max(...recent.map((slot) => slot.maxMs));
    const wanted = [0.5, 0.9, 0.99].map((share) => Math.ceil(share * count));
    const found: number[] = [];
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS && found.length < wanted.length; bucket += 1) {
      for (const slot of recent) {
        seen += slot.buckets[bucket] as number;
      }
      while (found.length < wanted.length && seen >= (wanted[found.length] as number)) {
        found.push(Math.min(SMALLEST_MS * 2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING), maxMs));
      }
    }
    const [p50Ms = maxMs, p90Ms = maxMs, p99Ms = maxMs] = found;
    return { count, p50Ms, p90Ms, p99Ms, maxMs };
  }
}
