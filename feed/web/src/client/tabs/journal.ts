/**
 * The relayed frames that a tab has seen, the last of them kept for tabs that have not.
 *
 * Theory of operation: a leader numbers its frames 1, 2, 3 … within its term; terms grow. A tab's
 * standing is the last frame it saw. When a leader is gone, the tabs compare their standings: the
 * furthest one passes on the frames that the others lack, and the new term begins for all from
 * there, so that every tab sees every frame once. Pure.
 */

import type { Frame } from "../link/link.ts";
import type { CodecName, Payload } from "../wire/codec.ts";
import type { Message } from "../wire/ticks.ts";

export interface Standing {
  readonly term: number;
  readonly number: number;
}

/** A frame as tabs pass it on. */
export interface RelayedFrame extends Standing {
  payload: Payload;
  codec: CodecName;
  /** In place of the messages in the payload, where they were altered. */
  messages: Message[] | undefined;
  position: string | undefined;
  /** On the first frame of a term: where the term before it ended. */
  base: Standing | undefined;
}

/** Frames kept; a takeover takes well under a second. */
const TAIL_FRAMES = 256;
const TAIL_BYTES = 4 * 1024 * 1024;

export class Journal {
  #tail: RelayedFrame[] = [];
  #tailAfter: Standing | undefined; // where a tab stands that lacks exactly the tail
  #tailBytes = 0;
  #base: Standing | undefined; // where the term before this one ended
  standing: Standing | undefined;
  position: string | undefined;

  /** Number a frame of this tab's own connection. */
  append({ payload, codec, messages, altered, position }: Frame): RelayedFrame {
    const { term, number } = this.standing ?? { term: 1, number: 0 };
    const frame: RelayedFrame = {
      term,
      number: number + 1,
      // A view of a larger buffer would be sent with the whole of it.
      payload: payload instanceof Uint8Array ? payload.slice() : payload,
      codec,
      messages: altered ? messages : undefined,
      position,
      base: number === 0 ? this.#base : undefined,
    };
    this.#keep(frame);
    return frame;
  }

  /** Take a relayed frame: it is the next one, was seen before, or comes after one that was not. */
  accept(frame: RelayedFrame): "next" | "old" | "missing" {
    const order = this.standing === undefined ? 1 : compare(frame, this.standing);
    if (order <= 0) {
      return "old";
    }
    const follows =
      frame.base !== undefined
        ? isAt(this.standing, frame.base) || isAt(this.standing, { term: frame.term, number: 0 })
        : isAt(this.standing, { term: frame.term, number: frame.number - 1 });
    if (!follows) {
      return "missing";
    }
    this.#keep(frame);
    return "next";
  }

  /** Begin a term where this tab stands. */
  begin(term: number): void {
    this.#base = this.standing;
    this.standing = { term, number: 0 };
  }

  /** Stand where another tab stood. */
  adopt(standing: Standing, position: string | undefined): void {
    this.standing = standing;
    this.position = position;
    this.#tail = [];
    this.#tailBytes = 0;
    this.#tailAfter = standing;
  }

  /** The frames after a standing; undefined when they are no longer kept. */
  since(standing: Standing): RelayedFrame[] | undefined {
    if (isAt(this.standing, standing)) {
      return [];
    }
    if (isAt(this.#tailAfter, standing)) {
      return this.#tail;
    }
    const last = this.#tail.findIndex((frame) => compare(frame, standing) === 0);
    if (last >= 0) {
      return this.#tail.slice(last + 1);
    }
    const first = this.#tail.findIndex(
      ({ term, number }) => term === standing.term && number === 1,
    );
    return standing.number === 0 && first >= 0 ? this.#tail.slice(first) : undefined;
  }

  #keep(frame: RelayedFrame): void {
    this.standing = { term: frame.term, number: frame.number };
    this.position = frame.position;
    this.#tail.push(frame);
    this.#tailBytes += frame.payload.length;
    while (this.#tail.length > TAIL_FRAMES || this.#tailBytes > TAIL_BYTES) {
      const dropped = this.#tail.shift() as RelayedFrame;
      this.#tailBytes -= dropped.payload.length;
      this.#tailAfter = { term: dropped.term, number: dropped.number };
    }
  }
}

/** Negative, zero or positive, as `a` comes before, is or comes after `b`. */
export function compare(a: Standing, b: Standing): number {
  return a.term - b.term || a.number - b.number;
}

/** Whether `standing` is `other`. */
export function isAt(standing: Standing | undefined, other: Standing): boolean {
  return standing !== undefined && compare(standing, other) === 0;
}
