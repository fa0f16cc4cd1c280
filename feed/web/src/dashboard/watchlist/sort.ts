/** Sorting a watchlist by any of its columns. Pure. */

import type { Instrument } from "../../market/instrument.ts";

export const COLUMNS = ["symbol", "last", "change", "bid", "ask", "spread"] as const;
export type Column = (typeof COLUMNS)[number];

/** Undefined: in the user's own order. */
export interface Order {
  column: Column;
  isDescending: boolean;
}

/** The order after a click on a column's head: first one way, then the other, then none. */
export function nextOrder(order: Order | undefined, column: Column): Order | undefined {
  const first = column !== "symbol"; // numbers begin with the largest, names with A
  if (order?.column !== column) {
    return { column, isDescending: first };
  }
  return order.isDescending === first ? { column, isDescending: !first } : undefined;
}

/** Sort instruments; those without a value come last either way, equal ones by symbol. */
export function sortBy(instruments: readonly Instrument[], order: Order | undefined): Instrument[] {
  if (order === undefined) {
    return [...instruments];
  }
  const sign = order.isDescending ? -1 : 1;
  return [...instruments].sort((a, b) => {
    if (order.column === "symbol") {
      return sign * compare(a.symbol, b.symbol);
    }
    const [left, right] = [a[order.column], b[order.column]];
    if (left === undefined || right === undefined) {
      return (
        Number(left === undefined) - Number(right === undefined) || compare(a.symbol, b.symbol)
      );
    }
    return sign * compare(left, right) || compare(a.symbol, b.symbol);
  });
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
