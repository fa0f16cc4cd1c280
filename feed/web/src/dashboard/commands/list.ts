/** All commands of the page: a new one is added here, and is in the palette, the keys and their overview. */

import { COLUMN_IDS, COLUMNS } from "../../elements/watchlist/columns.ts";
import { isSortKey } from "../../elements/watchlist/sort.ts";
import { TIMEFRAMES } from "../../market/timeframes.ts";
import type { AnswerDoor } from "../answer/door.ts";
import type { ChartGrid } from "../chart/grid.ts";
import { COUNTS } from "../chart/layout.ts";
import type { Controls } from "../connection/controls.ts";
import type { Drawer } from "../connection/drawer.ts";
import type { DeskDoor } from "../desk/door.ts";
import type { GlancePlace } from "../glance/place.ts";
import type { SymbolMenu } from "../symbolmenu.ts";
import type { ColourSwitch } from "../ui/colours.ts";
import type { ThemeSwitch } from "../ui/theme.ts";
import type { WallDoor } from "../wall/door.ts";
import type { ListPlace } from "../watchlist/place.ts";
import type { Search } from "../watchlist/search.ts";
import { LETTERS } from "./chord.ts";
import type { Command } from "./command.ts";
import type { CommandDoor } from "./door.ts";
import type { SingleKeys } from "./singlekeys.ts";

/** What commands act on. */
export interface Page {
  search: Pick<Search, "focus">;
  list: Pick<
    ListPlace,
    | ("watchlist" | "table" | "walk" | "density" | "columns" | "arrange")
    | ("exportList" | "exportShown" | "copyLink" | "isFiltering" | "showAll")
  >;
  charts: Pick<ChartGrid, "showTimeframe" | "showCount">;
  theme: Pick<ThemeSwitch, "theme">;
  colours: Pick<ColourSwitch, "colours">;
  controls: Pick<Controls, "cut" | "reconnect" | "choices">;
  drawer: Pick<Drawer, "toggle" | "isOpen">;
  question: Pick<AnswerDoor, "focus">;
  symbolMenu: Pick<SymbolMenu, "alert">;
  desk: Pick<DeskDoor, "focus" | "open">;
  glance: Pick<GlancePlace, "heat" | "toggle" | "close">;
  wall: Pick<WallDoor, "isOn" | "show" | "leave">;
  door: Pick<CommandDoor, "open" | "showKeys">;
  singleKeys: Pick<SingleKeys, "areOn" | "set">;
  /** Links to other pages, and what else is a button in the head. */
  links(): { name: string; go(): void }[];
  /** Tell what came of something. */
  say(words: string): void;
}

/** The seconds after which the wall shows another symbol, where that is a command. */
const ROTATION_S = 15;

export function commandsOf(page: Page): Command[] {
  return [
    ...symbolCommands(page),
    ...watchlistCommands(page),
    ...listCommands(page),
    ...sortCommands(page),
    ...chartCommands(page),
    ...lookCommands(page),
    ...connectionCommands(page),
    ...deskCommands(page),
    ...page.links().map(({ name, go }) => ({ group: "Pages" as const, name, run: go })),
    ...keyCommands(page),
  ];
}

function symbolCommands({ search, list, wall }: Page): Command[] {
  const group = "Symbols" as const;
  const when = () => !wall.isOn;
  return [
    {
      group,
      name: "Search a symbol by its first letters",
      keys: [LETTERS],
      when,
      run: () => search.focus(),
    },
    { group, name: "Search a symbol", keys: ["/"], when, run: () => search.focus() },
    { group, name: "Choose the symbol below", keys: ["ArrowDown"], run: () => list.walk(1) },
    { group, name: "Choose the symbol above", keys: ["ArrowUp"], run: () => list.walk(-1) },
  ];
}

/** Go to what the heat map hides. */
function behindHeat({ glance }: Page, go: () => void): () => void {
  return () => {
    glance.close();
    go();
  };
}

