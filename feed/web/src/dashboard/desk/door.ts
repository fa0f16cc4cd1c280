/**
 * The door to the desk: rooms, alerts and exports, as the page has them until they are opened.
 *
 * Each panel is loaded when it is opened, when the address names a room (`#room=desk`), or where
 * alerts were used before or made elsewhere, since these come at any time. Until then they cost
 * nothing. What is sent while a panel is still being loaded waits for it.
 */

import type { FeedClient } from "../../client/index.ts";
import type { Mark } from "../../elements/chart/marks.ts";
import { byId } from "../ui/dom.ts";
import type { Spot } from "../ui/floating.ts";
import type { Watchlist } from "../watchlist/watchlist.ts";
import type { AlertsPanel } from "./alerts.ts";
import { onceThereAreRules } from "./elsewhere.ts";
import type { Known } from "./prefill.ts";
import type { RoomPanel } from "./room.ts";
import { haveAlertsBeenUsed } from "./used.ts";

export interface DeskParts {
  client: FeedClient;
  watchlist: Watchlist;
  /** The symbol that is shown in detail. */
  chosen(): string | undefined;
  /** Show a symbol in detail. */
  choose(symbol: string): void;
  /** What is known of the prices of a symbol. */
  known(symbol: string): Known;
  /** Other prices are to be marked on the charts of symbols. */
  marked(marksOf: (symbol: string) => readonly Mark[]): void;
}

export class DeskDoor {
  readonly #room: () => Promise<RoomPanel | undefined>;
  readonly #alerts: () => Promise<AlertsPanel | undefined>;
  /** Forms that were sent before their panel was there. */
  readonly #early = new Set<HTMLFormElement>();

  constructor(parts: DeskParts) {
    this.#room = this.#panel("room", async () => {
      const { RoomPanel } = await import("./room.ts");
      return new RoomPanel(parts);
    });
    this.#alerts = this.#panel("alerts", async () => {
      const { AlertsPanel } = await import("./alerts.ts");
      return new AlertsPanel(parts);
    });
    this.#panel("jobs", async () => {
      const { JobsPanel } = await import("./jobs.ts");
      return new JobsPanel();
    });
    if (haveAlertsBeenUsed()) {
      void this.#alerts();
    } else {
      onceThereAreRules(parts.client, () => void this.#alerts());
    }
    byId("bell").addEventListener("click", async () => (await this.#alerts())?.show());
    window.addEventListener("hashchange", () => this.#follow());
    this.#follow();
  }

  /** Go to the room. */
  focus(): void {
    byId<HTMLDetailsElement>("room").open = true;
    const field = byId("room-inside").hidden ? "room-name" : "room-text";
    byId(field).focus();
  }

  /** Ask for an alert on a symbol, at a price or the last one, at a spot of the page. */
  async alert(symbol: string, price: number | undefined, spot: Spot): Promise<void> {
    (await this.#alerts())?.ask(symbol, price, spot);
  }

  /** The price of a rule was moved on a chart; without one, the rule is to be removed. */
  async changeRule(id: string, price: number | undefined): Promise<void> {
    const panel = await this.#alerts();
    await (price === undefined ? panel?.remove(id) : panel?.move(id, price));
  }

  /** Go to a panel. */
  open(id: "alerts" | "jobs"): void {
    const details = byId<HTMLDetailsElement>(id);
    details.open = true;
    details.querySelector<HTMLElement>("input, select")?.focus();
  }

  #follow(): void {
    if (location.hash.startsWith("#room=")) {
      byId<HTMLDetailsElement>("room").open = true;
      void this.#room().then((panel) => panel?.open());
    }
  }

  /** Send a form once there is a panel that takes it; the browser is not to send it anywhere. */
  async #sendLater(event: SubmitEvent, load: () => Promise<unknown>): Promise<void> {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented) {
      return; // the panel has it
    }
    event.preventDefault();
    if (this.#early.has(form)) {
      return; // pressed twice
    }
    this.#early.add(form);
    const panel = await load();
    this.#early.delete(form);
    if (panel !== undefined) {
      form.requestSubmit();
    }
  }

  /** Load a panel when it is opened; return what loads it, once. */
  #panel<Panel>(id: string, load: () => Promise<Panel>): () => Promise<Panel | undefined> {
    let panel: Promise<Panel> | undefined;
    const once = async (): Promise<Panel | undefined> => {
      panel ??= load();
      try {
        return await panel;
      } catch (error) {
        panel = undefined; // the next one tries again
        const words = `This could not be loaded: ${(error as Error).message}`;
        byId(`${id}-problem`).textContent = words;
        byId<HTMLDetailsElement>(id).open = true; // where it is said
        return undefined;
      }
    };
    const details = byId<HTMLDetailsElement>(id);
    details.addEventListener("toggle", () => void (details.open && once()));
    details.addEventListener("submit", (event) => void this.#sendLater(event, once));
    return once;
  }
}
