/**
 * Words: what stands beside ticks, as the wire names its fields; here what language models answer.
 *
 * A word of an answer has the `id` of it, and `n`, its place in it: whoever keeps the greatest `n` of an
 * id has each word once. Channels of words are subscribed to by keys, such as ids, and by `*` only
 * where that is one's own.
 */

import { type DeskWord, isDeskWord, isWholeDeskWord } from "./deskwords.ts";

export const WORD_CHANNELS = ["generations", "rooms", "presence", "alerts", "jobs"] as const;
export type WordChannel = (typeof WORD_CHANNELS)[number];

/** How a generation stands, or ended. */
export const GENERATION_STATES = [
  "running",
  "stop",
  "length",
  "cancelled",
  "failed",
  "interrupted",
] as const;
export type GenerationState = (typeof GENERATION_STATES)[number];

/** How an answer ended, and what it took; there once it is over. */
interface End {
  /** Why it failed, for programs. */
  code?: string;
  /** The same for a person. */
  msg?: string;
  prompt_tokens?: number;
  completion_tokens?: number;
}

/** An answer begins; to whoever comes later its state, with the text so far. */
export interface Generation extends End {
  T: "generation";
  id: string;
  /** Of a state the number of the last word in it. */
  n: number;
  model: string;
  text: string;
  state: GenerationState;
  t: string;
  /** What it was grounded on, as of the position `as_of`; `symbols` are theirs. */
  facts?: string;
  as_of?: string;
  symbols?: string[];
  shared?: boolean;
  owner?: string;
}

/** A piece of the text of an answer. */
export interface Token {
  T: "token";
  id: string;
  n: number;
  text: string;
  t: string;
}

/** An answer is over. */
export interface Generated extends End {
  T: "generated";
  id: string;
  n: number;
  state: GenerationState;
  t: string;
}

/** A word of an answer. */
export type GenerationWord = Generation | Token | Generated;
export type Word = GenerationWord | DeskWord;

const TYPES: ReadonlySet<string> = new Set<GenerationWord["T"]>([
  "generation",
  "token",
  "generated",
]);
const ID = /^gen_[0-9a-f]{32}$/;
export const ID_SHAPE = "the id of a generation: gen_ and 32 hexadecimal digits";

/** Whether a text may be the id of an answer. */
export function isGenerationId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

/** Tell whether a message is a word. */
export function isWord(message: { T: string }): message is Word {
  return TYPES.has(message.T) || isDeskWord(message);
}

/** Tell whether what says that it is a word has what one has. */
export function isWholeWord(value: { T: string }): value is Word {
  if (isDeskWord(value)) {
    return isWholeDeskWord(value);
  }
  const { T, id, n, text, state } = value as Partial<Record<string, unknown>>;
  const says = T === "generated" || typeof text === "string";
  const stands = T === "token" || GENERATION_STATES.includes(state as GenerationState);
  return typeof id === "string" && Number.isSafeInteger(n) && says && stands;
}
