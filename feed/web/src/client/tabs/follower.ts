/**
 * A tab that follows: messages of the leader become frames, settings and status here.
 *
 * Keeps its place in the journal, asks for frames that it missed, and tells a gap when they are
 * gone.
 */

import type { Environment } from "../environment.ts";
import { type FeedError, Relayed } from "../errors.ts";
import type { Frame, Settings } from "../link/link.ts";
import type { LinkStatus } from "../link/status.ts";
import { decodeFrame } from "../wire/codec.ts";
import { distance, firstMissing } from "../wire/position.ts";
import type { Message, Tick } from "../wire/ticks.ts";
import type { Word } from "../wire/words.ts";
import type { Group, TabMessage } from "./group.ts";
import { isAt, type Journal, type RelayedFrame, type Standing } from "./journal.ts";
import type { Roster } from "./roster.ts";

/** The tab that follows. */
export interface FollowerHost {
  frame(frame: Frame): void;
  status(status: LinkStatus): void;
  settings(settings: Settings): void;
  problem(error: FeedError): void;
  acknowledged(revision: number, error?: FeedError): void;
  /** Introduce this tab to the leader. */
  hello(): void;
}

export class Follower {
  readonly #group: Group;
  readonly #journal: Journal;
  readonly #roster: Roster;
  readonly #environment: Environment;
  readonly #host: FollowerHost;
  /** The tab that leads, as far as it has said so. */
  #leader = "";
  /** Frames were missed and asked for again. */
  #awaitsFrames = false;

  constructor(
    group: Group,
    journal: Journal,
    roster: Roster,
    environment: Environment,
    host: FollowerHost,
  ) {
    this.#group = group;
    this.#journal = journal;
    this.#roster = roster;
    this.#environment = environment;
    this.#host = host;
  }

  handle(from: string, message: TabMessage): void {
    switch (message.kind) {
      case "frame":
        this.#takeFrame(message.frame);
        break;
      case "lead":
        this.#leader = from;
        this.#follow(message.base, message.term);
        break;
      case "welcome":
        this.#leader = from;
        this.#takeWelcome(message);
        break;
      case "status":
        this.#leader = from;
        this.#host.settings(message.settings);
        this.#host.status(message.status);
        break;
      case "problem":
        this.#host.problem(new Relayed(message.message, message.fatal));
        break;
      case "acknowledged":
        this.#takeAcknowledged(message.revisions, message.problem);
        break;
      case "resend":
        for (const frame of this.#journal.since(message.after) ?? []) {
          this.#group.post({ kind: "frame", frame });
        }
        break;
      default:
        break;
    }
  }

  /** Stand where another tab stands; the frames between are told as a gap. */
  skipTo(standing: Standing, position: string | undefined): void {
    const before = this.#journal.position;
    this.#journal.adopt(standing, position);
    if (before !== undefined && position !== undefined && distance(before, position) !== 0) {
      const from = firstMissing(before, position);
      this.#deliverOwn([{ T: "gap", from, to: position, reason: "takeover" }]);
    }
  }

  /** Deliver the last known state of symbols that were asked for just now. */
  deliverNewest(known: (Tick | Word)[]): void {
    if (known.length > 0) {
      const border = { T: "snapshot" } as const;
      this.#deliverOwn([{ ...border, state: "begin" }, ...known, { ...border, state: "end" }]);
    }
  }

  #takeFrame(frame: RelayedFrame): void {
    switch (this.#journal.accept(frame)) {
      case "next":
        this.#awaitsFrames = false;
        this.#deliver(frame);
        break;
      case "missing":
        this.#askAgain();
        break;
      case "old":
        break;
    }
  }

  #askAgain(): void {
    const after = this.#journal.standing;
    if (after !== undefined && !this.#awaitsFrames) {
      this.#awaitsFrames = true;
      this.#group.post({ kind: "resend", to: this.#leader, after });
    }
  }

  /** Follow a leader whose term begins at `base`. */
  #follow(base: Standing | undefined, term: number): void {
    this.#awaitsFrames = false;
    if (this.#journal.standing === undefined || base === undefined) {
      this.#host.hello();
    } else if (isAt(this.#journal.standing, base)) {
      this.#journal.begin(term);
    } else {
      this.#askAgain();
    }
  }

  #takeWelcome(welcome: TabMessage & { kind: "welcome" }): void {
    for (const [tab, member] of welcome.members) {
      if (tab !== this.#group.tab) {
        this.#roster.set(tab, member);
      }
    }
    this.#awaitsFrames = false;
    if (this.#journal.standing === undefined || welcome.missed) {
      this.skipTo(welcome.standing, welcome.position);
    } else if (!isAt(this.#journal.standing, welcome.standing)) {
      this.#askAgain(); // this tab was away for a while
    }
    this.deliverNewest(welcome.newest);
    if (welcome.warnings.length > 0) {
      this.#deliverOwn(welcome.warnings);
    }
    this.#host.settings(welcome.settings);
    this.#host.status(welcome.status);
  }

  #takeAcknowledged(revisions: [string, number][], problem: string | undefined): void {
    const own = revisions.find(([tab]) => tab === this.#group.tab);
    if (own !== undefined) {
      const error = problem === undefined ? undefined : new Relayed(problem, false);
      this.#host.acknowledged(own[1], error);
    }
  }

  #deliver({ payload, codec, messages, position }: RelayedFrame): void {
    this.#host.frame({
      payload,
      codec,
      messages: messages ?? decodeFrame(payload, codec),
      altered: messages !== undefined,
      position,
      receivedMs: this.#environment.now(),
    });
  }

  /** Deliver messages that came over no wire. */
  #deliverOwn(messages: Message[]): void {
    const { position } = this.#journal;
    const receivedMs = this.#environment.now();
    this.#host.frame({ payload: "", codec: "json", messages, altered: true, position, receivedMs });
  }
}
