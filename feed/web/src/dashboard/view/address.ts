/**
 * The view of the dashboard as the query of its address, and back. Pure.
 *
 * A value that is not accepted stands for the default, and is told. Parameters of other parts of the
 * page are left as they are.
 */

import { isSymbol } from "../../client/index.ts";
import { COLUMN_IDS, type ColumnId, isColumn } from "../../elements/watchlist/columns.ts";
import { isSortKey, type Order } from "../../elements/watchlist/sort.ts";
import { MEASURES, type Measure } from "../../market/overview.ts";
import { isZone } from "../../market/zone.ts";
import { MOST_SYMBOLS, whyNotName } from "../watchlist/lists.ts";

const DENSITIES = ["comfortable", "compact"] as const;
export type Density = (typeof DENSITIES)[number];
const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
/** Of up and down. */
const COLOURS = ["green-red", "blue-orange"] as const;
export type Colours = (typeof COLOURS)[number];

/** What is undefined is as by default. */
export interface View {
  symbol?: string | undefined;
  /** The timeframe of the chart. */
  frame?: string | undefined;
  /** How charts are laid out. */
  layout?: string | undefined;
  /** The name of the list. */
  list?: string | undefined;
  /** The symbols of the list; `*` among them: everything. */
  symbols?: readonly string[] | undefined;
  /** The columns of the list. */
  columns?: readonly ColumnId[] | undefined;
  density?: Density | undefined;
  sort?: Order | undefined;
  sector?: string | undefined;
  assetClass?: string | undefined;
  /** What the tiles of the heat map are as large as, while it is open. */
  heat?: Measure | undefined;
  theme?: Theme | undefined;
  colours?: Colours | undefined;
  /** On a wall: 1 for one symbol, more for another one after so many seconds. */
  wall?: number | undefined;
  /** The time zone of all clocks, such as "America/New_York". */
  zone?: string | undefined;
}

/** What the page has, of which the address names one. */
export interface Offered {
  frames: readonly string[];
  layouts: readonly string[];
}

export interface Read {
  view: View;
  /** What was not accepted, in words. */
  refused: string[];
}

/** Of each part of the view its parameter; in this order they are written. */
const PARAMETER = {
  symbol: "symbol",
  frame: "frame",
  layout: "layout",
  list: "list",
  symbols: "symbols",
  columns: "columns",
  density: "density",
  sort: "sort",
  sector: "sector",
  assetClass: "class",
  heat: "heat",
  theme: "theme",
  colours: "colours",
  wall: "wall",
  zone: "zone",
} as const satisfies Record<keyof View, string>;

/** More symbols than this make an address that is too long to be sent around. */
export const MOST_IN_ADDRESS = 250;
const LONGEST_WORD = 80;
/** Nobody reads a wall that changes faster. */
const LEAST_WALL_S = 5;
const MOST_WALL_S = 3_600;

/** Whether an address says what is to be seen; on a wall may be what was seen last. */
export function hasView(search: string): boolean {
  const query = new URLSearchParams(search);
  return Object.values(PARAMETER).some((name) => name !== PARAMETER.wall && query.has(name));
}

