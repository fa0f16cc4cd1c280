/** The keys of the dashboard. */

import type { Table } from "../elements/watchlist/table.ts";
import type { AnswerDoor } from "./answer/door.ts";
import type { Drawer } from "./connection/drawer.ts";
import type { Panel } from "./connection/panel.ts";
import type { DeskDoor } from "./desk/door.ts";
import { byId } from "./ui/dom.ts";
import type { Search } from "./watchlist/search.ts";

/** Keys that work everywhere but in a field. */
export function listenToKeys(
  search: Search,
  table: Table,
  panel: Panel,
  drawer: Drawer,
  door: AnswerDoor,
  desk: DeskDoor,
): void {
  const help = byId<HTMLDialogElement>("help");
  const keys: Record<string, () => void> = {
    "/": () => search.focus(),
    w: () => table.focus(),
    a: () => door.focus(),
    r: () => desk.focus(),
    c: () => drawer.toggle(),
    x: () => panel.controls.cut(),
    "1": () => byId("timeframe-1s").click(),
    "2": () => byId("timeframe-1m").click(),
    "3": () => byId("timeframe-1d").click(),
    "?": () => help.showModal(),
  };
  byId("show-help").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const isTyping = target.closest("input:not([type=radio]), select, textarea") !== null;
    const act = keys[event.key];
    if (act !== undefined && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  });
}
