/** What the elements of one server and identity share: a client, the market, and past bars. */

import { call } from "../client/calls.ts";
import { environment } from "../client/environment.ts";
import { Holds } from "../client/holds.ts";
import {
  type Credentials,
  FeedClient,
  type FeedError,
  NoCredentials,
  Refused,
  type Symbols,
  type Tick,
  timeMs,
} from "../client/index.ts";
import type { Bars } from "../market/history.ts";
import { Market } from "../market/market.ts";
import type { ServedTimeframe } from "../market/timeframes.ts";
import { notIncluded, refusedOn } from "./denial.ts";
import { firstPrices } from "./first.ts";
import type { Way } from "./notice.ts";
import { Painter } from "./painter.ts";
import { isOfServer, look, type Reach } from "./reach.ts";
import { Sources, type TokenCallback } from "./sources.ts";

/** An element that uses a source. */
export interface User {
  /** Ticks came. */
  take(ticks: readonly Tick[], isSnapshot: boolean): void;
  /** Some that were due are not coming; `missing` of all symbols, where that is known. */
  gap(missing: number | undefined): void;
  /** Time began anew: a recording is played again. */
  restart(): void;
  /** Something about the connection differs. */
  changed(): void;
}

/** What a page has already, for elements in it. */
export interface Lent {
  client: FeedClient;
  market: Market;
  painter: Painter;
}

/** Requests for days at once: a long watchlist asks for many. */
const AT_ONCE = 2;
/** A day that could not be had is asked for again after so long. */
const AGAIN_MS = 10_000;

export class Source {
  readonly base: string;
  readonly client: FeedClient;
  readonly market: Market;
  readonly #server: string; // for people
  readonly painter: Painter;
  /** Resolves once the first prices are there; the past is asked for then. */
  readonly first: Promise<void>;
  readonly #credentials: (() => Promise<Credentials>) | undefined;
  readonly #environment = environment();
  readonly #holds = new Holds();
  readonly #users = new Set<User>();
  readonly #ends: (() => void)[] = [];
  readonly #isLent: boolean;
  readonly #days = new Set<string>();
  #daysDue: string[] = [];
  #asking = 0;
  #isClosed = false;
  #reach: Reach = "unknown";
  #refusal: Way["refusal"];
  /** What was told last of a source that nothing comes from, and when. */
  #down: { reason: string; atMs: number } | undefined;

  /** @param lent what a page has already: it subscribes, keeps the market, and closes, by itself. */
  constructor(base: string, token: TokenCallback | undefined, lent?: Lent) {
    this.base = base;
    this.#isLent = lent !== undefined;
    this.market = lent?.market ?? new Market();
    this.painter = lent?.painter ?? new Painter();
    this.#server = new URL(base).href.replace(/\/$/, "");
    this.#credentials = token && (async () => ({ token: await token() }));
    const credentials = this.#credentials;
    this.client =
      lent?.client ??
      new FeedClient(
        // Tabs share what anybody may read; who reads by a token reads by its own connection.
        credentials === undefined ? { url: base } : { url: base, credentials, shared: false },
      );
    this.first = firstPrices(this.client);
    this.#listen();
  }

  /** What is known of the way to the server. */
  get way(): Way {
    return {
      server: this.#server,
      pageOrigin: location.origin,
      status: this.client.status,
      reach: this.#reach,
      refusal: this.#refusal,
      down: this.#isDown() ? this.#down?.reason : undefined,
      newestMs: this.market.newestMs,
    };
  }