/** Read the query of an address. */
export function readView(search: string, { frames, layouts }: Offered): Read {
  const query = new URLSearchParams(search);
  const refused: string[] = [];
  const refuse = (name: string, value: string, accepted: string): undefined => {
    refused.push(`${name}=${shorten(value)} is not accepted; accepted: ${accepted}`);
  };
  const read = <Value>(
    name: string,
    parse: (text: string) => Value | undefined,
    accepted: string,
  ): Value | undefined => {
    const [text, ...more] = query.getAll(name);
    if (more.length > 0) {
      refuse(name, more.join(` and ${name}=`), `${name} once; the first one counts`);
    }
    if (text === undefined || text === "") {
      return undefined;
    }
    return parse(text) ?? refuse(name, text, accepted);
  };
  const oneOf = <Value extends string>(name: string, values: readonly Value[]) =>
    read(name, (text) => values.find((value) => value === text), values.join(", "));
  const word = (name: string) =>
    read(name, (text) => (isWord(text) ? text : undefined), `up to ${LONGEST_WORD} characters`);
  const view: View = {
    symbol: read("symbol", (text) => (isSymbol(text) ? text : undefined), "one symbol"),
    frame: oneOf("frame", frames),
    layout: layouts.length === 0 ? undefined : oneOf("layout", layouts),
    list: read(
      "list",
      (text) => (whyNotName(text) === undefined ? text : undefined),
      "the name of a list",
    ),
    symbols: readSymbols(query.get("symbols"), refused),
    columns: read("columns", readColumns, `some of ${COLUMN_IDS.join(", ")}`),
    density: oneOf("density", DENSITIES),
    sort: read(
      "sort",
      readSort,
      "symbol or a column that has values, with - for the largest first",
    ),
    sector: word("sector"),
    assetClass: word("class"),
    heat: oneOf("heat", MEASURES),
    theme: oneOf("theme", THEMES),
    colours: oneOf("colours", COLOURS),
    wall: read(
      "wall",
      readWall,
      `1, or the seconds for each symbol of the list: ${LEAST_WALL_S} to ${MOST_WALL_S}`,
    ),
    zone: read(
      "zone",
      (text) => (isZone(text) ? text : undefined),
      "a time zone such as UTC or America/New_York",
    ),
  };
  return { view, refused };
}

/** Each symbol is refused alone: the others are shown. `symbols=` is a list without any. */
function readSymbols(text: string | null, refused: string[]): string[] | undefined {
  if (text === null) {
    return undefined;
  }
  const asked = [...new Set(text.split(","))].filter((symbol) => symbol !== "");
  const symbols = asked.filter((symbol) => symbol === "*" || isSymbol(symbol));
  for (const symbol of asked) {
    if (symbol !== "*" && !isSymbol(symbol)) {
      refused.push(`${shorten(symbol)} cannot be a symbol`);
    }
  }
  if (symbols.length > MOST_SYMBOLS) {
    refused.push(`symbols= names ${symbols.length}; the first ${MOST_SYMBOLS} are shown`);
  }
  return symbols.slice(0, MOST_SYMBOLS);
}

function readColumns(text: string): ColumnId[] | undefined {
  const names = [...new Set(text.split(","))];
  return names.every(isColumn) ? names : undefined;
}

function readSort(text: string): Order | undefined {
  const isDescending = text.startsWith("-");
  const column = isDescending ? text.slice(1) : text;
  return isSortKey(column) ? { column, isDescending } : undefined;
}

function readWall(text: string): number | undefined {
  const seconds = /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  const isRotating = seconds >= LEAST_WALL_S && seconds <= MOST_WALL_S;
  return seconds === 1 || isRotating ? seconds : undefined;
}

function isWord(text: string): boolean {
  return text.length <= LONGEST_WORD && !/\p{C}/u.test(text);
}

function shorten(text: string): string {
  return text.length <= LONGEST_WORD ? text : `${text.slice(0, LONGEST_WORD)}…`;
}

/** A view with the look of one's own where it says nothing of it: nobody reads by colours of others. */
export function withLook(view: View, own: View): View {
  const { theme = own.theme, colours = own.colours, zone = own.zone } = view;
  return { ...view, theme, colours, zone };
}

/** Write a view into the query of an address, beside what is there of others. */
export function writeView(view: View, search: string): string {
  const query = new URLSearchParams(search);
  for (const [part, name] of Object.entries(PARAMETER) as [keyof View, string][]) {
    query.delete(name);
    const text = written(view, part);
    if (text !== undefined) {
      query.set(name, text);
    }
  }
  // What a query may hold as it is stays readable: `symbols=AAPL,BRK.B,BTC/USD`, `*`.
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text === "" ? "" : `?${text}`;
}

function written(view: View, part: keyof View): string | undefined {
  switch (part) {
    case "symbols": {
      const { symbols } = view;
      return symbols === undefined || symbols.length > MOST_IN_ADDRESS
        ? undefined
        : symbols.join(",");
    }
    case "columns":
      return view.columns?.join(",");
    case "wall":
      return view.wall?.toString();
    case "sort": {
      const { sort } = view;
      return sort && `${sort.isDescending ? "-" : ""}${sort.column}`;
    }
    default:
      return view[part];
  }
}
