/** The dashboard: makes the parts and lets them know of each other. */

import "./styles/base.css";
import "./styles/layout.css";
import "./styles/watchlist.css";
import "./styles/detail.css";
import "./styles/connection.css";
import "./styles/pill.css";
import "./styles/tape.css";
import "./styles/answer.css";
import "./styles/desk.css";
import { FeedClient, isSymbol, Refused, type Symbols } from "../client/index.ts";
import { Chart } from "../elements/chart/chart.ts";
import { Painter } from "../elements/painter.ts";
import { Directory, fetchListings, SignInDue } from "../market/directory.ts";
import { CourseLoader, fetchBars, type Timeframe } from "../market/history.ts";
import { Market } from "../market/market.ts";
import { AnswerDoor } from "./answer/door.ts";
import { Detail } from "./chart/detail.ts";
import { chartHost } from "./chart/host.ts";
import { Drawer } from "./connection/drawer.ts";
import { Panel } from "./connection/panel.ts";
import { DeskDoor } from "./desk/door.ts";
import { TapePlace } from "./tape.ts";
import { byId } from "./ui/dom.ts";
import { onPaletteChange } from "./ui/palette.ts";
import { serverUrl } from "./ui/server-url.ts";
import { offerSignOut, signIn } from "./ui/sign-in.ts";
import { Snippets } from "./ui/snippets.ts";
import { Search } from "./watchlist/search.ts";
import { Table } from "./watchlist/table.ts";
import { Watchlist } from "./watchlist/watchlist.ts";

const RETRY_MS = 2_000;
const START_OVER_MS = 1_000;

