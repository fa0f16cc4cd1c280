/**
 * A page that stays open: it comes back from sleep and says so, and offers the server's new version.
 *
 * It never loads itself anew: whoever looks at it decides when. The view is in the address, so it
 * is the same afterwards.
 */

import type { FeedClient } from "../../client/index.ts";
import { isHidden } from "../../elements/sight.ts";
import { Notices } from "./notices.ts";
import { LOOK_MS, SleepWatch } from "./sleep.ts";
import { isAnother, ownBuild } from "./version.ts";
import { Waking } from "./waking.ts";

const PATIENCE_MS = 5_000;

export interface AllDayHost {
  /** Ticks of a sleep are not coming: what is drawn of that time is to be asked for. */
  missed(): void;
}

export class AllDay {
  readonly #client: FeedClient;
  readonly #host: AllDayHost;
  readonly #notices = new Notices();
  readonly #sleep = new SleepWatch(Date.now());
  readonly #build = ownBuild();
  #waking: Waking | undefined;
  #connects = 0;
  #isAsking = false;

  constructor(client: FeedClient, host: AllDayHost) {
    this.#client = client;
    this.#host = host;
    this.#watchSleep();
    client.on("status", ({ phase, connects }) => {
      if (phase === "live" && connects !== this.#connects) {
        this.#connects = connects;
        void this.#compare(false);
      }
    });
    // What Vite tells of a part of the page that is not there; whoever wanted it says so as well.
    addEventListener("vite:preloadError", () => void this.#compare(true));
  }

  #watchSleep(): void {
    setInterval(() => this.#woke(this.#sleep.look(Date.now(), isHidden())), LOOK_MS);
    document.addEventListener("freeze", () => this.#sleep.freeze(Date.now()));
    document.addEventListener("resume", () => this.#woke(this.#sleep.resume(Date.now())));
    addEventListener("pagehide", ({ persisted }) => persisted && this.#sleep.freeze(Date.now()));
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) {
        this.#woke(this.#sleep.resume(Date.now()));
      }
    });
    this.#client.on("gap", ({ missing }) => this.#waking?.gap(missing));
    this.#client.on("batch", () => this.#came());
  }

  /** Come back at once: nobody knows yet that the old connection is dead. */
  #woke(asleepMs: number | undefined): void {
    if (asleepMs === undefined) {
      return;
    }
    const { status } = this.#client;
    this.#waking = new Waking(asleepMs, status);
    this.#notices.say("asleep", this.#waking.words);
    if (status.role !== "follower" && status.phase !== "stopped") {
      this.#client.reconnect();
    }
  }

  #came(): void {
    const words = this.#waking?.came(this.#client.status);
    if (words !== undefined) {
      this.#notices.say("asleep", words);
      if (this.#waking?.hasGap) {
        this.#host.missed();
      }
      this.#waking = undefined;
    }
  }

  /** Ask the server for the build of its page, and offer that where it is another one. */
  async #compare(isLacking: boolean): Promise<void> {
    if (this.#build === undefined || this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    try {
      const response = await fetch("v1/status", { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (response.ok) {
        const { build } = (await response.json()) as { build?: string | null };
        this.#offer(isAnother(this.#build, build, isLacking));
      }
    } catch {
      // It is asked for again with the next connection.
    } finally {
      this.#isAsking = false;
    }
  }

  #offer(isThere: boolean): void {
    if (isThere) {
      const reload = () => location.reload();
      this.#notices.say("version", "A new version is here.", { words: "Reload", act: reload });
    } else {
      this.#notices.withdraw("version");
    }
  }
}
