/**
 * What is said to people who listen, and when: little, the newest, and never all at once. Pure.
 *
 * A *state* is how something stands: it is said once it has stood for a moment, not where it is as was
 * said last, and not again soon, however it flaps. *News* have happened: they are said together, the newest few,
 * with the number of the rest. Prices are neither: nobody could listen to them.
 */

/** Something is said no more often. */
const EVERY_MS = 2_000;
/** A state that passes sooner is not said. */
const STANDS_MS = 1_000;
/** States of the same thing are said no more often. */
const STATE_MS = 10_000;
/** News of one kind that are said at once. */
const MOST_NEWS = 3;

interface Waiting {
  words: string[];
  /** How many were passed over, since more came. */
  passed: number;
}

interface State {
  words: string;
  sinceMs: number;
  said: string;
  saidMs: number;
}

export class Announcements {
  readonly #states = new Map<string, State>();
  readonly #news = new Map<string, Waiting>();
  #saidMs = Number.NEGATIVE_INFINITY;

  /** Note how something stands; "" is nothing to say. */
  state(of: string, words: string, nowMs: number): void {
    const { said, saidMs, ...before } = this.#states.get(of) ?? UNSAID;
    const sinceMs = before.words === words ? before.sinceMs : nowMs;
    this.#states.set(of, { words, sinceMs, said, saidMs });
  }

  /** Note something that has happened; @param most how many of its kind are said at once. */
  news(of: string, words: string, most = MOST_NEWS): void {
    const waiting = this.#news.get(of) ?? { words: [], passed: 0 };
    waiting.words.push(words);
    if (waiting.words.length > most) {
      waiting.words.shift();
      waiting.passed += 1;
    }
    this.#news.set(of, waiting);
  }

  /** Forget what was not said yet. */
  forget(of: string): void {
    this.#news.delete(of);
  }

  /** When there is something to say; undefined: nothing is. */
  get dueMs(): number | undefined {
    const states = [...this.#states.values()].filter(isNew).map(dueMsOf);
    const dueMs = Math.min(this.#news.size > 0 ? 0 : Number.POSITIVE_INFINITY, ...states);
    return dueMs === Number.POSITIVE_INFINITY
      ? undefined
      : Math.max(dueMs, this.#saidMs + EVERY_MS);
  }

  /** Return what is to be said now; undefined: nothing is, or it is too early. */
  take(nowMs: number): string | undefined {
    if ((this.dueMs ?? Number.POSITIVE_INFINITY) > nowMs) {
      return undefined;
    }
    this.#saidMs = nowMs;
    const told: string[] = [];
    for (const state of this.#states.values()) {
      if (isNew(state) && dueMsOf(state) <= nowMs) {
        state.said = state.words;
        state.saidMs = nowMs;
        told.push(state.words);
      }
    }
    for (const { words, passed } of this.#news.values()) {
      told.push(...words, ...(passed > 0 ? [`And ${passed} more`] : []));
    }
    this.#news.clear();
    return told
      .filter((words) => words !== "")
      .map(sentence)
      .join(" ");
  }
}

const UNSAID: State = { words: "", sinceMs: 0, said: "", saidMs: Number.NEGATIVE_INFINITY };

function dueMsOf({ sinceMs, saidMs }: State): number {
  return Math.max(sinceMs + STANDS_MS, saidMs + STATE_MS);
}

function isNew({ words, said }: State): boolean {
  return words !== said;
}

function sentence(words: string): string {
  return /[.!?…:]\s*$/.test(words) ? words.trim() : `${words.trim()}.`;
}
