/** What is said about an answer, in words. */

import type { Answer } from "../../client/index.ts";

/** As much of an answer as is told about it. */
export type Told = Pick<Answer, "id" | "model" | "state" | "usage">;

const STATES: Record<Told["state"], string> = {
  running: "writing…",
  stop: "",
  length: "cut off at the most tokens that it may have",
  cancelled: "stopped",
  failed: "failed",
  interrupted: "interrupted",
};

/** Which model answers, how that stands, and what it took. */
export function about({ id, model, state, usage }: Told, isWatched: boolean): string {
  if (id === undefined) {
    return "asking…";
  }
  const tokens =
    usage === undefined ? "" : `${usage.promptTokens} + ${usage.completionTokens} tokens`;
  const parts = [model ?? "", isWatched ? "asked elsewhere" : "", STATES[state], tokens];
  return parts.filter((part) => part !== "").join(" · ");
}

const SENTENCES = /^.*(?:[.!?…:](?=\s)|\n)/s;

/**
 * The sentences that a text has whole, and what is left of it: screen readers are given sentences,
 * since a word is no news.
 */
export function sentences(text: string): [whole: string, rest: string] {
  const whole = SENTENCES.exec(text)?.[0] ?? "";
  return [whole, text.slice(whole.length)];
}

/** A question to begin with, about a symbol. */
export function questionAbout(symbol: string | undefined): string {
  return symbol === undefined ? "What moved?" : `What moved ${symbol}?`;
}
