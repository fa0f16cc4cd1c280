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
import "./styles/commands.css";
import "./styles/floating.css";
import "./styles/glance.css";
import "./styles/allday.css";
import { FeedClient, type Symbols } from "../client/index.ts";
import { Painter } from "../elements/painter.ts";
import { Source } from "../elements/source.ts";
import { Directory, fetchListings, SignInDue } from "../market/directory.ts";
import { Market } from "../market/market.ts";
import { TIMEFRAMES } from "../market/timeframes.ts";
import { AllDay } from "./allday/allday.ts";
import { AnswerDoor } from "./answer/door.ts";
import { Detail } from "./chart/detail.ts";
import { ChartGrid } from "./chart/grid.ts";
import { COUNTS } from "./chart/layout.ts";
import { CommandDoor } from "./commands/door.ts";
import { commandsOf } from "./commands/list.ts";
import { SingleKeys } from "./commands/singlekeys.ts";
import { Drawer } from "./connection/drawer.ts";
import { Panel } from "./connection/panel.ts";
import { DeskDoor } from "./desk/door.ts";
import { GlancePlace } from "./glance/place.ts";
import { isMac, listenToKeys } from "./keys.ts";
import { SymbolMenu } from "./symbolmenu.ts";
import { TapePlace } from "./tape.ts";
import { ColourSwitch } from "./ui/colours.ts";
import { byId } from "./ui/dom.ts";
import { Ending } from "./ui/ending.ts";
import { links } from "./ui/links.ts";
import { onPaletteChange, paletteChanged } from "./ui/palette.ts";
import { say } from "./ui/said.ts";
import { serverUrl } from "./ui/server-url.ts";
import { followSignOut, offerSignOut, signIn, signInAgain } from "./ui/sign-in.ts";
import { Snippets } from "./ui/snippets.ts";
import { ThemeSwitch } from "./ui/theme.ts";
import { ViewKeeper } from "./view/keeper.ts";
import { titleOf } from "./view/title.ts";
import { WallDoor } from "./wall/door.ts";
import { less, wantedOf } from "./wanted.ts";
import { ListPlace } from "./watchlist/place.ts";
import { Search } from "./watchlist/search.ts";
import { ZoneMenu } from "./zone/menu.ts";
import { pageZone, setPageZone } from "./zone/page.ts";

