/**
 * One tab's term as leader: it holds the connection and passes on every frame.
 *
 * The connection asks for the union of the selections of all tabs. Every frame is numbered in the
 * journal and sent as it came, so that each tab decodes for itself. The choice of the leader, and
 * the meaning of frames, are decided elsewhere.
 */

import type { Environment } from "../environment.ts";
import type { FeedError } from "../errors.ts";
import { Connection } from "../link/connection.ts";
import type { Frame, LinkOptions, Settings } from "../link/link.ts";
import type { LinkStatus } from "../link/status.ts";
import { Selection } from "../wire/selection.ts";
import type { Tick, Warning } from "../wire/ticks.ts";
import type { Word } from "../wire/words.ts";
import type { Group, TabMessage } from "./group.ts";
import type { Journal, Standing } from "./journal.ts";
import type { Member, Roster } from "./roster.ts";

/** Time between two searches for tabs that crashed without a goodbye. */
const PRUNE_MS = 5_000;

/** The tab that leads. */
export interface LeadershipHost {
  frame(frame: Frame): void;
  status(status: LinkStatus): void;
  problem(error: FeedError): void;
  acknowledged(revision: number, error?: FeedError): void;
  newest(selection: Selection): (Tick | Word)[];
  warnings(): Warning[];
}

export class Leadership {
  readonly #group: Group;
  readonly #journal: Journal;
  readonly #roster: Roster;
  readonly #environment: Environment;
  readonly #host: LeadershipHost;
  readonly #connection: Connection;
  #pruneTimer: unknown;
  #ended = false;

  constructor(
    group: Group,
    journal: Journal,
    roster: Roster,
    options: LinkOptions,
    settings: Settings,
    history: LinkStatus,
    covered: Selection,
    environment: Environment,
    host: LeadershipHost,
  ) {
    this.#group = group;
    this.#journal = journal;
    this.#roster = roster;
    this.#environment = environment;
    this.#host = host;
    this.#connection = new Connection(
      { ...options, whenHidden: "keep" }, // the tabs say themselves when they are away
      settings,
      {
        onFrame: (frame) => {
          const relayed = journal.append(frame);
          if (roster.size > 1) {
            group.post({ kind: "frame", frame: relayed }); // to a tab alone it would be a copy for nobody
          }
          host.frame(frame);
        },
        onStatus: () => this.#tellStatus(),
        onProblem: (error) => this.#tellProblem(error),
        newest: host.newest,
        warnings: host.warnings,
      },
      environment,
    );
    if (journal.position !== undefined) {
      this.#connection.resumeFrom(journal.position, covered, history);
    }
    this.#schedulePrune();
    this.rosterChanged();
  }

  get status(): LinkStatus {
    return { ...this.#connection.status, tabs: this.#roster.size };
  }

  get settings(): Settings {
    return this.#connection.settings;
  }

  configure(changes: Partial<Settings>): void {
    this.#connection.configure(changes);
    this.#tellStatus();
  }

  reconnect(delayMs: number): void {
    this.#connection.reconnect(delayMs);
  }

  /** Ask the server for the present union of selections. */
  rosterChanged(): void {
    const revisions = this.#roster.revisions();
    this.#connection.setPaused(this.#roster.isPaused);
    let union: Selection;
    try {
      union = this.#roster.union();
    } catch (error) {
      this.#tellProblem(error as FeedError); // the tabs together want too much
      this.#acknowledge(revisions, error as FeedError);
      return;
    }
    this.#connection.select(union).then(
      () => this.#acknowledge(revisions),
      (error: FeedError) => this.#acknowledge(revisions, error),
    );
    this.#tellStatus();
  }

  /** Answer a message of another tab. */
  handle(from: string, message: TabMessage): void {
    switch (message.kind) {
      case "hello":
        this.#welcome(from, message.fresh ? undefined : this.#roster.get(from), message.member);
        this.#roster.set(from, message.member);
        this.rosterChanged();
        break;
      case "bye":
        if (this.#roster.delete(from)) {
          this.rosterChanged();
        }
        break;
      case "resend":
        this.#resend(from, message.after);
        break;
      case "configure":
        this.configure(message.changes);
        break;
      case "reconnect":
        this.reconnect(message.delayMs);
        break;
      case "ping":
        this.#group.post({ kind: "pong" });
        break;
      default:
        break;
    }
  }

  /** End the term; the journal keeps where it ended. */
  end(): void {
    this.#ended = true;
    this.#environment.clearTimeout(this.#pruneTimer);
    this.#connection.close();
  }

  /** Tell a tab our position, with the last known state of symbols it did not ask for `before`. */
  #welcome(
    to: string,
    before: Member | undefined,
    member: Member | undefined,
    missed = false,
  ): void {
    const had = before === undefined ? Selection.NOTHING : Selection.of(before.symbols);
    const asked = Selection.of(member?.symbols ?? {}).without(had);
    this.#group.post({
      kind: "welcome",
      to,
      standing: this.#journal.standing ?? { term: 1, number: 0 },
      position: this.#journal.position,
      settings: this.settings,
      status: this.status,
      members: this.#roster.entries(),
      newest: this.#host.newest(asked),
      warnings: this.#host.warnings(),
      missed,
    });
  }

  #resend(to: string, after: Standing): void {
    const frames = this.#journal.since(after);
    if (frames === undefined) {
      this.#welcome(to, undefined, this.#roster.get(to), true);
      return;
    }
    for (const frame of frames) {
      this.#group.post({ kind: "frame", frame });
    }
  }

  #acknowledge(revisions: [string, number][], error?: FeedError): void {
    if (this.#ended) {
      return; // the next leader asks again
    }
    this.#group.post({ kind: "acknowledged", revisions, problem: error?.message });
    const own = revisions.find(([tab]) => tab === this.#group.tab);
    if (own !== undefined) {
      this.#host.acknowledged(own[1], error);
    }
  }

  #tellProblem(error: FeedError): void {
    this.#group.post({ kind: "problem", message: error.message, fatal: error.fatal });
    this.#host.problem(error);
  }

  #tellStatus(): void {
    const { status, settings } = this;
    this.#group.post({ kind: "status", status, settings });
    this.#host.status(status);
  }

  #schedulePrune(): void {
    this.#pruneTimer = this.#environment.setTimeout(async () => {
      this.#schedulePrune();
      const tabs = await this.#group.others();
      if (this.#roster.keep(tabs.add(this.#group.tab))) {
        this.rosterChanged();
      }
    }, PRUNE_MS);
  }
}
