/**
 * Past bars from `/v1/bars`: for the chart at once, for sparklines one after the other.
 */

import type { Bar } from "../client/index.ts";
import type { Point } from "./series.ts";
import type { ServedTimeframe } from "./timeframes.ts";
import { Final, Waiting } from "./waiting.ts";

export interface Bars {
  bars: Bar[];
  /** The bar that is still open. */
  current: Bar | null;
}

/** Ask for the newest bars of a symbol. Throws an Error that says what was answered. */
export async function fetchBars(
  symbol: string,
  timeframe: ServedTimeframe,
  limit: number,
  signal?: AbortSignal,
): Promise<Bars> {
  const query = new URLSearchParams({ symbol, timeframe, limit: String(limit) });
  const response = await fetch(`v1/bars?${query}`, signal === undefined ? {} : { signal });
  if (!response.ok) {
    const words = `/v1/bars answered ${response.status} for ${symbol}`;
    throw response.status === 403 ? new Final(words) : new Error(words);
  }
  return (await response.json()) as Bars;
}

const MINUTES = 60;
const MINUTE_MS = 60_000;
/** With fewer minutes than this the seconds are asked for too: the server is young. */
const FEW_MINUTES = 10;
const SECONDS = 600;

/** Asks for the last hour of symbols, for their sparklines. */
export class CourseLoader {
  readonly waiting = new Waiting((symbol) => this.#load(symbol));
  readonly #onLoaded: (symbol: string, points: Point[]) => void;
  #pass = 0;

  constructor(onLoaded: (symbol: string, points: Point[]) => void) {
    this.#onLoaded = onLoaded;
  }

  /** Forget what was loaded: time begins anew. */
  restart(): void {
    this.waiting.restart();
    this.#pass += 1;
  }

  async #load(symbol: string): Promise<void> {
    const pass = this.#pass;
    const minutes = await fetchBars(symbol, "1m", MINUTES);
    const seconds =
      minutes.bars.length < FEW_MINUTES
        ? await fetchBars(symbol, "1s", SECONDS)
        : { bars: [], current: null };
    const points = pointsOf(minutes.bars);
    const finer = pointsOf(seconds.bars);
    const finerFromMs = finer[0]?.timeMs ?? Number.POSITIVE_INFINITY;
    // A minute that the seconds cover, or a part of it, would only be a step in front of them.
    const older = points.filter(({ timeMs }) => timeMs + MINUTE_MS <= finerFromMs);
    if (pass === this.#pass) {
      this.#onLoaded(symbol, [...older, ...finer]);
    }
  }
}

function pointsOf(bars: readonly Bar[]): Point[] {
  return bars.map(({ t, o }) => ({ timeMs: Date.parse(t), price: o }));
}
