/** Sorting a watchlist by any of its columns, and when it holds still. Pure. */

import type { Instrument } from "../../market/instrument.ts";
import { COLUMNS, type ColumnId, isColumn } from "./columns.ts";

export type SortKey = "symbol" | ColumnId;

/** Undefined: in the user's own order. */
export interface Order {
  column: SortKey;
  isDescending: boolean;
}

/** Whether a text names what can be sorted by. */
export function isSortKey(text: string): text is SortKey {
  return text === "symbol" || (isColumn(text) && COLUMNS[text].value !== undefined);
}

/** The order after a click on a column's head: first one way, then the other, then none. */
export function nextOrder(order: Order | undefined, column: SortKey): Order | undefined {
  const first = column !== "symbol"; // numbers begin with the largest, names with A
  if (order?.column !== column) {
    return { column, isDescending: first };
  }
  return order.isDescending === first ? { column, isDescending: !first } : undefined;
}

/** Sort instruments; those without a value come last either way, equal ones by symbol. */
export function sortBy(
  instruments: readonly Instrument[],
  order: Order | undefined,
  nowMs: number,
): Instrument[] {
  if (order === undefined) {
    return [...instruments];
  }
  const sign = order.isDescending ? -1 : 1;
  const { column } = order;
  if (column === "symbol") {
    return [...instruments].sort((a, b) => sign * compare(a.symbol, b.symbol));
  }
  const worth = COLUMNS[column].value;
  // Each value is asked for once, not with every comparison.
  const valued = instruments.map((instrument) => ({
    instrument,
    value: worth?.(instrument, nowMs),
  }));
  valued.sort((a, b) => {
    if (a.value === undefined || b.value === undefined) {
      return (
        Number(a.value === undefined) - Number(b.value === undefined) ||
        compare(a.instrument.symbol, b.instrument.symbol)
      );
    }
    return sign * compare(a.value, b.value) || compare(a.instrument.symbol, b.instrument.symbol);
  });
  return valued.map(({ instrument }) => instrument);
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A row that was walked to by keys stays where it is for so long. */
const WALKED_MS = 5_000;

/** What tells whether rows may move. */
export interface Handling {
  /** The pointer is over the rows. */
  isPointed: boolean;
  /** A row is being dragged. */
  isDragging: boolean;
  /** When rows were walked by keys last. */
  walkedMs: number;
}

/** Whether values move under a sorted list while its rows hold still: somebody is about to click. */
export function isPaused(
  order: Order | undefined,
  { isPointed, isDragging, walkedMs }: Handling,
  nowMs: number,
): boolean {
  const isMoving = order !== undefined && order.column !== "symbol";
  return isMoving && (isPointed || isDragging || nowMs - walkedMs < WALKED_MS);
}
