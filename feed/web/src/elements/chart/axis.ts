/** Times on the axis of a chart: those of a zone, on a 24-hour clock. Pure. */

import type { Zone } from "../../market/zone.ts";

const DAY_S = 86_400;

/** What a mark stands for, by its number in lightweight-charts (`TickMarkType`). */
const YEAR = 0;
const MONTH = 1;
const DAY_OF_MONTH = 2;
const SECONDS = 4;

/** The words of a mark on the axis. */
export function markWords(zone: Zone, candleS: number, timeS: number, type: number): string {
  if (candleS >= DAY_S) {
    const [year = "", month = "", day = ""] = zone.start(timeS, candleS).split("-");
    return type === YEAR ? year : type === MONTH ? `${year}-${month}` : `${month}-${day}`;
  }
  // The library's days are those of UTC; where a day begins in the zone, its own clock shows.
  if (type <= DAY_OF_MONTH && zone.minute(timeS) === "00:00") {
    return zone.dayOfMonth(timeS);
  }
  return type === SECONDS ? zone.second(timeS) : zone.minute(timeS);
}
