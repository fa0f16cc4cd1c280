/**
 * Taking over: before a tab leads, it finds out where the others stand.
 *
 * The leader that is gone may have sent its last frames to some tabs and not to others. The tab
 * that saw most passes them on, so that the new term begins for all where the furthest one stands.
 */

import type { Environment } from "../environment.ts";
import { Bell } from "../link/bell.ts";
import { Selection } from "../wire/selection.ts";
import type { Group, TabMessage } from "./group.ts";
import { compare, type Journal, type Standing } from "./journal.ts";
import type { Roster } from "./roster.ts";

/** The time that tabs have for each answer; those that take longer are told of a gap. */
const ANSWER_MS = 150;

/** A place where another tab stands. */
interface Answer {
  tab: string;
  standing: Standing;
  position: string | undefined;
}

export class Takeover {
  readonly #group: Group;
  readonly #journal: Journal;
  readonly #roster: Roster;
  readonly #answered: Bell;
  #awaited = new Set<string>();
  #best: Answer | undefined;
  /** Selections of tabs that have seen frames: their last known state needs no new snapshot. */
  covered = Selection.NOTHING;

  constructor(group: Group, journal: Journal, roster: Roster, environment: Environment) {
    this.#group = group;
    this.#journal = journal;
    this.#roster = roster;
    this.#answered = new Bell(environment);
  }

  /**
   * Catch up with the others; return where they stand and this tab could not get to, if anywhere.
   */
  async run(): Promise<{ standing: Standing; position: string | undefined } | undefined> {
    this.#awaited = await this.#group.others();
    this.#roster.keep(new Set([...this.#awaited, this.#group.tab]));
    if (this.#awaited.size === 0) {
      return undefined;
    }
    this.#group.post({ kind: "claim" });
    while (this.#awaited.size > 0 && (await this.#answered.wait(ANSWER_MS))) {
      // until all have answered, or nobody did for a while
    }
    const best = this.#best;
    if (best === undefined || !this.#isBehind(best.standing)) {
      return undefined;
    }
    if (this.#journal.standing !== undefined) {
      this.#group.post({ kind: "resend", to: best.tab, after: this.#journal.standing });
      while (this.#isBehind(best.standing) && (await this.#answered.wait(ANSWER_MS))) {
        // until the frames are here, or none came for a while
      }
    }
    return this.#isBehind(best.standing) ? best : undefined;
  }

  /** Note that the state of a selection is known, however much the tabs want together. */
  cover(selection: Selection): void {
    this.covered = this.covered.with(selection, Number.POSITIVE_INFINITY);
  }

  /** Take in a message of another tab. */
  handle(from: string, message: TabMessage): void {
    if (message.kind === "standing") {
      this.#roster.set(from, message.member);
      this.#awaited.delete(from);
      const { standing, position, member } = message;
      if (standing !== undefined) {
        this.cover(Selection.of(member.symbols));
        if (this.#best === undefined || compare(standing, this.#best.standing) > 0) {
          this.#best = { tab: from, standing, position };
        }
      }
      this.#answered.ring();
    } else if (message.kind === "hello") {
      this.#roster.set(from, message.member);
    } else if (message.kind === "bye") {
      this.#roster.delete(from);
      this.#awaited.delete(from);
      this.#answered.ring();
    } else if (message.kind === "frame") {
      this.#answered.ring();
    }
  }

  #isBehind(standing: Standing): boolean {
    return this.#journal.standing === undefined || compare(this.#journal.standing, standing) < 0;
  }
}
