/**
 * The tabs of an origin that share a connection: their channel, and the locks that tell the living
 * tabs.
 *
 * Every tab holds a lock of its own as long as it lives, so a list of the locks is a list of the
 * tabs, and crashed ones are not in it. The tab that holds the leader's lock leads; the browser
 * passes it on the moment its holder is gone. Knows messages, not what they mean.
 *
 * Sources: Web Locks API (W3C), BroadcastChannel (WHATWG HTML §9.5).
 */

import type { Environment } from "../environment.ts";
import type { Settings } from "../link/link.ts";
import type { LinkStatus } from "../link/status.ts";
import type { Tick, Warning } from "../wire/ticks.ts";
import type { Word } from "../wire/words.ts";
import type { RelayedFrame, Standing } from "./journal.ts";
import type { Member } from "./roster.ts";

/** The messages between tabs. */
export type TabMessage =
  /** I am here, or want something else than before; `fresh`: I have seen nothing yet. */
  | { kind: "hello"; member: Member; fresh: boolean }
  /** I am leaving. */
  | { kind: "bye" }
  /** The leader to one tab: our position, and the last known state of its symbols. */
  | {
      kind: "welcome";
      to: string;
      standing: Standing;
      position: string | undefined;
      settings: Settings;
      status: LinkStatus;
      members: [string, Member][];
      newest: (Tick | Word)[];
      /** What the connection was warned of. */
      warnings: Warning[];
      /** The frames that the tab asked for again are gone. */
      missed: boolean;
    }
  /** I am about to lead: where do you stand? */
  | { kind: "claim" }
  | {
      kind: "standing";
      to: string;
      standing: Standing | undefined;
      position: string | undefined;
      member: Member;
    }
  /** To one tab: send again what came after this. */
  | { kind: "resend"; to: string; after: Standing }
  /** I lead from here on. */
  | { kind: "lead"; base: Standing | undefined; term: number; position: string | undefined }
  | { kind: "frame"; frame: RelayedFrame }
  | { kind: "status"; status: LinkStatus; settings: Settings }
  | { kind: "problem"; message: string; fatal: boolean }
  | { kind: "acknowledged"; revisions: [string, number][]; problem: string | undefined }
  /** To the leader, whichever tab that is. */
  | { kind: "configure"; changes: Partial<Settings> }
  | { kind: "reconnect"; delayMs: number }
  /** Are you there? I am. */
  | { kind: "ping" }
  | { kind: "pong" };

export class Group {
  readonly tab: string;
  readonly #name: string;
  readonly #locks: LockManager;
  readonly #channel: BroadcastChannel;
  readonly #left = new AbortController();

  constructor(
    name: string,
    environment: Environment,
    onMessage: (from: string, message: TabMessage) => void,
  ) {
    this.#name = `feed ${name}`;
    this.tab = crypto.randomUUID();
    this.#locks = environment.locks as LockManager;
    this.#channel = new (environment.BroadcastChannel as typeof BroadcastChannel)(this.#name);
    this.#channel.onmessage = ({ data }: MessageEvent<{ from: string; message: TabMessage }>) => {
      onMessage(data.from, data.message);
    };
    this.#hold(`${this.#name} tab ${this.tab}`, { signal: this.#left.signal }, () =>
      this.#leaving(),
    );
  }

  post(message: TabMessage): void {
    if (!this.#left.signal.aborted) {
      this.#channel.postMessage({ from: this.tab, message });
    }
  }

  get isLeft(): boolean {
    return this.#left.signal.aborted;
  }

  /** The other tabs that live. */
  async others(): Promise<Set<string>> {
    const prefix = `${this.#name} tab `;
    const { held = [] } = await this.#locks.query();
    const tabs = held.map(({ name = "" }) => name).filter((name) => name.startsWith(prefix));
    return new Set(tabs.map((name) => name.slice(prefix.length)).filter((tab) => tab !== this.tab));
  }

  /**
   * Run `lead` once the leader's lock is ours; it is held until the promise of `lead` settles.
   *
   * @param steal take it from a holder that does not answer.
   * @param onLost called when somebody took it from us.
   */
  candidate(lead: () => Promise<void>, onLost: () => void, steal: boolean): void {
    const options = steal ? { steal } : { signal: this.#left.signal };
    this.#hold(`${this.#name} leader`, options, lead, onLost);
  }

  /** Leave: locks and channel are given up. */
  leave(): void {
    this.#left.abort();
    this.#channel.close();
  }

  #hold(name: string, options: LockOptions, run: () => Promise<void>, onLost?: () => void): void {
    this.#locks.request(name, options, run).catch((error: Error) => {
      if (error.name !== "AbortError") {
        throw error;
      }
      if (!this.#left.signal.aborted) {
        onLost?.(); // stolen; otherwise we left before it was ours
      }
    });
  }

  #leaving(): Promise<void> {
    return new Promise((resolve) => {
      this.#left.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}
