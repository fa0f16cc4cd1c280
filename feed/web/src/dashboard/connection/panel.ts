/** The connection panel and the line in the head: meters, switches, ladder and journal together. */

import type { FeedClient, LinkStatus, Symbols } from "../../client/index.ts";
import { isHidden, onShown } from "../../elements/sight.ts";
import { formatAsOf, formatCount } from "../../market/format.ts";
import type { Market } from "../../market/market.ts";
import { byId, setData } from "../ui/dom.ts";
import { onZoneChange, pageZone } from "../zone/page.ts";
import { bannerOf } from "./banner.ts";
import { Controls } from "./controls.ts";
import { BEHIND_MS, type Currency, currencyOf, type Source } from "./currency.ts";
import { Freshness } from "./freshness.ts";
import { HeadLine } from "./headline.ts";
import { Journal } from "./journal.ts";
import { Ladder } from "./ladder.ts";
import { Meters } from "./meters.ts";
import { type ServerStatus, ServerWatch } from "./server.ts";
import { downOf, isDown, namesOf, sourceWords } from "./sources.ts";
import { pillWords, TRANSPORT_WORDS, withdrawnWords } from "./words.ts";

const METER_MS = 1_000;

const GAP_WORDS: Record<string, string> = {
  epoch: "the server was restarted",
  overrun: "the ring was too short",
  lost: "the server was killed",
  takeover: "another tab had them",
  malformed: "they could not be read",
  refused: "the server did not know the position",
};

export class Panel {
  readonly controls: Controls;
  readonly #client: FeedClient;
  readonly #meters: Meters;
  readonly #server: ServerWatch;
  readonly #ladder = new Ladder();
  readonly #journal = new Journal();
  readonly #line = new HeadLine();
  readonly #source = byId<HTMLElement>("source");
  readonly #asOf = byId<HTMLElement>("as-of");
  readonly #market: Market;
  readonly #symbolsAre: (count: number) => void;
  readonly #freshness = new Freshness();
  #situation: Source = { isLive: true, down: undefined };
  /** The names of sources that are down, as the feed told. */
  readonly #down = new Set<string>();
  /** How many there are. */
  #sources = 1;
  #frames = 0;
  #status: LinkStatus;
  #epoch: string | undefined;
  #subscribed: Symbols = {};
  #currency: Currency | undefined;
  #awaitsSnapshot = true; // at first and after a gap; those for symbols just added are not news

