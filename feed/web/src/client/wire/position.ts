/** Positions, `<epoch>-<sequence>`: where a subscriber stands. The same text on every transport. */

import { InvalidInput } from "../errors.ts";

export interface Position {
  epoch: string;
  sequence: number;
}

const SHAPE = /^([a-z0-9]{1,32})-(0|[1-9][0-9]{0,18})$/;

/** Read a position; undefined when the text is not one. */
export function readPosition(text: string): Position | undefined {
  const match = SHAPE.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    return undefined;
  }
  return { epoch: match[1], sequence: Number(match[2]) };
}

/**
 * Read a position that the caller passed.
 *
 * Throws InvalidInput when the text is not one.
 */
export function parsePosition(text: string, parameter = "after"): Position {
  const position = readPosition(text);
  if (position === undefined) {
    throw new InvalidInput(
      parameter,
      text,
      "a position as the server sends it, <epoch>-<sequence>",
    );
  }
  return position;
}

/** The number of sequences between two positions; undefined across epochs. */
export function distance(from: string, to: string): number | undefined {
  const a = readPosition(from);
  const b = readPosition(to);
  if (a === undefined || b === undefined || a.epoch !== b.epoch) {
    return undefined;
  }
  return b.sequence - a.sequence;
}

/** The position after the last one held; across epochs that one itself, as servers tell it. */
export function firstMissing(held: string, next: string): string {
  const position = readPosition(held);
  return position?.epoch === readPosition(next)?.epoch && position !== undefined
    ? `${position.epoch}-${position.sequence + 1}`
    : held;
}
