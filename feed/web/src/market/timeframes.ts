/**
 * The timeframes of charts, and the server's bars of which each is made.
 *
 * The server keeps bars of a second, of a minute and of a day (`/v1/bars`); those between are made
 * of its minutes. All begin at whole multiples of their length in UTC. Pure.
 */

/** Those that the server has bars of. */
export type ServedTimeframe = "1s" | "1m" | "1d";
export type Timeframe = ServedTimeframe | "5m" | "15m" | "1h";

export interface TimeframeFacts {
  readonly seconds: number;
  /** The bars of the server of which its candles are made. */
  readonly served: ServedTimeframe;
  readonly words: string;
}

export const TIMEFRAMES: Readonly<Record<Timeframe, TimeframeFacts>> = {
  "1s": { seconds: 1, served: "1s", words: "1 second" },
  "1m": { seconds: 60, served: "1m", words: "1 minute" },
  "5m": { seconds: 300, served: "1m", words: "5 minutes" },
  "15m": { seconds: 900, served: "1m", words: "15 minutes" },
  "1h": { seconds: 3_600, served: "1m", words: "1 hour" },
  "1d": { seconds: 86_400, served: "1d", words: "1 day" },
};

/** As many bars as the server keeps of each symbol: an hour, a day, a year. */
export const PAST: Readonly<Record<ServedTimeframe, number>> = {
  "1s": 3_600,
  "1m": 1_440,
  "1d": 365,
};

/** The timeframe of this name; undefined for any other text. */
export function timeframeOf(name: string | null | undefined): Timeframe | undefined {
  return name != null && Object.hasOwn(TIMEFRAMES, name) ? (name as Timeframe) : undefined;
}

/** The start of the interval that a time is in, in whole seconds. */
export function startOf(timeS: number, seconds: number): number {
  return Math.floor(timeS / seconds) * seconds;
}