const RETRY_MS = 2_000;
const START_OVER_MS = 1_000;
const TITLE_MS = 1_000;

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
        await signIn(error.message);
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
  let place: ListPlace | undefined;
  let chosen: string | undefined;
  const recoloured = () => {
    paletteChanged();
    view.changed();
  };
  const theme = new ThemeSwitch(recoloured);
  const colours = new ColourSwitch(recoloured);
  let charts: ChartGrid | undefined;
  let glancePlace: GlancePlace | undefined;
  let wall: WallDoor | undefined;
  const view: ViewKeeper = new ViewKeeper(
    { frames: Object.keys(TIMEFRAMES), layouts: COUNTS.map(String) },
    {
      look: () => ({
        symbol: chosen,
        frame: charts?.timeframe,
        layout: charts?.count,
        theme: theme.theme,
        colours: colours.colours,
        wall: wall?.seconds,
        heat: glancePlace?.heat,
        zone: pageZone().name || undefined,
        ...place?.view,
      }),
      isListKept: () => place?.watchlist.isLinked === false,
      looked: (chosenElsewhere) => {
        theme.theme = chosenElsewhere.theme;
        colours.colours = chosenElsewhere.colours;
        setPageZone(chosenElsewhere.zone ?? "");
      },
    },
  );
  theme.theme = view.initial.theme;
  colours.colours = view.initial.colours;
  setPageZone(view.initial.zone ?? "");
  new ZoneMenu(() => view.changed());
  const panel = new Panel(
    client,
    market,
    () => subscribe(),
    (count) => learn(count),
  );
  offerSignOut();
  followSignOut();
  const directory = await load();
  market.learn(directory.listings);
  const detail = new Detail(painter);
  const snippets = new Snippets();
  // Before the elements are told: what they show of a tick is in the market by then.
  client.on("batch", ({ ticks, isSnapshot }) => {
    if (isSnapshot) {
      market.restate(ticks);
    } else if (market.take(ticks)) {
      startOver();
    }
  });
  const source = new Source(serverUrl(), undefined, { client, market, painter });
  const tape = new TapePlace(source);
  const grid = new ChartGrid(source, {
    symbols: () => watchlist.symbols,
    choose,
    charted: () => subscribe(),
    changed: () => view.changed(),
  });
  charts = grid;
  let subscribed: Symbols = {};

  const list = new ListPlace({
    market,
    directory,
    painter,
    choose,
    watched: () => subscribe(),
    changed: () => view.changed(),
    loaded: (symbol) => symbol === chosen && detail.redraw(),
    link: () => view.link,
    first: source.first,
  });
  const { watchlist } = list;
  onPaletteChange(() => grid.recolour());

  const glance = new GlancePlace({
    choose,
    decimals: (symbol) => market.get(symbol).decimals,
    changed: () => view.changed(),
  });
  glancePlace = glance;

  const search = new Search(directory, { isWatched: (symbol) => watchlist.has(symbol), pick });

  /** Watch a symbol, and choose it. */
  function pick(symbol: string): void {
    watchlist.add(symbol);
    glance.close();
    choose(symbol);
    list.table.focus();
  }

  /** Ask for the watched symbols, and for the bars of the charted ones. */
  subscribe = () => {
    // A slow reader of a few quiet symbols would not be slow.
    const isAll = watchlist.isAll || panel.controls.isSlowed;
    const wanted = wantedOf(watchlist.symbols, grid.symbols, isAll);
    const gone = less(subscribed, wanted);
    subscribed = wanted;
    client.subscribe(wanted);
    client.unsubscribe(gone);
  };

  function choose(symbol: string): void {
    chosen = symbol;
    list.table.active = symbol;
    detail.show(market.get(symbol), directory.get(symbol));
    grid.show(symbol);
    snippets.show(symbol);
    tape.show(symbol);
    glance.mark(symbol);
    list.load(symbol);
    subscribe();
    view.changed();
  }

  client.on("gap", () => {
    list.renewDays();
  });
  const ending = new Ending();
  client.on("problem", (error) => {
    const ended = ending.note(error);
    if (ended !== undefined) {
      signInAgain(ended);
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
          list.listed();
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
    list.restart();
    source.restart();
  }

  let titledMs = Number.NEGATIVE_INFINITY;
  /** Let the title carry the price: also while the page is hidden, where nothing is painted. */
  function entitle(): void {
    const nowMs = performance.now();
    if (nowMs - titledMs >= TITLE_MS) {
      titledMs = nowMs;
      const isCurrent = document.body.dataset["stale"] === undefined;
      const title = titleOf(chosen === undefined ? undefined : market.get(chosen), isCurrent);
      if (document.title !== title) {
        document.title = title;
      }
    }
  }
  client.on("batch", entitle);
  setInterval(entitle, TITLE_MS); // where nothing comes
  new AllDay(client, { missed: () => list.renew() });
  const door = new AnswerDoor(() => chosen);
  const desk = new DeskDoor({
    client,
    watchlist,
    choose,
    chosen: () => chosen,
    known: (symbol) => {
      const { last, decimals } = market.get(symbol);
      return { last, decimals, step: directory.get(symbol)?.price_step ?? undefined };
    },
    marked: (marksOf) => grid.mark(marksOf),
  });
  const symbolMenu = new SymbolMenu({
    table: list.table,
    desk,
    answers: door,
    chosen: () => chosen,
    decimals: (symbol) => market.get(symbol).decimals,
    remove: (symbol) => watchlist.remove(symbol),
  });
  const onWall = new WallDoor({
    painter,
    market,
    directory,
    choose,
    symbols: () => list.table.shownSymbols,
    chosen: () => chosen,
    load: (symbols) => list.load(...symbols),
    currency: () => panel.currency,
    resized: () => grid.recolour(),
    changed: () => view.changed(),
    warn: (words) => panel.warn(words),
  });
  wall = onWall;
  const singleKeys = new SingleKeys();
  const commands = () =>
    commandsOf({
      ...{
        search,
        list,
        charts: grid,
        theme,
        colours,
        drawer,
        controls: panel.controls,
        question: door,
      },
      desk,
      symbolMenu,
      glance,
      wall: onWall,
      door: commandDoor,
      singleKeys,
      links,
      say,
    });
  const keyboard = { isMac: isMac() };
  const commandDoor = new CommandDoor({ commands, directory, singleKeys, ...keyboard, pick });
  listenToKeys(commands, () => ({ ...keyboard, hasSingleKeys: singleKeys.areOn }));

  const { symbol, frame, layout } = view.initial;
  grid.begin(symbol, frame, layout);
  glance.begin(view.initial.heat);
  place = list;
  if (view.initial.wall !== undefined) {
    onWall.show(view.initial.wall);
  }
  for (const words of [...view.refused, ...list.begin(view.initial)]) {
    panel.warn(words);
  }
  if (symbol !== undefined) {
    choose(symbol);
    return;
  }
  // The busiest is not known yet; the one that traded last is likely to be a busy one.
  const off = client.on("batch", () => {
    off();
    const last = market.lastTraded();
    if (chosen === undefined && last !== undefined) {
      choose(last);
    }
  });
}

void main();
