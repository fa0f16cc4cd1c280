/** The title of the page, which carries the price: `TSLA 337.66 ▲ 0.4 %`. Pure. */

import { formatPrice } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";

export const NAME = "feed";

/** @param isCurrent whether prices are of now. */
export function titleOf(instrument: Instrument | undefined, isCurrent: boolean): string {
  if (instrument === undefined) {
    return NAME;
  }
  const { symbol, last, decimals, day, halt } = instrument;
  if (last === undefined) {
    return `${symbol} · ${NAME}`;
  }
  const change = day.changeSinceClose(last) ?? day.changeOf(last) ?? instrument.change;
  const moved = change === undefined ? "" : ` ${changeWords(change)}`;
  const state = halt !== undefined ? " · halted" : isCurrent ? "" : " · not live";
  return `${symbol} ${formatPrice(last, decimals)}${moved}${state}`;
}

function changeWords(change: number): string {
  const percent = Math.abs(change * 100);
  const shown = percent < 1e6 ? percent.toFixed(1) : percent.toExponential(1);
  return shown === "0.0" ? "0.0 %" : `${change > 0 ? "▲" : "▼"} ${shown} %`;
}
