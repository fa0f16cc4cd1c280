/**
 * The transcript: all that has come of one answer, over however many connections.
 *
 * The numbers of what came are the place to resume from, and say what came twice: each piece of text
 * is taken once. Knows neither the events that brought it nor a connection.
 */

import { GenerationFailed, Malformed } from "../errors.ts";
import { GENERATION_STATES, type GenerationState } from "../wire/words.ts";

export { GENERATION_STATES, type GenerationState };

/** The tokens of an answer, as its model counts them. */
export interface Usage {
  promptTokens: number;
  completionTokens: number;
}

/** The facts that an answer rests on. */
export interface Grounding {
  /** As its model was told them. */
  facts: string;
  /** The position as of which they are. */
  asOf: string;
}

export class Transcript {
  id: string | undefined;
  model: string | undefined;
  /** Of the newest event that was taken, as its protocol counts. */
  number: number | undefined;
  state: GenerationState = "running";
  usage: Usage | undefined;
  grounding: Grounding | undefined;
  failure: GenerationFailed | undefined;
  text = "";
  #fresh: string[] = [];

  constructor(id?: string) {
    this.id = id;
  }

  get isOver(): boolean {
    return this.state !== "running";
  }

  /** Return the next piece of text that was not handed out. */
  nextPiece(): string | undefined {
    return this.#fresh.shift();
  }

  /** Note the facts that it rests on, where these are some. */
  ground(facts: unknown, asOf: unknown): void {
    if (typeof facts === "string" && facts !== "") {
      this.grounding = { facts, asOf: String(asOf ?? "") };
    }
  }

  /** Tell whether an event has not been taken yet. Throws Malformed where one is missing before it. */
  isNew(number: number): boolean {
    if (this.number !== undefined && number <= this.number) {
      return false;
    }
    // A state stands for all before it, and is all that a late comer gets of that.
    if (this.text !== "" && number !== (this.number ?? 0) + 1) {
      throw new Malformed(`event ${number} of ${this.id} follows on ${this.number}`, number);
    }
    return true;
  }

  /** Take an event that is new, and the piece of text in it. */
  take(number: number, piece = ""): void {
    this.number = number;
    if (piece !== "") {
      this.text += piece;
      this.#fresh.push(piece);
    }
  }

  /**
   * Take the state after an event, and of all its text what had not come.
   *
   * A server that was killed may know less than had come. Throws Malformed.
   */
  takeState(number: number, text: string): void {
    const had = this.text;
    if (!text.startsWith(had) && !had.startsWith(text)) {
      throw new Malformed(`the text of ${this.id} at ${number} is not how it began`, text);
    }
    if (this.number === undefined || number >= this.number) {
      this.take(number, text.slice(had.length));
    }
  }

  /** Note that nothing follows, and why. */
  end(state: GenerationState, usage: Usage | undefined, code: string, words: string): void {
    this.state = state;
    this.usage = usage;
    if (state === "failed" || state === "interrupted") {
      this.failure = new GenerationFailed(this.id, code || state, words);
    }
  }
}

export function usageOf(read: unknown, said: unknown): Usage | undefined {
  return typeof read === "number" && typeof said === "number"
    ? { promptTokens: read, completionTokens: said }
    : undefined;
}
