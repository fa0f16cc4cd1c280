/** What somebody's grant leaves out, as it is said in its place: `Your key does not include …`. Pure. */

import { Lost } from "../client/index.ts";

/** The words of a server (`NotGranted` in feed/errors.py), whatever stands before them. */
const NOT_GRANTED = /^(?:insufficient subscription: |\w+: )?(.+?) (?:is|are) not granted\b/s;

/** Return what to say where the server's words are that something is not granted. */
export function denialIn(words: string): string | undefined {
  const what = NOT_GRANTED.exec(words)?.[1];
  // A channel, whatever of it: `* on quotes`, `quotes of *`.
  return what && notIncluded(what.replace(/^\* on (\w+)$/, "$1").replace(/ of \*$/, ""));
}

/** Return what to say instead of what an error kept from us; undefined: no grant has. */
export function denialOf(error: unknown): string | undefined {
  return error instanceof Error ? denialIn(error.message) : undefined;
}

/** What an error says to people. */
export function wordsOf(error: Error): string {
  const silence = error instanceof Lost ? `The server did not answer: ${error.reason}` : undefined;
  return denialOf(error) ?? silence ?? error.message;
}

/**
 * The names that a warning says are not granted on a channel: of `not granted: MSFT, TSLA and 3 more on
 * trades; * on quotes` (feed/wire/messages.py) MSFT and TSLA.
 */
export function refusedOn(channel: string, words: string): string[] {
  const parts = words.replace(/^not granted: /, "").split("; ");
  return parts.flatMap((part) => {
    const [, names, of] = /^(.+?)(?: and [\d,]+ more)? on (\w+)$/.exec(part) ?? [];
    return of === channel ? (names ?? "").split(", ").filter((name) => name !== "*") : [];
  });
}

/** What stands in the place of a name or a price, where there is little room. */
export const NOT_INCLUDED = "not in your key";

export function notIncluded(what: string): string {
  return `Your key does not include ${what}`;
}
