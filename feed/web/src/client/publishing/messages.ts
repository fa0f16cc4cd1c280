/**
 * The words of a server that takes ticks: its greeting, acknowledgements, refusals.
 *
 * Objects of the wire, checked; other kinds of messages are of no concern here.
 */

import { Malformed } from "../errors.ts";

/** The first words of a connection. */
export interface Greeting {
  T: "producer";
  /** The number of the newest batch that the server has applied; null: none of this name. */
  last: number | null;
  /** What it acknowledges becomes durable, and it says when. */
  keeps: boolean;
  /** In one batch. */
  most_ticks: number;
}

/** A batch was applied. */
export interface Ack {
  T: "ack";
  sequence: number;
  /** The position of its last tick; null where the server does not remember. */
  pos: string | null;
  /** It would survive a kill. */
  durable: boolean;
  /** It was applied before, and not now. */
  duplicate: boolean;
}

/** Every batch that was acknowledged on this connection, up to this one, would survive. */
export interface Durable {
  T: "durable";
  sequence: number;
}

/** A batch was not applied, and will not be; the connection goes on. */
export interface Refusal {
  T: "refused";
  /** null: the server could not read it, and it is none of ours. */
  sequence: number | null;
  /** An HTTP status. */
  code: number;
  /** The first tick that is wrong, from 1; null: it is not of one. */
  row?: number | null;
  msg: string;
}

export type Answer = Greeting | Ack | Durable | Refusal;

const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  producer: ["most_ticks"],
  ack: ["sequence"],
  durable: ["sequence"],
  refused: ["code"],
};

/**
 * Return a message of one of these kinds; undefined: it is of another one.
 *
 * Throws Malformed when it is one of these, and not as the protocol has it.
 */
export function readAnswer(message: { T: string }): Answer | undefined {
  const numbers = Object.hasOwn(NUMBERS, message.T) ? NUMBERS[message.T] : undefined;
  if (numbers === undefined) {
    return undefined;
  }
  const fields = message as unknown as Record<string, unknown>;
  for (const name of numbers) {
    if (!Number.isSafeInteger(fields[name])) {
      throw new Malformed(`${name} of a message of T ${message.T} is no number`, message);
    }
  }
  const { last } = fields;
  if (message.T === "producer" && last !== null && !Number.isSafeInteger(last)) {
    throw new Malformed("last of a greeting is neither a number nor null", message);
  }
  return message as Answer;
}
