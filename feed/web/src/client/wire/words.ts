/**
 * Words: what language models answer, beside ticks, as the wire names their fields.
 *
 * A word has the `id` of its answer, and `n`, its place in it: whoever keeps the greatest `n` of an
 * id has each word once. Its channel is subscribed to by ids, never by `*`.
 */

export const WORD_CHANNELS = ["generations"] as const;
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

export type Word = Generation | Token | Generated;

const TYPES: ReadonlySet<string> = new Set<Word["T"]>(["generation", "token", "generated"]);
const ID = /^gen_[0-9a-f]{32}$/;
export const ID_SHAPE = "the id of a generation: gen_ and 32 hexadecimal digits";

/** Whether a text may be the id of an answer. */
export function isGenerationId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

/** Tell whether a message is a word. */
export function isWord(message: { T: string }): message is Word {
  return TYPES.has(message.T);
}

/** Tell whether what says that it is a word has what one has. */
export function isWholeWord(value: object): value is Word {
  const { T, id, n, text, state } = value as Record<string, unknown>;
  const says = T === "generated" || typeof text === "string";
  const stands = T === "token" || GENERATION_STATES.includes(state as GenerationState);
  return typeof id === "string" && Number.isSafeInteger(n) && says && stands;
}
