/** What stands on the wall: the price of one symbol, how current it is, and rows of the list. Pure. */

import { formatAsOf, formatChange, formatPrice, wayOf } from "../../market/format.ts";
import type { Instrument } from "../../market/instrument.ts";
import { HERE } from "../../market/zone.ts";
import type { Currency } from "../connection/currency.ts";

export interface WallPrice {
  last: string;
  change: string;
  way: "up" | "down" | undefined;
  /** Since when it changed. */
  since: string;
}

/** The last price, and its change since the previous close, or else since what is known. */
export function priceOf({ last, decimals, day, change }: Instrument): WallPrice {
  const bases = [
    [day.changeSinceClose(last), "since the close"],
    [day.changeOf(last), "since the open"],
    [change, "in the last hour"],
  ] as const;
  const [share, since] = bases.find(([known]) => known !== undefined) ?? [undefined, ""];
  const way = wayOf(share);
  const arrow = way === undefined ? "" : way === "up" ? "▲ " : "▼ ";
  return {
    last: formatPrice(last, decimals),
    change: `${arrow}${formatChange(share)}`,
    way,
    since,
  };
}

export interface WallState {
  words: string;
  isCurrent: boolean;
}

/** Whether the price is of now, and of when it is. */
export function stateOf(
  currency: Currency | undefined,
  instrument: Instrument | undefined,
  nowMs: number,
  zone = HERE,
): WallState {
  const ofPageMs = currency?.isCurrent === false ? currency.asOfMs : undefined;
  const asOfMs = ofPageMs ?? instrument?.asOfMs;
  const asOf = asOfMs === undefined ? "no price yet" : `as of ${formatAsOf(asOfMs, nowMs, zone)}`;
  const stopped = instrument?.stopped;
  const why =
    stopped === undefined
      ? undefined
      : [instrument?.halt === undefined ? "Stale" : stopped.sm, stopped.rm]
          .filter((words) => words !== "")
          .join(" · ");
  const isCurrent = currency?.isCurrent === true && stopped === undefined;
  const words = currency?.isCurrent === true ? (why ?? currency.words) : currency?.words;
  return { words: `${words ?? "Connecting…"} · ${asOf}`, isCurrent };
}

/** So many symbols of a list, the chosen one among them, where that is possible in the middle. */
export function around(symbols: readonly string[], chosen: string, count: number): string[] {
  const place = Math.max(0, symbols.indexOf(chosen));
  const first = Math.min(place - Math.floor(count / 2), symbols.length - count);
  return symbols.slice(Math.max(0, first), Math.max(0, first) + count);
}

/** The symbol after the chosen one; after the last comes the first. */
export function nextOf(symbols: readonly string[], chosen: string): string | undefined {
  return symbols[(symbols.indexOf(chosen) + 1) % symbols.length];
}
