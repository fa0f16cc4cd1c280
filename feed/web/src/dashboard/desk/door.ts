/**
 * The door to the desk: rooms, alerts and exports, as the page has them until they are opened.
 *
 * Each panel is loaded when it is opened, when the address names a room (`#room=desk`), or where
 * alerts were used before, since these come at any time. Until then they cost nothing.
 */

import type { FeedClient } from "../../client/index.ts";
import { byId } from "../ui/dom.ts";
import type { Watchlist } from "../watchlist/watchlist.ts";
import type { RoomPanel } from "./room.ts";
import { haveAlertsBeenUsed } from "./used.ts";

export interface DeskParts {
  client: FeedClient;
  watchlist: Watchlist;
  /** The symbol that is shown in detail. */
  chosen: () => string | undefined;
}

export class DeskDoor {
  readonly #parts: DeskParts;
  readonly #room: () => Promise<RoomPanel | undefined>;

  constructor(client: FeedClient, watchlist: Watchlist, chosen: () => string | undefined) {
    this.#parts = { client, watchlist, chosen };
    const parts = this.#parts;
    this.#room = this.#panel("room", async () => {
      const { RoomPanel } = await import("./room.ts");
      return new RoomPanel(parts);
    });
    const alerts = this.#panel("alerts", async () => {
      const { AlertsPanel } = await import("./alerts.ts");
      return new AlertsPanel(parts);
    });
    this.#panel("jobs", async () => {
      const { JobsPanel } = await import("./jobs.ts");
      return new JobsPanel();
    });
    if (haveAlertsBeenUsed()) {
      void alerts();
    }
    window.addEventListener("hashchange", () => this.#follow());
    this.#follow();
  }

  /** Go to the room. */
  focus(): void {
    byId<HTMLDetailsElement>("room").open = true;
    const field = byId("room-inside").hidden ? "room-name" : "room-text";
    byId(field).focus();
  }

  #follow(): void {
    if (location.hash.startsWith("#room=")) {
      byId<HTMLDetailsElement>("room").open = true;
      void this.#room().then((panel) => panel?.open());
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
        return undefined;
      }
    };
    const details = byId<HTMLDetailsElement>(id);
    details.addEventListener("toggle", () => void (details.open && once()));
    return once;
  }
}
