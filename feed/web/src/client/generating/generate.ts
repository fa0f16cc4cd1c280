/** The way in for callers: `generate` and `watchAnswer`. */

import { baseOf } from "../base.ts";
import { type Environment, environment } from "../environment.ts";
import { type FeedError, InvalidInput } from "../errors.ts";
import type { Url } from "../platform.ts";
import type { CredentialsSource } from "../transports/transport.ts";
import { isSymbol } from "../wire/selection.ts";
import { Answer } from "./answer.ts";
import { Asking } from "./asking.ts";
import { Transcript } from "./transcript.ts";
import { Watching } from "./watching.ts";
import type { Way } from "./way.ts";

export interface AnswerOptions {
  /** The server's address; by default as of `FeedClient`. */
  url?: string | Url;
  /** Who asks, where the server wants to know; a function is asked anew for each connection. */
  credentials?: CredentialsSource;
  /** A connection that is silent for this time is dead (default: 20 s). */
  heartbeatMs?: number;
  /** Throw `GaveUp` when there was no connection for this time (default: 60 s). */
  giveUpAfterMs?: number;
  /** Is told what the answer survives. */
  onProblem?: (error: FeedError) => void;
  /** Parts that stand in for the browser's, for tests and for Node. */
  environment?: Partial<Environment>;
}

export interface GenerateOptions extends AnswerOptions {
  /** By default the server chooses. */
  model?: string;
  /** Stand before the prompt. */
  instructions?: string;
  /** The symbols whose facts the answer is grounded on, "*" for all; by default none is said. */
  symbols?: readonly string[] | "*";
  /** Let others watch it by its id, see `watchAnswer`. */
  share?: boolean;
  /** The most that the model may say. */
  maxTokens?: number;
  temperature?: number;
}

/** A text, or the messages of a conversation. */
export type Prompt = string | readonly { role: string; content: string }[];

/** The server speaks at least every 10 s, so twice that is dead. */
const HEARTBEAT_MS = 20_000;
/** A server lets a model go on for so long while nobody reads: `--llm-linger-s`. */
const LINGER_MS = 60_000;

/**
 * Ask a language model of a server, and read its answer while it is written.
 *
 *     const answer = generate("what moved?", { url: "http://127.0.0.1:8080" });
 *     for await (const piece of answer) {
 *       document.body.append(piece);
 *     }
 *
 * The question is sent when the first piece is asked for, or by `await answer.open()`. A connection
 * that is lost is made again, and goes on where it stood: each piece comes once. The model goes on
 * while nobody reads, for 60 s by default (`feed serve --llm-linger-s`), so breaking off the loop
 * stops it only after a while; `await answer.cancel()` stops it at once. Throws InvalidInput.
 */
export function generate(prompt: Prompt, options: GenerateOptions = {}): Answer {
  const { model, instructions, symbols, share, maxTokens, temperature } = options;
  check(prompt);
  const question: Record<string, unknown> = { input: prompt, stream: true };
  const said = { model, instructions, max_output_tokens: maxTokens, temperature };
  for (const [name, value] of Object.entries(said)) {
    if (value !== undefined) {
      question[name] = value;
    }
  }
  if (symbols !== undefined) {
    question["feed"] = { symbols: symbolsOf(symbols) };
  }
  if (share === true) {
    question["share"] = true;
  }
  const transcript = new Transcript();
  return make(new Asking(question, transcript), transcript, options);
}

/** Read an answer that somebody shared, while it is written: first its text so far. */
export function watchAnswer(id: string, options: AnswerOptions = {}): Answer {
  const transcript = new Transcript(id);
  return make(new Watching(transcript), transcript, options);
}

function make(way: Way, transcript: Transcript, options: AnswerOptions): Answer {
  const world = environment(options.environment);
  return new Answer({
    base: baseOf(options.url, world),
    way,
    transcript,
    credentials: options.credentials,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    giveUpAfterMs: options.giveUpAfterMs ?? LINGER_MS,
    onProblem: options.onProblem ?? (() => {}),
    environment: world,
  });
}

function check(prompt: Prompt): void {
  const texts = typeof prompt === "string" ? [prompt] : prompt.map(({ content }) => content);
  if (texts.length === 0 || texts.some((text) => typeof text !== "string" || text.trim() === "")) {
    const accepted = "text, or messages such as { role: 'user', content: 'what moved?' }";
    throw new InvalidInput("prompt", prompt, accepted);
  }
}

/** The symbols whose facts are wanted; none stands for all. */
function symbolsOf(symbols: readonly string[] | "*"): readonly string[] {
  const listed = typeof symbols === "string" ? [symbols] : symbols;
  if (listed.includes("*")) {
    return [];
  }
  for (const symbol of listed.length === 0 ? [""] : listed) {
    if (!isSymbol(symbol)) {
      throw new InvalidInput("symbols", symbol, "symbols, or '*' for all");
    }
  }
  return listed;
}