  /** Subscribe to symbols for as long as an element wants them; the returned function ends that. */
  hold(symbols: Symbols): () => void {
    if (this.#isLent) {
      return () => {};
    }
    this.client.subscribe(this.#holds.add(symbols));
    return () => void this.client.unsubscribe(this.#holds.remove(symbols));
  }

  /** Tell an element what happens. */
  listen(user: User): void {
    this.#users.add(user);
  }

  unlisten(user: User): void {
    this.#users.delete(user);
  }

  /** Ask for a document of the server. Throws an Error that says what was answered. */
  async ask(path: string, signal?: AbortSignal): Promise<unknown> {
    await this.first;
    const credentials = await this.#credentials?.();
    return await call(this.base, { method: "GET", path, signal }, credentials, this.#environment);
  }

  /** Ask for the newest bars of a symbol. Throws an Error that says what was answered. */
  async bars(
    symbol: string,
    timeframe: ServedTimeframe,
    limit: number,
    signal?: AbortSignal,
  ): Promise<Bars> {
    const query = new URLSearchParams({ symbol, timeframe, limit: String(limit) });
    return (await this.ask(`v1/bars?${query}`, signal)) as Bars;
  }

  /** Have the days of symbols known, from the server's bars; each is asked for once. */
  wantDays(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      if (!this.#days.has(symbol)) {
        this.#days.add(symbol);
        this.#daysDue.push(symbol);
      }
    }
    this.#askForDays();
  }

  /** Tell elements that time began anew; for a page that keeps the market itself. */
  restart(): void {
    this.#tell((user) => user.restart());
  }

  close(): void {
    this.#isClosed = true;
    this.#daysDue = [];
    for (const end of this.#ends) {
      end();
    }
    if (!this.#isLent) {
      this.client.close();
    }
  }

  /** Whether nothing comes: where one source of several is down, ticks of others do. */
  #isDown(): boolean {
    const { newestMs } = this.market;
    return this.#down !== undefined && (newestMs === undefined || newestMs <= this.#down.atMs);
  }

  #askForDays(): void {
    while (this.#asking < AT_ONCE) {
      const symbol = this.#daysDue.shift();
      if (symbol === undefined) {
        return;
      }
      this.#asking += 1;
      this.bars(symbol, "1d", 1)
        .then((bars) => {
          const instrument = this.market.get(symbol);
          instrument.day.begin(bars);
          instrument.version += 1;
          this.painter.requestBeat();
        })
        // What cannot be had is shown as not known.
        .catch((error) => {
          if (!(error instanceof Refused)) {
            this.#askLater(symbol);
          }
        })
        .finally(() => {
          this.#asking -= 1;
          this.#askForDays();
        });
    }
  }

  #askLater(symbol: string): void {
    setTimeout(() => {
      if (!this.#isClosed) {
        this.#daysDue.push(symbol);
        this.#askForDays();
      }
    }, AGAIN_MS);
  }

  /** Ask for the days again that were wanted: ticks of them are missing, or time began anew. */
  #renewDays(): void {
    const known = [...this.#days];
    this.#days.clear();
    this.#daysDue = [];
    this.wantDays(known);
  }

  #listen(): void {
    const { client, market } = this;
    const blocked = new AbortController();
    document.addEventListener(
      "securitypolicyviolation",
      ({ blockedURI }) => {
        if (isOfServer(blockedURI, this.base)) {
          this.#reach = "blocked";
          this.#tell((user) => user.changed());
        }
      },
      { signal: blocked.signal },
    );
    this.#ends.push(
      () => blocked.abort(),
      client.on("batch", ({ ticks, isSnapshot }) => {
        if (this.#isLent) {
          // The page has done it.
        } else if (isSnapshot) {
          market.restate(ticks);
        } else if (market.take(ticks)) {
          this.#renewDays();
          this.restart();
        }
        for (const user of this.#users) {
          user.take(ticks, isSnapshot);
        }
        if (isSnapshot) {
          this.painter.request(); // somebody waits for it
        } else {
          this.painter.requestBeat();
        }
      }),
      client.on("gap", ({ missing }) => {
        this.#renewDays();
        this.#tell((user) => user.gap(missing));
      }),
      client.on("feed", ({ state, reason, t }) => {
        this.#down = state === "live" ? undefined : { reason, atMs: timeMs(t) };
        this.#tell((user) => user.changed());
      }),
      client.on("warning", ({ reason, names, msg }) => {
        for (const name of reason === "unlisted" ? names : []) {
          market.get(name).warn(msg);
        }
        for (const name of reason === "not_granted" ? refusedOn("trades", msg) : []) {
          market.get(name).deny("trades", notIncluded(`trades of ${name}`));
        }
        this.#tell((user) => user.changed());
      }),
      client.on("problem", (error) => this.#trouble(error)),
      client.on("status", ({ phase, connects }) => {
        if (phase === "live") {
          this.#reach = "unknown";
          this.#refusal = undefined;
        } else if (phase === "waiting" && connects === 0 && this.#reach !== "blocked") {
          void this.#look();
        }
        this.#tell((user) => user.changed());
      }),
    );
  }

  #trouble(error: FeedError): void {
    if (error instanceof Refused && (error.fatal || error.code === 401 || error.code === 402)) {
      const needsToken = error.code === 401 || error.code === 402;
      this.#refusal = { words: error.message, needsToken };
    } else if (error instanceof NoCredentials) {
      this.#refusal = { words: `The token callback failed: ${error.reason}`, needsToken: false };
    }
    this.#tell((user) => user.changed());
  }

  async #look(): Promise<void> {
    const reach = await look(this.base, location.origin, (url, init) => fetch(url, init));
    if (this.client.status.phase !== "live" && this.#reach !== "blocked") {
      this.#reach = reach;
      this.#tell((user) => user.changed());
    }
  }

  #tell(what: (user: User) => void): void {
    for (const user of [...this.#users]) {
      what(user);
    }
    this.painter.request();
  }
}

/** The sources of this page. */
export const sources = new Sources((base, token) => new Source(base, token));
