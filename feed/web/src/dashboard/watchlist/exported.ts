/** What is exported of a list: the list itself, or what is shown of it. Pure. */

import { COLUMNS, type ColumnId } from "../../elements/watchlist/columns.ts";
import type { Listing } from "../../market/directory.ts";
import type { Instrument } from "../../market/instrument.ts";
import type { Value } from "./csv.ts";

type Find = (symbol: string) => Listing | undefined;

/** A list: its symbols in its order, each with what is known of it for good. */
export function listRows(symbols: readonly string[], find: Find): Value[][] {
  return [
    ["Symbol", "Name", "Class", "Sector", "Exchange"],
    ...symbols.map((symbol) => {
      const { name, asset_class, sector, exchange } = find(symbol) ?? {};
      return [symbol, name, asset_class, sector, exchange];
    }),
  ];
}

/** What is shown: its rows and columns, in their order, with all digits, and the time of each price. */
export function shownRows(
  instruments: readonly Instrument[],
  columns: readonly ColumnId[],
  find: Find,
  nowMs: number,
): Value[][] {
  const fields = columns.flatMap((id) => fieldsOf(id));
  return [
    ["Symbol", "Name", ...fields.map(([head]) => head), "As of"],
    ...instruments.map((instrument) => [
      instrument.symbol,
      find(instrument.symbol)?.name,
      ...fields.map(([, worth]) => worth(instrument, nowMs)),
      instrument.asOfMs === undefined ? undefined : new Date(instrument.asOfMs).toISOString(),
    ]),
  ];
}

type Field = [head: string, worth: (instrument: Instrument, nowMs: number) => Value];

/** A column as fields: a range is two, and a course is none. */
function fieldsOf(id: ColumnId): Field[] {
  if (id === "range") {
    return [
      ["Low", ({ day }) => day.range?.[0]],
      ["High", ({ day }) => day.range?.[1]],
    ];
  }
  const { label, value, isShare, isOfTime } = COLUMNS[id];
  if (value === undefined) {
    return [];
  }
  const scale = isShare ? 100 : isOfTime ? 1e-3 : 1;
  const head = isOfTime ? `${label} (s)` : label;
  const exact = (number: number) => Number((number * scale).toPrecision(12));
  return [
    [
      head,
      (instrument, nowMs) => {
        const number = value(instrument, nowMs);
        return number === undefined ? undefined : exact(number);
      },
    ],
  ];
}
