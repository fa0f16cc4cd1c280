/** Asks for what a chart shows of the past: bars, the day that is open, and statuses. */

import type { Status } from "../../client/index.ts";
import type { Bars } from "../../market/history.ts";
import { PAST, type ServedTimeframe, TIMEFRAMES } from "../../market/timeframes.ts";
import type { Past, Subject } from "./picture.ts";

export interface Archive {
  /** Ask for past bars. Throws an Error that says what was answered. */
  bars(
    symbol: string,
    timeframe: ServedTimeframe,
    limit: number,
    signal: AbortSignal,
  ): Promise<Bars>;
  /** Ask for the statuses that the server still holds. Throws an Error that says what was answered. */
  statuses(symbol: string, signal: AbortSignal): Promise<readonly Status[]>;
}

/** Return the past of a subject; `told` is called for each of its statuses before. */
export async function pastOf(
  { symbol, other, timeframe }: Subject,
  archive: Archive,
  told: (status: Status) => void,
  signal: AbortSignal,
): Promise<Past> {
  const { served } = TIMEFRAMES[timeframe];
  const bars = (name: string) => archive.bars(name, served, PAST[served], signal);
  const statuses = archive.statuses(symbol, signal).then(
    (ticks) => {
      for (const status of ticks) {
        told(status);
      }
    },
    () => {}, // who may not read them is shown no halts; what else fails, fails for bars too
  );
  const [main, second, day] = await Promise.all([
    bars(symbol),
    other === undefined ? undefined : bars(other),
    served === "1d" || other !== undefined ? undefined : archive.bars(symbol, "1d", 1, signal),
    statuses,
  ]);
  return { bars: main, other: second, day };
}