function watchlistCommands(page: Page): Command[] {
  const group = "Watchlist" as const;
  const { list, wall, say } = page;
  const { watchlist, table } = list;
  const active = table.active ?? "";
  const isOwn = () => watchlist.shared === undefined;
  return [
    {
      group,
      name: "Go to the watchlist",
      keys: ["Alt+w"],
      when: () => !wall.isOn,
      run: behindHeat(page, () => table.focus()),
    },
    {
      group,
      name: `Stop watching ${active || "the chosen symbol"}`,
      keys: ["Delete"],
      within: "the watchlist",
      when: () => watchlist.has(active),
      run: () => watchlist.remove(active),
    },
    {
      group,
      name: "Move the chosen symbol",
      keys: ["Alt+ArrowUp", "Alt+ArrowDown"],
      within: "the watchlist",
    },
    {
      group,
      name: "Undo what was done to the list",
      keys: ["Ctrl+z"],
      when: () => watchlist.done !== undefined,
      run: () => watchlist.undo(),
    },
    {
      group,
      name: watchlist.isAll ? "Watch the list again" : "Watch all symbols",
      when: isOwn,
      run: () => watchlist.toggleAll(),
    },
    {
      group,
      name: "Clear the list",
      when: () => isOwn() && watchlist.symbols.length > 0,
      run: () => watchlist.clear(),
    },
    {
      group,
      name: "Keep the list of the link",
      when: () => watchlist.isLinked,
      run: () => watchlist.keep(),
    },
    {
      group,
      name: "Delete the list",
      when: () => isOwn() && !watchlist.isLinked && watchlist.lists.length > 1,
      run: () => watchlist.delete(),
    },
    {
      group,
      name: "Show all of the list, whatever its sector and class",
      when: () => list.isFiltering,
      run: () => list.showAll(),
    },
    { group, name: "Export the list (CSV)", run: () => list.exportList() },
    { group, name: "Export what is shown (CSV)", run: () => list.exportShown() },
    { group, name: "Copy a link to this view", run: async () => say(await list.copyLink()) },
  ];
}

/** Each list that could be shown instead. */
function listCommands({ list: { watchlist } }: Page): Command[] {
  const group = "Watchlist" as const;
  const { lists, current, shared, offered, isLinked } = watchlist;
  const isShown = (name: string) => shared === undefined && !isLinked && name === current.name;
  const own = lists
    .filter(({ name }) => !isShown(name))
    .map(({ name }) => ({ group, name: `List: ${name}`, run: () => watchlist.select(name) }));
  return offered === undefined || shared !== undefined
    ? own
    : [...own, { group, name: `List: room ${offered.name}`, run: () => watchlist.selectShared() }];
}

function sortCommands({ list }: Page): Command[] {
  const group = "Watchlist" as const;
  const { table } = list;
  const [density, other] =
    list.density === "compact"
      ? (["comfortable", "Rows: comfortable"] as const)
      : (["compact", "Rows: compact"] as const);
  return [
    {
      group,
      name: "Sort by one's own order",
      when: () => table.order !== undefined,
      run: () => table.sort(undefined),
    },
    {
      group,
      name: "Sort by symbol",
      run: () => table.sort({ column: "symbol", isDescending: false }),
    },
    ...COLUMN_IDS.filter(isSortKey).map((column) => ({
      group,
      name: `Sort by ${COLUMNS[column].label} (${COLUMNS[column].words.toLowerCase()})`,
      run: () => table.sort({ column, isDescending: true }),
    })),
    { group, name: other, run: () => list.arrange(list.columns, density) },
    { group, name: "Columns: as many as fit", run: () => list.arrange(undefined, list.density) },
  ];
}

