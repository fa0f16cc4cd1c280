/**
 * Whether the page was asleep, with its machine or by its browser: time passed, and no timer ran. Pure.
 *
 * Theory of operation: a timer looks once a second. Browsers wake a hidden page's timers once a
 * minute at most, so a longer silence is a sleep. One that the browser itself tells (`freeze` and
 * `resume`) counts however short it was. A clock that somebody sets forward looks like a sleep,
 * and does the harm of one: a connection is made anew, from where it stood.
 */

/** Time between two looks. */
export const LOOK_MS = 1_000;
/** A page that is seen may be busy for a while; one that is hidden is woken once a minute. */
const SEEN_MS = 20_000;
const HIDDEN_MS = 150_000;
/** A shorter one is not worth a word. */
const WORTH_MS = 5_000;

export class SleepWatch {
  #lookedMs: number;
  #wasHidden = false;
  #frozenMs: number | undefined;

  constructor(nowMs: number) {
    this.#lookedMs = nowMs;
  }

  /** Look at the clock; return how long the page was asleep, in ms, if it was. */
  look(nowMs: number, isHidden: boolean): number | undefined {
    const silentMs = nowMs - this.#lookedMs;
    const limitMs = isHidden || this.#wasHidden ? HIDDEN_MS : SEEN_MS;
    this.#lookedMs = nowMs;
    this.#wasHidden = isHidden;
    return silentMs >= limitMs ? silentMs : undefined;
  }

  /** The browser is about to stop the page. */
  freeze(nowMs: number): void {
    this.#frozenMs = nowMs;
  }

  /** The browser lets it go on; return how long it was asleep, in ms, where that is worth a word. */
  resume(nowMs: number): number | undefined {
    const asleepMs = nowMs - (this.#frozenMs ?? nowMs);
    this.#frozenMs = undefined;
    this.#lookedMs = nowMs;
    return asleepMs >= WORTH_MS ? asleepMs : undefined;
  }
}
