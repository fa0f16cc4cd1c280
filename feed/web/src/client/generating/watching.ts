/**
 * The answer to somebody's question: words of the channel `generations`, over the feed's own SSE.
 *
 * Each connection begins with the state, which is the text so far; words follow by their numbers. So
 * nothing is missed between two connections, and nothing comes twice. Knows no connection.
 */

import { InvalidInput, Malformed, Refused } from "../errors.ts";
import { FINAL_CODES } from "../wire/errorcodes.ts";
import { EventSplitter } from "../wire/eventstream.ts";
import { isGenerationId } from "../wire/words.ts";
import { GENERATION_STATES, type GenerationState, type Transcript, usageOf } from "./transcript.ts";
import { parse, type Wanted, type Way } from "./way.ts";

const PATH = "v1/sse";

interface Word {
  T?: unknown;
  id?: unknown;
  n?: unknown;
  text?: unknown;
  model?: unknown;
  state?: unknown;
  facts?: unknown;
  as_of?: unknown;
  code?: unknown;
  msg?: unknown;
  reason?: unknown;
  reconnect?: unknown;
  prompt_tokens?: unknown;
  completion_tokens?: unknown;
}

export class Watching implements Way {
  readonly #transcript: Transcript;

  /** Watch the generation whose id a transcript has. Throws InvalidInput where it is none. */
  constructor(transcript: Transcript) {
    if (!isGenerationId(transcript.id)) {
      const shape = "the id of a generation: gen_ and 32 hexadecimal digits";
      throw new InvalidInput("id", transcript.id, shape);
    }
    this.#transcript = transcript;
  }

  wanted(): Wanted {
    const query = { generations: this.#transcript.id ?? "", snapshot: "1" };
    return { path: PATH, query, body: undefined };
  }

  /** Each connection begins with all of it. */
  beginAgain(): boolean {
    return false;
  }

  reader(): (chunk: Uint8Array) => void {
    const splitter = new EventSplitter();
    return (chunk) => {
      for (const { name, data } of splitter.push(chunk)) {
        const value = parse(data);
        const words = Array.isArray(value) ? value : [{ T: name, ...(value as object) }];
        for (const word of words) {
          readWord(word, this.#transcript);
        }
      }
    };
  }
}

/** Take a word into a transcript. Throws Malformed, and Refused where there is nothing to watch. */
export function readWord(word: Word, transcript: Transcript): void {
  const { T: type, n: number, text = "", state = "running" } = word;
  if (type === "error" || type === "bye") {
    judge(word);
  }
  if (type !== "generation" && type !== "token" && type !== "generated") {
    return; // marks, snapshots, gaps: after a gap the state is told again
  }
  if (transcript.isOver || word.id !== transcript.id) {
    return;
  }
  if (typeof number !== "number" || typeof text !== "string" || !isState(state)) {
    throw new Malformed("a word has a number n, a text and a state", word);
  }
  if (type === "generation") {
    transcript.model = typeof word.model === "string" ? word.model : transcript.model;
    transcript.ground(word.facts, word.as_of);
    transcript.takeState(number, text);
  } else if (type === "token" && transcript.number === undefined) {
    return; // it is in the state, which follows
  } else if (type === "generated" || transcript.isNew(number)) {
    // An end is one whatever its number: a server that was killed may know less than we do.
    transcript.take(number, text);
  } else {
    return;
  }
  if (state !== "running") {
    const usage = usageOf(word.prompt_tokens, word.completion_tokens);
    transcript.end(state, usage, String(word.code ?? ""), String(word.msg ?? ""));
  }
}

function judge({ code, msg, reason, reconnect }: Word): void {
  const known = typeof code === "number" ? code : undefined;
  if (reconnect === false || (known !== undefined && FINAL_CODES.has(known))) {
    throw new Refused(known, String(msg ?? reason ?? "no reason given"), true);
  }
}

function isState(value: unknown): value is GenerationState {
  return (GENERATION_STATES as readonly unknown[]).includes(value);
}
