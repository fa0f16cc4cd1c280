/**
 * The times at which prices of a symbol were interrupted: trading was halted, ticks were missed, or
 * the source gave nothing. Pure.
 */

import { type Status, type Tick, timeMs } from "../client/index.ts";
import { HALTED_CODES, RESUMED_CODES } from "./instrument.ts";

/**
 * - `halt`: trading was halted
 * - `gap`: ticks were missed
 * - `down`: the source gave nothing
 */
export type InterruptionKind = "halt" | "gap" | "down";

export interface Interruption<Kind = InterruptionKind> {
  readonly kind: Kind;
  /** In seconds, with their fraction. */
  readonly fromS: number;
  /** Undefined while it lasts. */
  readonly toS: number | undefined;
  readonly words: string;
}

/** So many statuses, and so many times that were missed, are kept; the oldest go. */
const MOST = 1_000;

export class Interruptions {
  /** Statuses that begin or end a halt, oldest first. */
  #statuses: Status[] = [];
  #missed: Interruption[] = [];
  #halts: Interruption[] = [];

  /** Oldest first, halts before what was missed. */
  get all(): readonly Interruption[] {
    return [...this.#halts, ...this.#missed];
  }

  /** Take a tick of the symbol; return whether a halt began or ended. Statuses may come twice, and late. */
  take(tick: Tick): boolean {
    if (tick.T === "t") {
      this.#resume(timeMs(tick.t) / 1_000);
      return false;
    }
    return tick.T === "s" && this.#takeStatus(tick);
  }

  /** Note that nothing is known from a time on, until the next trade. */
  miss(kind: "gap" | "down", fromS: number, words: string): void {
    const last = this.#missed.at(-1);
    if (last === undefined || last.toS !== undefined) {
      this.#missed.push({ kind, fromS, toS: undefined, words });
      this.#missed.splice(0, this.#missed.length - MOST);
    }
  }

  /** Forget everything: time begins anew. */
  clear(): void {
    this.#statuses = [];
    this.#missed = [];
    this.#halts = [];
  }

  #resume(timeS: number): void {
    const last = this.#missed.at(-1);
    if (last !== undefined && last.toS === undefined && timeS > last.fromS) {
      this.#missed[this.#missed.length - 1] = { ...last, toS: timeS };
    }
  }

  #takeStatus(status: Status): boolean {
    const isOfHalts = HALTED_CODES.has(status.sc) || RESUMED_CODES.has(status.sc);
    if (!isOfHalts || this.#statuses.some(({ t, sc }) => t === status.t && sc === status.sc)) {
      return false;
    }
    this.#statuses.push(status);
    this.#statuses.sort((a, b) => timeMs(a.t) - timeMs(b.t));
    this.#statuses.splice(0, this.#statuses.length - MOST);
    this.#halts = haltsOf(this.#statuses);
    return true;
  }
}

/** The halts that statuses tell of, oldest first. */
function haltsOf(statuses: readonly Status[]): Interruption[] {
  const halts: Interruption[] = [];
  for (const { sc, sm, rm, t } of statuses) {
    const timeS = timeMs(t) / 1_000;
    const last = halts.at(-1);
    const isOpen = last !== undefined && last.toS === undefined;
    if (HALTED_CODES.has(sc)) {
      if (!isOpen) {
        const words = ["Halted", rm || sm].filter((text) => text !== "").join(": ");
        halts.push({ kind: "halt", fromS: timeS, toS: undefined, words });
      }
    } else if (isOpen) {
      halts[halts.length - 1] = { ...last, toS: timeS };
    }
  }
  return halts;
}
