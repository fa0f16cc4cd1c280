/**
 * Callers that wait until the server has acknowledged what they asked for, bounded in number.
 *
 * Every change of the wanted selection has a revision; acknowledging one acknowledges all before
 * it, because requests merge. Pure but for its promises.
 */

import { type FeedError, LimitExceeded } from "../errors.ts";

export const MAX_WAITING = 1_000;

interface Caller {
  revision: number;
  resolve: () => void;
  reject: (error: FeedError) => void;
}

export class Acknowledgements {
  #callers: Caller[] = [];
  #acknowledged = 0;

  /** Wait for a revision. Rejects with LimitExceeded when too many wait already. */
  wait(revision: number): Promise<void> {
    if (revision <= this.#acknowledged) {
      return Promise.resolve();
    }
    const count = this.#callers.length + 1;
    if (count > MAX_WAITING) {
      return Promise.reject(
        new LimitExceeded("requests waiting for the server", count, MAX_WAITING),
      );
    }
    return new Promise((resolve, reject) => {
      this.#callers.push({ revision, resolve, reject });
    });
  }

  /** Wake callers that wait for this revision or one before; `error` says that it was refused. */
  acknowledge(revision: number, error?: FeedError): void {
    this.#acknowledged = Math.max(this.#acknowledged, revision);
    const callers = this.#callers;
    this.#callers = callers.filter((caller) => caller.revision > revision);
    for (const caller of callers) {
      if (caller.revision <= revision) {
        error === undefined ? caller.resolve() : caller.reject(error);
      }
    }
  }

  /** Wake all callers: the acknowledgement is not coming. */
  rejectAll(error: FeedError): void {
    for (const { reject } of this.#callers.splice(0)) {
      reject(error);
    }
  }
}
