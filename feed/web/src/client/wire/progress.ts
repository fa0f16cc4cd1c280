/**
 * The progress of a connection: the position after each frame, and the faults of its positions.
 *
 * Theory of operation: a frame that carries a position moves us to it; ticks that came without one
 * are not counted as received yet, so a resume repeats the request for them. The server tells gaps.
 * Two guards stand behind it, so that nothing is lost or doubled in silence, even by a fault on the
 * way: an epoch that changes without a gap being told is told here, and ticks of a frame that goes
 * back are dropped. Pure.
 */

import { Malformed } from "../errors.ts";
import { firstMissing, type Position, readPosition } from "./position.ts";
import { type Gap, isTick, type Message } from "./ticks.ts";
import { isWord } from "./words.ts";

export class Progress {
  #current: string | undefined;
  #parsed: Position | undefined;
  #lost: { from: string; reason: string } | undefined;
  #gapTold = false;
  /** Between the borders of a snapshot; its ticks restate and never count as doubled. */
  inSnapshot = false;
  /** Ticks dropped because their frame went back. */
  duplicates = 0;

  /** The position to resume from. */
  get position(): string | undefined {
    return this.#current;
  }

  /** Whether there was a position, and it was given up. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Begin at a position. */
  moveTo(position: string): void {
    this.#current = position;
    this.#parsed = readPosition(position);
  }

  /** Note that a new connection begins: a snapshot or gap that the last one left open is void. */
  restart(): void {
    this.inSnapshot = false;
    this.#gapTold = false;
  }

  /** Give up the position; a gap from it is told as soon as another one is known. */
  lose(reason: string): void {
    if (this.#current !== undefined) {
      this.#lost ??= { from: this.#current, reason };
    }
    this.#current = undefined;
    this.#parsed = undefined;
  }

  /**
   * Take a frame's messages; return those that are to be delivered.
   *
   * Throws Malformed when the position cannot be read.
   *
   * @param carried the position where the transport carries it itself.
   */
  advance(messages: Message[], carried: string | undefined): Message[] {
    let next = carried;
    const snapshotBefore = this.inSnapshot;
    for (const message of messages) {
      if (message.T === "mark") {
        next = message.pos;
      } else if (message.T === "snapshot") {
        this.inSnapshot = message.state === "begin";
        next = message.state === "end" ? (message.pos ?? next) : next;
      } else if (message.T === "gap") {
        this.#gapTold = true;
      }
    }
    return next === undefined ? messages : this.#move(messages, next, snapshotBefore);
  }

  #move(messages: Message[], next: string, inSnapshot: boolean): Message[] {
    if (next === this.#current) {
      return messages;
    }
    const parsed = readPosition(next);
    if (parsed === undefined) {
      throw new Malformed("a position is <epoch>-<sequence>", next);
    }
    const before = this.#parsed;
    if (
      before !== undefined &&
      before.epoch === parsed.epoch &&
      parsed.sequence < before.sequence
    ) {
      if (inSnapshot) {
        return messages;
      }
      const kept = messages.filter((message) => !(isTick(message) || isWord(message)));
      this.duplicates += messages.length - kept.length;
      return kept;
    }
    const missing = this.#missing(parsed, next);
    this.#current = next;
    this.#parsed = parsed;
    this.#gapTold = false;
    this.#lost = undefined;
    return missing === undefined ? messages : [missing, ...messages];
  }

  /** The gap that nobody told, if there is one. */
  #missing(parsed: Position, next: string): Gap | undefined {
    if (this.#gapTold) {
      return undefined;
    }
    if (this.#lost !== undefined) {
      const { from, reason } = this.#lost;
      return { T: "gap", from: firstMissing(from, next), to: next, reason };
    }
    if (this.#parsed !== undefined && this.#parsed.epoch !== parsed.epoch) {
      return { T: "gap", from: this.#current as string, to: next, reason: "epoch" };
    }
    return undefined;
  }
}