/** Wait for the list of symbols; the page says so as long as there is none. */
async function load(): Promise<Directory> {
  const note = byId<HTMLElement>("loading");
  for (;;) {
    try {
      const directory = new Directory(await fetchListings());
      note.hidden = true;
      return directory;
    } catch (error) {
      if (error instanceof SignInDue) {
        await signIn();
        continue;
      }
      const { message } = error as Error;
      note.textContent = `The list of symbols could not be loaded: ${message}. Trying again…`;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function main(): Promise<void> {
  const client = new FeedClient({ url: serverUrl(), feedback: true });
  Object.assign(globalThis, { feed: client }); // for people that open the console
  const painter = new Painter();
  const drawer = new Drawer(); // at once: what is wrong is told there
  const market = new Market();
  let subscribe = () => {}; // nothing is known to subscribe to yet
  let learn = (_: number) => {};
  const panel = new Panel(
    client,
    market,
    () => subscribe(),
    (count) => learn(count),
  );
  offerSignOut();
  const directory = await load();
  market.learn(directory.listings);
  const chart = new Chart(painter, chartHost());
  onPaletteChange(() => chart.recolour());
  const detail = new Detail(painter);
  const snippets = new Snippets();
  const tape = new TapePlace(client, market);
  let chosen: string | undefined;
  let subscribed: Symbols = {};

  const courses = new CourseLoader((symbol, points) => {
    market.get(symbol).series.seed(points);
    table.courseLoaded(symbol);
    if (symbol === chosen) {
      detail.redraw();
    }
  });

  const watchlist = new Watchlist(() => {
    table.show(watchlist.symbols);
    const { shared, isAll, symbols } = watchlist;
    const count = isAll ? `All ${symbols.length}` : String(symbols.length);
    byId("count").textContent = shared === undefined ? count : `${count} of room ${shared.name}`;
    byId("watch-all").hidden = shared !== undefined; // that is one's own
    byId("watch-none").hidden = shared !== undefined;
    courses.request(watchlist.symbols);
    subscribe();
  });

  const table = new Table(market, directory, painter, {
    choose,
    remove: (symbol) => watchlist.remove(symbol),
    visible: (symbols) => courses.request(chosen === undefined ? symbols : [chosen, ...symbols]),
  });

  const search = new Search(directory, {
    isWatched: (symbol) => watchlist.has(symbol),
    pick: (symbol) => {
      watchlist.add(symbol);
      choose(symbol);
      table.focus();
    },
  });

  /** Ask for the watched symbols, and for the bars of the charted one. */
  subscribe = () => {
    // A slow reader of a few quiet symbols would not be slow.
    const isAll = watchlist.isAll || panel.controls.isSlowed;
    const watched = isAll ? ["*"] : [...watchlist.symbols];
    if (chosen !== undefined && !isAll && !watchlist.has(chosen)) {
      watched.push(chosen);
    }
    const charted = chosen === undefined ? [] : [chosen];
    const wanted: Symbols = {
      trades: watched,
      quotes: watched,
      statuses: watched,
      bars: charted,
      updatedBars: charted,
      secondBars: charted,
    };
    const gone = less(subscribed, wanted);
    subscribed = wanted;
    client.subscribe(wanted);
    client.unsubscribe(gone);
  };

  function choose(symbol: string): void {
    chosen = symbol;
    table.chosen = symbol;
    detail.show(market.get(symbol), directory.get(symbol));
    chart.show(symbol, chart.timeframe, market.get(symbol).decimals);
    snippets.show(symbol);
    tape.show(symbol);
    courses.request([symbol]);
    void loadDay(symbol);
    subscribe();
  }

  /** Ask for the day of a symbol, and the one before; what cannot be had is not shown. */
  async function loadDay(symbol: string): Promise<void> {
    try {
      market.get(symbol).day.begin(await fetchBars(symbol, "1d", 1));
      detail.redraw();
    } catch {
      // The chart says why there are no past bars.
    }
  }

  client.on("batch", ({ ticks, isSnapshot }) => {
    if (isSnapshot) {
      market.restate(ticks);
    } else {
      if (market.take(ticks)) {
        startOver();
      }
      chart.take(ticks);
    }
    if (chosen !== undefined) {
      chart.decimals = market.get(chosen).decimals;
    }
    painter.request();
  });
  client.on("gap", () => {
    chart.reload();
    if (chosen !== undefined) {
      void loadDay(chosen);
    }
  });
  client.on("problem", (error) => {
    if (error instanceof Refused && (error.code === 401 || error.code === 402)) {
      location.reload(); // the visit has ended: sign in again
    }
  });
  client.on("warning", ({ reason, names, nearest }) => {
    for (const name of reason === "unlisted" ? names : []) {
      const listed = nearest[name];
      market.get(name).warn(`not listed${listed === undefined ? "" : `; ${listed}?`}`);
    }
    painter.request();
  });

  let known = directory.size;
  /** Ask for the list of symbols again when there are more than at any time before. */
  learn = (count) => {
    if (count > known) {
      known = count;
      fetchListings().then(
        (listings) => {
          directory.learn(listings);
          market.learn(listings);
          search.recount();
          watchlist.know(directory.symbols());
        },
        () => {
          known = directory.size; // it is asked for again
        },
      );
    }
  };

  let startedOverMs = Number.NEGATIVE_INFINITY;
  let startingOver: ReturnType<typeof setTimeout> | undefined;
  /** Draw everything anew, now or soon: a recording may begin anew many times a second. */
  function startOver(): void {
    clearTimeout(startingOver);
    const leftMs = startedOverMs + START_OVER_MS - performance.now();
    if (leftMs > 0) {
      startingOver = setTimeout(startOver, leftMs);
      return;
    }
    startedOverMs = performance.now();
    courses.restart();
    courses.request(watchlist.symbols);
    chart.restart();
    if (chosen !== undefined) {
      void loadDay(chosen);
    }
  }

  byId("timeframes").addEventListener("change", (event) => {
    if (chosen !== undefined) {
      const timeframe = (event.target as HTMLInputElement).value as Timeframe;
      chart.show(chosen, timeframe, market.get(chosen).decimals);
    }
  });
  byId("watch-all").addEventListener("click", () => watchlist.watchAll());
  byId("watch-none").addEventListener("click", () => watchlist.clear());
  const door = new AnswerDoor();
  const desk = new DeskDoor(client, watchlist, () => chosen);
  listenToKeys(search, table, panel, drawer, door, desk);

  for (const text of watchlist.begin(directory.symbols())) {
    panel.warn(`${text} cannot be a symbol`);
  }
  const asked = new URLSearchParams(location.search).get("symbol");
  if (asked !== null && isSymbol(asked)) {
    choose(asked);
  } else {
    // The busiest is not known yet; the one that traded last is likely to be a busy one.
    const off = client.on("batch", () => {
      off();
      const last = market.lastTraded();
      if (chosen === undefined && last !== undefined) {
        choose(last);
      }
    });
  }
}

/** The symbols that `before` asked for and `after` does not. */
function less(before: Symbols, after: Symbols): Symbols {
  const gone: Symbols = {};
  for (const [channel, symbols] of Object.entries(before) as [keyof Symbols, string[]][]) {
    const kept = new Set(after[channel]);
    gone[channel] = symbols.filter((symbol) => !kept.has(symbol));
  }
  return gone;
}

/** Keys that work everywhere but in a field. */
function listenToKeys(
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

void main();
