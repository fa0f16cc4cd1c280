/** The keys of the dashboard. */

import type { Table } from "../elements/watchlist/table.ts";
import { TIMEFRAMES } from "../market/timeframes.ts";
import type { AnswerDoor } from "./answer/door.ts";
import type { ChartGrid } from "./chart/grid.ts";
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
  charts: ChartGrid,
): void {
  const help = byId<HTMLDialogElement>("help");
  const keys: Record<string, () => void> = {
    "/": () => search.focus(),
    w: () => table.focus(),
    a: () => door.focus(),
    r: () => desk.focus(),
    c: () => drawer.toggle(),
    x: () => panel.controls.cut(),
    "?": () => help.showModal(),
  };
  for (const place of Object.keys(TIMEFRAMES).keys()) {
    keys[String(place + 1)] = () => charts.showTimeframe(place);
  }
  byId("show-help").addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    const target = event.composedPath()[0] as HTMLElement; // within an element, too
    const isTyping = target.closest("input:not([type=radio]), select, textarea") !== null;
    const act = keys[event.key];
    if (act !== undefined && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  });
}
