/**
 * One connection for all tabs of an origin.
 *
 * Browsers allow six HTTP/1.1 connections to a host over all tabs; twenty tabs with a stream each
 * would hang. So one tab leads: it holds the connection (leadership.ts) and the others follow it
 * over a BroadcastChannel (follower.ts). When the leader goes, the browser hands its lock to the
 * next tab, which finds out where all others stand (takeover.ts) and resumes from there.
 *
 * Settings belong to the connection, so they are the same in all tabs: a tab that joins takes over
 * those that are in force, and changing one changes it for all.
 */

import type { Environment, PageChange } from "../environment.ts";
import { Closed } from "../errors.ts";
import { Absence } from "../link/absence.ts";
import { Acknowledgements } from "../link/acknowledgements.ts";
import {
  DEFAULT_SETTINGS,
  type Link,
  type LinkObserver,
  type LinkOptions,
  type Settings,
} from "../link/link.ts";
import { INITIAL_STATUS, type LinkStatus } from "../link/status.ts";
import { Selection } from "../wire/selection.ts";
import { Follower } from "./follower.ts";
import { Group, type TabMessage } from "./group.ts";
import { Journal } from "./journal.ts";
import { Leadership } from "./leadership.ts";
import { type Member, Roster } from "./roster.ts";
import { Takeover } from "./takeover.ts";
import { Vigil } from "./vigil.ts";

/** Messages that only a leader sends, or a tab that is about to lead. */
const LEADERS_WORDS: ReadonlySet<TabMessage["kind"]> = new Set([
  "claim",
  "frame",
  "status",
  "welcome",
  "lead",
  "acknowledged",
  "pong",
]);

export class SharedLink implements Link {
  readonly #name: string;
  readonly #options: LinkOptions;
  readonly #observer: LinkObserver;
  readonly #environment: Environment;
  readonly #acknowledgements = new Acknowledgements();
  readonly #journal = new Journal();
  readonly #vigil: Vigil;
  readonly #absence: Absence;
  readonly #unlisten: () => void;
  #roster: Roster;
  #group: Group;
  #follower: Follower;
  #takeover: Takeover | undefined;
  #leadership: Leadership | undefined;
  #endTerm: (() => void) | undefined;
  #member: Member = { symbols: {}, revision: 0, paused: false, away: false };
  #helloDue = false;
  #settings: Settings;
  status: LinkStatus = { ...INITIAL_STATUS, role: "follower", phase: "connecting" };

