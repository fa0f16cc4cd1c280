/**
 * The answer to a question of one's own: the events of the Responses API, and where they go on.
 *
 * An answer is one stream of numbered events, which `GET /v1/responses/{id}?starting_after=N` goes on
 * with behind any of them. Where a server has kept the text as one, as after a restart, it is asked
 * for from its beginning, and what had come is not taken again. Knows no connection.
 */

import { Malformed, type Refused } from "../errors.ts";
import { EventSplitter } from "../wire/eventstream.ts";
import { type GenerationState, type Transcript, usageOf } from "./transcript.ts";
import { parse, type Wanted, type Way } from "./way.ts";

/** A number, and a piece of text. */
type Take = (number: number, piece: string) => void;

export const PATH = "v1/responses";

const ENDS: Record<string, GenerationState> = {
  "response.completed": "stop",
  "response.incomplete": "length",
  "response.failed": "failed",
  "response.cancelled": "cancelled",
  error: "failed",
};

interface Response {
  id?: unknown;
  model?: unknown;
  status?: unknown;
  error?: { code?: unknown; message?: unknown } | null;
  feed?: { facts?: unknown; as_of?: unknown } | null;
  usage?: { input_tokens?: unknown; output_tokens?: unknown } | null;
}

interface ResponseEvent {
  type?: unknown;
  sequence_number?: unknown;
  delta?: unknown;
  response?: Response;
  code?: unknown;
  message?: unknown;
}

export class Asking implements Way {
  readonly #question: object;
  readonly #transcript: Transcript;
  #isFromBeginning = false; // since the server does not go on where it was

  constructor(question: object, transcript: Transcript) {
    this.#question = question;
    this.#transcript = transcript;
  }

  wanted(): Wanted {
    const { id, number } = this.#transcript;
    if (id === undefined) {
      return { path: PATH, query: {}, body: this.#question };
    }
    const begins = number === undefined || this.#isFromBeginning;
    const after = begins ? {} : { starting_after: String(number) };
    const path = `${PATH}/${encodeURIComponent(id)}`;
    return { path, query: { stream: "true", ...after }, body: undefined };
  }

  beginAgain({ code }: Refused): boolean {
    const goesOn = this.#transcript.number !== undefined && !this.#isFromBeginning;
    this.#isFromBeginning = code === 400 && goesOn;
    return this.#isFromBeginning;
  }

  reader(): (chunk: Uint8Array) => void {
    const splitter = new EventSplitter();
    const take = this.#isFromBeginning ? this.#takenAgain() : undefined;
    return (chunk) => {
      for (const { data } of splitter.push(chunk)) {
        readEvent(parse(data), this.#transcript, take);
      }
    };
  }

  /** Return what takes pieces from the beginning on, of which some had come. */
  #takenAgain(): Take {
    let text = "";
    return (number, piece) => {
      text += piece;
      this.#transcript.takeState(number, text);
    };
  }
}

/**
 * Take an event into a transcript; `take` its number and piece of text, where it is given.
 *
 * Throws Malformed.
 */
export function readEvent(value: unknown, transcript: Transcript, take?: Take): void {
  const event = value as ResponseEvent | null;
  const type = event?.type;
  if (typeof type !== "string" || event === null) {
    throw new Malformed("an event is an object with a type", value);
  }
  let number = event.sequence_number;
  if (number === undefined && type === "error") {
    number = (transcript.number ?? 0) + 1; // of the stream, not of the answer
  }
  if (typeof number !== "number") {
    throw new Malformed(`${type} has a sequence_number`, value);
  }
  note(event.response, transcript);
  const state = ENDS[type]; // whatever its number: a server that was killed may know less than we do
  if (transcript.isOver || (state === undefined && !take && !transcript.isNew(number))) {
    return;
  }
  const piece = type === "response.output_text.delta" ? event.delta : "";
  if (typeof piece !== "string") {
    throw new Malformed("a delta is text", value);
  }
  if (take === undefined) {
    transcript.take(number, piece);
  } else {
    take(number, piece);
  }
  if (state !== undefined) {
    end(state, event, transcript);
  }
}

function note(response: Response | undefined, transcript: Transcript): void {
  if (response === undefined) {
    return;
  }
  const { id, model } = response;
  if (typeof id !== "string" || (transcript.id ?? id) !== id) {
    throw new Malformed(`a response of ${transcript.id ?? "some id"} has another id`, id);
  }
  transcript.id = id;
  if (typeof model === "string") {
    transcript.model = model;
  }
  transcript.ground(response.feed?.facts, response.feed?.as_of);
}

function end(told: GenerationState, event: ResponseEvent, transcript: Transcript): void {
  const { response = {} } = event;
  const error = event.type === "error" ? event : (response.error ?? {});
  const code = String(error.code ?? "");
  let state = told;
  if (response.status === "cancelled") {
    state = "cancelled";
  } else if (told === "failed" && code === "interrupted") {
    state = "interrupted";
  }
  const usage = usageOf(response.usage?.input_tokens, response.usage?.output_tokens);
  transcript.end(state, usage, code, String(error.message ?? ""));
}
