/**
 * How far behind the server this page is, in time, whatever the cause: a slow reader, a slow network,
 * a connection that is silent or gone.
 *
 * Theory of operation: the server says now and then where it is; so the time when it passed a
 * position is known, and a frame with that position is late by the time since. No clock is
 * compared with another one. Where nothing comes, nothing may be due: a quiet selection hears
 * of a busy feed every ten seconds. So a silence counts once it is long for this connection, and the
 * server has passed our position or does not answer either. Pure; all times are of one monotonic
 * clock.
 */

import { parsePosition } from "../../client/index.ts";

/** Later than this is late; the server is asked every two seconds, and answers take a while. */
const LATE_MS = 2_000;
/** The server speaks every ten seconds at least. */
const LONGEST_SILENCE_MS = 11_000;
/** A silence counts that is longer than those before it by this factor. */
const UNUSUAL = 3;
const WINDOW_MS = 60_000;
const MOST_PASSED = 600;

interface Passed {
  sequence: number;
  timeMs: number;
}

export class Freshness {
  #epoch: string | undefined;
  #passed: Passed[] = []; // where the server was, and when; oldest first
  #heardMs: number | undefined;
  #position: string | undefined;
  #lateMs = 0; // of what was heard last
  #isAnswering = true; // the server, when it was asked last
  #silences: { endMs: number; lengthMs: number }[] = [];
  #sinceMs: number | undefined; // silences are known since then

  /** Note where the server said it was. */
  serverAt(position: string, timeMs: number): void {
    this.#isAnswering = true;
    const { epoch, sequence } = parsePosition(position);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#passed = [];
    }
    this.#passed.push({ sequence, timeMs });
    if (this.#passed.length > MOST_PASSED) {
      this.#passed.shift();
    }
  }

  /** Note that the server was asked where it is, and did not answer. */
  serverIsSilent(): void {
    this.#isAnswering = false;
  }

  /** Note that frames came, up to this position. */
  heard(position: string | undefined, timeMs: number): void {
    if (this.#heardMs !== undefined) {
      this.#silences.push({ endMs: timeMs, lengthMs: timeMs - this.#heardMs });
      while ((this.#silences[0]?.endMs ?? timeMs) < timeMs - WINDOW_MS) {
        this.#silences.shift();
      }
    }
    this.#sinceMs ??= timeMs;
    this.#heardMs = timeMs;
    this.#position = position;
    this.#lateMs = Math.max(0, timeMs - this.#passedMs(timeMs));
  }

  /** How far behind it is; 0 where all that is due may well be here. */
  behindMs(nowMs: number, isConnected: boolean): number {
    if (this.#heardMs === undefined) {
      return 0; // there is nothing on the page yet
    }
    const silentMs = nowMs - this.#heardMs;
    if (!isConnected) {
      return silentMs + (this.#lateMs > LATE_MS ? this.#lateMs : 0);
    }
    if (this.#lateMs > LATE_MS) {
      return Math.max(this.#lateMs, nowMs - this.#passedMs(nowMs));
    }
    const unpassedMs = nowMs - this.#passedMs(nowMs);
    if (silentMs > LONGEST_SILENCE_MS) {
      return Math.max(silentMs, unpassedMs);
    }
    if (silentMs <= this.#usualSilenceMs(nowMs)) {
      return 0;
    }
    return this.#isAnswering ? (unpassedMs > LATE_MS ? unpassedMs : 0) : silentMs;
  }

  /** The time when the server passed our position; `nowMs` where it did not, as far as is known. */
  #passedMs(nowMs: number): number {
    if (this.#position === undefined) {
      return nowMs;
    }
    const { epoch, sequence } = parsePosition(this.#position);
    if (epoch !== this.#epoch) {
      return nowMs;
    }
    const after = this.#passed.findIndex((passed) => passed.sequence > sequence);
    const next = this.#passed[after];
    if (next === undefined) {
      return nowMs;
    }
    const last = this.#passed[after - 1];
    if (last === undefined) {
      return next.timeMs; // before it was asked first
    }
    const share = (sequence - last.sequence) / (next.sequence - last.sequence);
    return last.timeMs + share * (next.timeMs - last.timeMs);
  }

  #usualSilenceMs(nowMs: number): number {
    if (this.#sinceMs === undefined || nowMs - this.#sinceMs < LONGEST_SILENCE_MS) {
      return LONGEST_SILENCE_MS;
    }
    const longest = Math.max(0, ...this.#silences.map(({ lengthMs }) => lengthMs));
    return Math.min(LONGEST_SILENCE_MS, Math.max(LATE_MS, UNUSUAL * longest));
  }
}