function chartCommands({ charts }: Page): Command[] {
  const group = "Charts" as const;
  const counts = { 1: "One chart", 2: "Two charts", 4: "Four charts" } as const;
  return [
    ...Object.values(TIMEFRAMES).map(({ words }, place) => ({
      group,
      name: `Bars of ${words}`,
      keys: [String(place + 1)],
      run: () => charts.showTimeframe(place),
    })),
    ...COUNTS.map((count) => ({
      group,
      name: counts[count],
      run: () => charts.showCount(count),
    })),
    {
      group,
      name: "Walk the bars",
      within: "a chart",
      keys: ["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"],
    },
    {
      group,
      name: "Move the price of the crosshair",
      within: "a chart",
      keys: ["ArrowUp", "ArrowDown"],
    },
    { group, name: "Zoom", within: "a chart", keys: ["+", "-"] },
  ];
}

function lookCommands({ theme, colours, glance, wall }: Page): Command[] {
  const group = "Look" as const;
  const heat = glance.heat === undefined ? "Show the heat map" : "Put the heat map away";
  const isOn = () => wall.isOn;
  const isOff = () => !wall.isOn;
  return [
    ...([undefined, "light", "dark"] as const).map((wanted) => ({
      group,
      name: `Theme: ${wanted ?? "as the system"}`,
      when: () => theme.theme !== wanted,
      run: () => {
        theme.theme = wanted;
      },
    })),
    ...(["green-red", "blue-orange"] as const).map((wanted) => ({
      group,
      name: `Colours: ${wanted.replace("-", " and ")}`,
      when: () => (colours.colours ?? "green-red") !== wanted,
      run: () => {
        colours.colours = wanted;
      },
    })),
    { group, name: heat, keys: ["Alt+h"], when: isOff, run: () => glance.toggle() },
    { group, name: "Wall: one symbol, readable from afar", when: isOff, run: () => wall.show(1) },
    {
      group,
      name: `Wall: another symbol of the list every ${ROTATION_S} seconds`,
      run: () => wall.show(ROTATION_S),
    },
    { group, name: "Leave the wall", when: isOn, run: () => wall.leave() },
  ];
}

function connectionCommands({ controls, drawer }: Page): Command[] {
  const group = "Connection" as const;
  const name = drawer.isOpen ? "Put the connection away" : "Show the connection";
  return [
    { group, name, keys: ["Alt+c"], run: () => drawer.toggle() },
    {
      group,
      name: "Cut the connection for three seconds",
      keys: ["Alt+x"],
      run: () => controls.cut(),
    },
    { group, name: "Connect anew", run: () => controls.reconnect() },
    ...controls.choices.map(({ words, choose }) => ({ group, name: words, run: choose })),
  ];
}

function deskCommands(page: Page): Command[] {
  const { question, symbolMenu, desk, wall } = page;
  const group = "Desk" as const;
  const to = (go: () => void) => behindHeat(page, go);
  const when = () => !wall.isOn;
  return [
    { group, name: "Ask a question", keys: ["Alt+q"], when, run: to(() => question.focus()) },
    {
      group,
      name: "Set an alert on the chosen symbol",
      keys: ["Alt+a"],
      when,
      run: to(() => symbolMenu.alert()),
    },
    { group, name: "Set an alert at the crosshair", keys: ["Enter"], within: "a chart" },
    { group, name: "Menu of the symbol", keys: ["Shift+F10"], within: "the watchlist" },
    { group, name: "Go to the room", keys: ["Alt+r"], when, run: to(() => desk.focus()) },
    { group, name: "Go to alerts", when, run: to(() => desk.open("alerts")) },
    { group, name: "Go to exports", when, run: to(() => desk.open("jobs")) },
  ];
}

function keyCommands({ door, singleKeys }: Page): Command[] {
  const group = "Keys" as const;
  const isOn = singleKeys.areOn;
  return [
    {
      group,
      name: "Commands and symbols",
      keys: ["Ctrl+k"],
      run: () => door.open(),
      isEverywhere: true,
    },
    { group, name: "All keys", keys: ["?"], run: () => door.showKeys() },
    { group, name: "Put away what lies on top", keys: ["Escape"] },
    {
      group,
      name: `Letters, digits and signs as keys: ${isOn ? "off" : "on"}`,
      run: () => singleKeys.set(!isOn),
    },
  ];
}
