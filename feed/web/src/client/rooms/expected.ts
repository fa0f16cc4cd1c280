/** The list of a room as it will be once what waits has arrived. Pure. */

import type { EntryWord } from "../wire/deskwords.ts";
import type { Unsent } from "./outbox.ts";

export function entriesWith(
  entries: readonly EntryWord[],
  unsent: readonly Unsent[],
): readonly EntryWord[] {
  let list = entries;
  for (const { action, refused } of unsent) {
    if (action.kind !== "list" || refused !== undefined) {
      continue;
    }
    const { op, symbol, before, note, version } = action;
    const place = list.findIndex((entry) => entry.symbol === symbol);
    const earlier = list[place] ?? blank(symbol);
    const entry = { ...earlier, version: version + 1, note: note ?? earlier.note };
    const others = list.filter((other) => other.symbol !== symbol);
    if (op === "remove") {
      list = others;
    } else if (op === "move" || place === -1) {
      const at = others.findIndex((other) => other.symbol === before);
      list = others.toSpliced(at === -1 ? others.length : at, 0, entry);
    } else {
      list = list.with(place, entry);
    }
  }
  return list;
}

function blank(symbol: string): EntryWord {
  return { T: "entry", room: "", symbol, version: 0, place: 0, note: "", from: "", by: "", t: "" };
}