  constructor(
    group: string,
    options: LinkOptions,
    settings: Partial<Settings>,
    observer: LinkObserver,
    environment: Environment,
  ) {
    this.#name = `${options.base} ${group}`;
    this.#options = options;
    this.#observer = observer;
    this.#environment = environment;
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
    this.#absence = new Absence(environment, options.whenHidden, (away) => {
      this.#changeMember({ away });
    });
    this.#unlisten = environment.onChange((change) => this.#pageChanged(change));
    this.#roster = new Roster();
    this.#group = this.#makeGroup();
    this.#follower = this.#makeFollower();
    this.#vigil = new Vigil(
      environment,
      () => this.#leadership ?? this.#group.post({ kind: "ping" }),
      () => this.#leadership ?? this.#stand(true),
    );
    this.#join();
  }

  get settings(): Settings {
    return this.#leadership?.settings ?? this.#settings;
  }

  get position(): string | undefined {
    return this.#journal.position;
  }

  select(selection: Selection): Promise<void> {
    if (this.status.phase === "stopped" && this.#group.isLeft) {
      return Promise.reject(new Closed());
    }
    const before = Selection.of(this.#member.symbols);
    if (!selection.equals(before)) {
      this.#changeMember({ symbols: selection.toJSON(), revision: this.#member.revision + 1 });
      if (this.#leadership !== undefined) {
        // Symbols that other tabs asked for before are known here and not sent again.
        this.#follower.deliverNewest(this.#observer.newest(selection.without(before)));
      }
    }
    return this.#acknowledgements.wait(this.#member.revision);
  }

  configure(changes: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...changes };
    if (this.#leadership === undefined) {
      this.#group.post({ kind: "configure", changes });
    } else {
      this.#leadership.configure(changes);
    }
  }

  reconnect(delayMs = 0): void {
    if (this.#leadership === undefined) {
      this.#group.post({ kind: "reconnect", delayMs });
    } else {
      this.#leadership.reconnect(delayMs);
    }
  }

  setPaused(paused: boolean): void {
    if (paused !== this.#member.paused) {
      this.#changeMember({ paused });
    }
  }

  close(): void {
    if (!this.#group.isLeft) {
      this.#leave();
    }
    this.#unlisten();
    this.#vigil.stop();
    this.#absence.stop();
    this.#acknowledgements.rejectAll(new Closed());
    this.#setStatus({ ...this.status, phase: "stopped", transport: undefined });
  }

  // Coming and going.

  #makeGroup(): Group {
    const group = new Group(this.#name, this.#environment, (from, message) => {
      if (group === this.#group) {
        this.#handle(from, message);
      }
    });
    return group;
  }

  #makeFollower(): Follower {
    return new Follower(this.#group, this.#journal, this.#roster, this.#environment, {
      frame: (frame) => this.#observer.onFrame(frame),
      status: (status) => this.#setStatus({ ...status, role: "follower" }),
      settings: (settings) => {
        this.#settings = settings;
      },
      problem: (error) => this.#observer.onProblem(error),
      acknowledged: (revision, error) => this.#acknowledgements.acknowledge(revision, error),
      hello: () => this.#hello(),
    });
  }

  #join(): void {
    this.#roster.set(this.#group.tab, this.#member);
    this.#hello();
    this.#stand(false);
  }

  #leave(): void {
    this.#group.post({ kind: "bye" });
    this.#stepDown();
    this.#group.leave();
  }

  #rejoin(): void {
    this.#roster = new Roster();
    this.#group = this.#makeGroup();
    this.#follower = this.#makeFollower();
    this.#join();
  }

  /** Lead when it is our turn, or at once in place of a leader that does not answer. */
  #stand(steal: boolean): void {
    const group = this.#group;
    const term = new AbortController(); // aborted when another tab takes the lead from us
    const lost = () => {
      term.abort();
      this.#stepDown();
      this.#setStatus({ ...this.status, role: "follower", phase: "connecting" });
      this.#hello();
      this.#stand(false);
    };
    if (!group.isLeft) {
      group.candidate(() => this.#lead(group, term.signal), lost, steal);
    }
  }

  // Leading.

  /** Lead until the term ends; the lock is held as long as this runs. */
  async #lead(group: Group, lost: AbortSignal): Promise<void> {
    const journal = this.#journal;
    const takeover = new Takeover(group, journal, this.#roster, this.#environment);
    this.#takeover = takeover;
    const ahead = await takeover.run();
    this.#takeover = undefined;
    if (group.isLeft || lost.aborted) {
      return;
    }
    if (ahead !== undefined) {
      this.#follower.skipTo(ahead.standing, ahead.position);
    }
    const base = journal.standing;
    if (base !== undefined) {
      takeover.cover(Selection.of(this.#member.symbols));
    }
    const term = (base?.term ?? 0) + 1;
    journal.begin(term);
    group.post({ kind: "lead", base, term, position: journal.position });
    await new Promise<void>((resolve) => {
      this.#endTerm = resolve;
      this.#leadership = new Leadership(
        group,
        journal,
        this.#roster,
        this.#options,
        this.#settings,
        this.status,
        takeover.covered,
        this.#environment,
        {
          frame: (frame) => this.#observer.onFrame(frame),
          status: (status) => this.#setStatus({ ...status, role: "leader" }),
          problem: (error) => this.#observer.onProblem(error),
          acknowledged: (revision, error) => this.#acknowledgements.acknowledge(revision, error),
          newest: (selection) => this.#observer.newest(selection),
          warnings: () => this.#observer.warnings(),
        },
      );
    });
  }

  #stepDown(): void {
    if (this.#leadership !== undefined) {
      this.#settings = this.#leadership.settings;
      this.#leadership.end();
      this.#leadership = undefined;
    }
    this.#endTerm?.();
    this.#endTerm = undefined;
  }

  // Talking.

  #handle(from: string, message: TabMessage): void {
    if ("to" in message && message.to !== this.#group.tab) {
      return;
    }
    this.#takeover?.handle(from, message);
    if (this.#leadership === undefined) {
      if (LEADERS_WORDS.has(message.kind)) {
        this.#vigil.heard();
      }
      this.#follower.handle(from, message);
    } else {
      this.#leadership.handle(from, message);
    }
    switch (message.kind) {
      case "hello":
        this.#roster.set(from, message.member);
        break;
      case "bye":
        this.#roster.delete(from);
        break;
      case "claim": {
        const { standing, position } = this.#journal;
        const member = this.#member;
        this.#group.post({ kind: "standing", to: from, standing, position, member });
        break;
      }
      default:
        break;
    }
  }

  #hello(): void {
    const fresh = this.#journal.standing === undefined;
    this.#group.post({ kind: "hello", member: this.#member, fresh });
  }

  #changeMember(changes: Partial<Member>): void {
    this.#member = { ...this.#member, ...changes };
    this.#roster.set(this.#group.tab, this.#member);
    if (!this.#helloDue) {
      this.#helloDue = true;
      queueMicrotask(() => {
        this.#helloDue = false;
        this.#hello();
        this.#leadership?.rosterChanged();
      });
    }
  }

  #pageChanged(change: PageChange): void {
    this.#absence.handle(change);
    if (change === "left") {
      this.#leave();
    } else if (change === "restored") {
      this.#rejoin();
    }
  }

  #setStatus(status: LinkStatus): void {
    this.status = status;
    this.#observer.onStatus(status);
  }
}
