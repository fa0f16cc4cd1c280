/** The way to an answer: what each connection asks for, and how it is read. */

import { Malformed, type Refused } from "../errors.ts";

/** The request of one connection. */
export interface Wanted {
  /** Of the server's URL. */
  path: string;
  query: Record<string, string>;
  /** What is posted; undefined: nothing is, it is a GET. */
  body: object | undefined;
}

export interface Way {
  wanted(): Wanted;
  /** Tell whether the next connection, which asks for all of it, may not be refused. */
  beginAgain(refused: Refused): boolean;
  /** Return what takes the bytes of one connection into the transcript. It throws Malformed. */
  reader(): (chunk: Uint8Array) => void;
}

/** Read the JSON of an event. Throws Malformed. */
export function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new Malformed("an event is not JSON", data.slice(0, 64));
  }
}
