/** What the market at a glance says in words. Pure. */

import { formatChange, formatCompact, formatPrice, NOTHING, wayOf } from "../../market/format.ts";
import type { Breadth, Measure, OverviewRow, OverviewSector } from "../../market/overview.ts";

/** A change in per cent, with its sign. */
export function percentWords(percent: number): string {
  return formatChange(percent / 100);
}

/** A change in per cent as a tile has room for it: `+1.2 %`. */
export function shortPercentWords(percent: number): string {
  const size = Math.abs(percent).toFixed(1);
  const sign = size === "0.0" ? "" : percent > 0 ? "+" : "−";
  return `${sign}${size} %`;
}

/** The way of a change as a sign, for tiles with room for no more. */
export function signOf(percent: number): string {
  return { up: "▲", down: "▼", none: "=" }[wayOf(percent / 100) ?? "none"];
}

/** How much of something there was, where one may know. */
export function amountWords(amount: number | null): string {
  return amount === null ? NOTHING : formatCompact(amount);
}

export function breadthWords({ advancers, decliners, unchanged, untraded }: Breadth): string {
  return `${advancers} up, ${decliners} down, ${unchanged} unchanged, ${untraded} not traded`;
}

/** How much of those that moved went up, and how much went down: 0 to 1 each. */
export function shares({ advancers, decliners, unchanged }: Breadth): { up: number; down: number } {
  const all = advancers + decliners + unchanged;
  return all === 0 ? { up: 0, down: 0 } : { up: advancers / all, down: decliners / all };
}

/** What a symbol's tile says: `AAPL +1.2 %, volume 1.2M`. */
export function tileWords(row: OverviewRow, measure: Measure): string {
  const { symbol, change_percent: percent } = row;
  return `${symbol} ${shortPercentWords(percent)}, ${measure} ${amountWords(row[measure])}`;
}

/** What is said of a symbol on demand. */
export function rowHint(row: OverviewRow, decimals: number): string {
  const { symbol, name, last, change_percent: percent, volume, turnover, trades } = row;
  const traded = [
    `volume ${amountWords(volume)}`,
    `turnover ${amountWords(turnover)}`,
    `trades ${amountWords(trades)}`,
  ];
  return [
    name === "" ? symbol : name,
    formatPrice(last, decimals),
    `${percentWords(percent)} since the open`,
    ...(volume === null ? [] : traded),
  ].join(" · ");
}

export function sectorName({ sector }: Pick<OverviewSector, "sector">): string {
  return sector === "" ? "No sector" : sector;
}

export function sectorWords(sector: OverviewSector): string {
  return `${sectorName(sector)} ${percentWords(sector.change_percent)}`;
}