  /**
   * @param slowed called when reading is slowed, or no longer.
   * @param symbolsAre called with the number of symbols that tick, as the server has it.
   */
  constructor(
    client: FeedClient,
    market: Market,
    slowed: () => void,
    symbolsAre: (count: number) => void,
  ) {
    this.#symbolsAre = symbolsAre;
    this.#client = client;
    this.#market = market;
    this.#status = client.status;
    this.#meters = new Meters(client);
    this.controls = new Controls(client, {
      changed: (words) => this.#journal.note(words),
      slowed: (isSlowed) => {
        slowed();
        this.#server.isEager = isSlowed;
      },
    });
    this.#listen();
    this.#server = new ServerWatch((server) => this.#learn(server));
    setInterval(() => this.#tick(), METER_MS);
    onShown(() => this.#tick());
    onZoneChange(() => this.#show());
    this.#tick();
  }

  /** Whether prices are current, as was looked at last. */
  get currency(): Currency | undefined {
    return this.#currency;
  }

  /** Tell something that happened elsewhere on the page. */
  warn(words: string): void {
    this.#journal.note(words, "warn");
  }

  #listen(): void {
    const client = this.#client;
    client.on("status", (status) => this.#statusChanged(status));
    client.on("gap", ({ reason, missing, from, to }) => {
      const many = missing === undefined ? "the ticks" : `${formatCount(missing)} ticks`;
      const words =
        reason === "conflated"
          ? `Conflated: ${many} from ${from} to ${to} come as one state`
          : `Gap: ${many} from ${from} to ${to} are not coming (${GAP_WORDS[reason] ?? reason})`;
      this.#journal.note(words, "warn");
      this.#awaitsSnapshot = true;
    });
    client.on("snapshot", ({ position }) => {
      if (this.#awaitsSnapshot && position !== undefined) {
        this.#awaitsSnapshot = false;
        this.#journal.note(`Snapshot as of ${position}`);
      }
    });
    client.on("reconnect", ({ position }) => {
      const after = position === undefined ? "" : ` after ${position}`;
      this.#journal.note(`Connected again, resumed${after}`, "good");
    });
    client.on("problem", (error) =>
      this.#journal.note(error.message, error.fatal ? "bad" : "warn"),
    );
    client.on("unknown", ({ T }) => this.#journal.note(`A message of unknown kind ${T}`, "warn"));
    client.on("warning", ({ msg }) => this.#journal.note(msg, "warn"));
    client.on("feed", ({ state, source, reason }) => {
      const words =
        state === "live"
          ? `Ticks come from ${source} again`
          : `Nothing comes from ${source}: ${reason}`;
      this.#journal.note(words, state === "live" ? "good" : "bad");
      if (state === "live") {
        this.#down.delete(source);
      } else {
        this.#down.add(source);
      }
      // Where others give something, prices come.
      const down = this.#down.size < this.#sources ? undefined : reason;
      this.#situation = { ...this.#situation, down };
      this.#show();
    });
    client.on("subscription", (state) => {
      const withdrawn = withdrawnWords(this.#subscribed, state, client.subscription);
      this.#subscribed = state;
      if (withdrawn !== "") {
        this.#journal.note(`The server gives no longer ${withdrawn}`, "warn");
      }
      const { conflate } = state;
      if (conflate !== undefined) {
        const words = Object.entries(conflate).map(
          ([channel, interval]) => `${channel} ${interval}`,
        );
        this.#journal.note(`The server conflates ${words.join(", ")}`);
      }
    });
  }

  #statusChanged(status: LinkStatus): void {
    const before = this.#status;
    this.#status = status;
    if (
      status.phase === "live" &&
      (before.phase !== "live" || before.transport !== status.transport)
    ) {
      const { transport, fallbacks } = status;
      for (const reason of fallbacks) {
        this.#journal.note(`Not taken: ${reason}`, "warn");
      }
      this.#journal.note(
        `Live over ${transport === undefined ? "?" : TRANSPORT_WORDS[transport]}`,
        "good",
      );
    }
    this.#show();
  }

  #show(): void {
    const nowMs = Date.now();
    const isLive = this.#status.phase === "live";
    const situation = {
      status: this.#status,
      source: this.#situation,
      isSlowed: this.controls.isSlowed,
      behindMs: this.#freshness.behindMs(performance.now(), isLive),
      newestMs: this.#market.newestMs,
      nowMs,
    };
    const currency = currencyOf(situation);
    this.#currency = currency;
    setData(document.body, "stale", currency.isCurrent ? undefined : ""); // the title says it too
    if (isHidden()) {
      return; // the rest is for who looks
    }
    this.#line.show(
      currency,
      isLive && currency.isCurrent ? pillWords(this.#status.transport, this.#client.counters) : "",
      bannerOf({ ...situation, currency, zone: pageZone() }),
    );
    this.controls.show(this.#client.settings);
    const { asOfMs } = currency;
    const asOf = asOfMs === undefined ? "" : `as of ${formatAsOf(asOfMs, nowMs, pageZone())}`;
    this.#asOf.hidden = asOf === "";
    this.#asOf.textContent = asOf;
  }

  /** Note whether anything came since the last look. */
  #listenToFrames(): void {
    const { frames } = this.#client.counters;
    if (frames !== this.#frames) {
      this.#frames = frames;
      this.#freshness.heard(this.#client.position, performance.now());
    }
  }

  #isSlow(): boolean {
    const behindMs = this.#freshness.behindMs(performance.now(), this.#status.phase === "live");
    return this.controls.isSlowed || behindMs >= BEHIND_MS;
  }

  #tick(): void {
    this.#listenToFrames();
    if (!isHidden()) {
      this.#meters.show(performance.now());
    }
    this.#show();
  }

  #learn(server: ServerStatus | undefined): void {
    this.#meters.learn(server);
    if (server === undefined) {
      this.#freshness.serverIsSilent();
      return;
    }
    this.#sources = namesOf(server).size;
    this.#listenToFrames();
    this.#freshness.serverAt(server.pos, performance.now());
    this.#situation = { isLive: server.source.live ?? true, down: downOf(server) };
    this.#meters.isLive = this.#situation.isLive;
    this.#show();
    const epoch = server.pos.split("-")[0];
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#ladder.reset();
    }
    this.#ladder.show(server.ladder, this.#isSlow());
    this.#symbolsAre(Object.values(server.symbols).reduce((sum, count) => sum + count, 0));
    this.#source.textContent = sourceWords(server);
    setData(this.#source, "down", isDown(server) ? "" : undefined);
  }
}
