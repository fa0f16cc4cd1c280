/**
 * The warnings of a connection, as they concern one client.
 *
 * A server warns of a name once a connection, and tabs may share that: what another tab asked for is
 * not told here, and what this client asks for later than another one did is told from memory.
 * Knows nothing of connections. Pure.
 */

import type { Selection } from "./wire/selection.ts";
import { CHANNELS, type Channel, type Tick, type Warning } from "./wire/ticks.ts";

/** Names of one reason that are remembered; the server itself remembers as many. */
const MOST_REMEMBERED = 100;
const CHANNEL_NAMES: ReadonlySet<string> = new Set(CHANNELS);

/** A name of a warning, with the listed one that was probably meant. */
type Names = Map<string, string | undefined>;

export class Warnings {
  /** By reason, all that the connection was warned of. */
  readonly #heard = new Map<string, Names>();
  /** By reason, what this client was told. */
  readonly #told = new Map<string, Set<string>>();

  /** Forget everything: a connection begins, on which the server warns again. */
  restart(): void {
    this.#heard.clear();
    this.#told.clear();
  }

  /** Note that something came after all. */
  came({ S }: Tick, channel: Channel): void {
    if (this.#heard.size === 0) {
      return; // as nearly always
    }
    this.#heard.get("unlisted")?.delete(S);
    this.#heard.get("silent_channel")?.delete(channel);
  }

  /** Take a warning; return what of it is news to a client with this selection. */
  take(warning: Warning, selection: Selection): Warning | undefined {
    const { reason, names, nearest, count } = warning;
    if (reason === "rewind") {
      return warning; // it names nothing: it is of the connection's beginning
    }
    const heard = this.#namesOf(reason);
    for (const name of names) {
      if (heard.size < MOST_REMEMBERED) {
        heard.set(name, nearest[name]);
      }
    }
    if (reason === "nothing") {
      return selection.isEmpty ? warning : undefined;
    }
    const own = this.#news(reason, names, selection);
    if (own.length === 0) {
      return undefined;
    }
    this.#tell(reason, own);
    // Of names that are not in it nobody knows whose they are.
    return own.length === names.length || count > names.length
      ? warning
      : warningOf(reason, own, nearest);
  }

  /** Return what a client is to be told that has this selection now, of what was heard before. */
  recall(selection: Selection): Warning[] {
    const warnings: Warning[] = [];
    for (const [reason, heard] of this.#heard) {
      const own = reason === "nothing" ? [] : this.#news(reason, heard.keys(), selection);
      if (own.length > 0) {
        this.#tell(reason, own);
        warnings.push(warningOf(reason, own, Object.fromEntries(heard)));
      }
    }
    return warnings;
  }

  /** Everything that was heard, for a tab that joins. */
  all(): Warning[] {
    return [...this.#heard]
      .filter(([reason, heard]) => reason !== "nothing" && heard.size > 0)
      .map(([reason, heard]) => warningOf(reason, [...heard.keys()], Object.fromEntries(heard)));
  }

  /** The names that a selection asks for, and that this client was not told. */
  #news(reason: string, names: Iterable<string>, selection: Selection): string[] {
    const told = this.#told.get(reason);
    return [...names].filter((name) => !told?.has(name) && isAsked(reason, name, selection));
  }

  #tell(reason: string, names: readonly string[]): void {
    const told = this.#told.get(reason) ?? new Set();
    this.#told.set(reason, told);
    for (const name of names) {
      told.add(name);
    }
  }

  #namesOf(reason: string): Names {
    const heard = this.#heard.get(reason) ?? new Map<string, string | undefined>();
    this.#heard.set(reason, heard);
    return heard;
  }
}

function isAsked(reason: string, name: string, selection: Selection): boolean {
  if (reason === "unlisted") {
    return CHANNELS.some((channel) => selection.symbols(channel).has(name));
  }
  if (reason === "silent_channel") {
    return CHANNEL_NAMES.has(name) && selection.symbols(name as Channel).size > 0;
  }
  return true; // of a server that is newer: nobody knows whom it concerns
}

/** A warning of some of the names, in the words of feed/wire/messages.py. */
function warningOf(
  reason: string,
  names: string[],
  nearest: Readonly<Record<string, string | undefined>>,
): Warning {
  const meant: Record<string, string> = {};
  for (const name of names) {
    const listed = nearest[name];
    if (listed !== undefined) {
      meant[name] = listed;
    }
  }
  const count = names.length;
  return { T: "warning", reason, msg: wordsOf(reason, names, meant), names, nearest: meant, count };
}

function wordsOf(
  reason: string,
  names: readonly string[],
  nearest: Readonly<Record<string, string>>,
): string {
  if (reason === "silent_channel") {
    return `nothing comes on ${names.join(", ")}: the source gives none so far`;
  }
  if (reason !== "unlisted") {
    return `${reason}: ${names.join(", ")}`;
  }
  const [only = ""] = names;
  if (names.length === 1) {
    const meant = nearest[only];
    return `${only} is not listed${meant === undefined ? "" : `; did you mean ${meant}?`}`;
  }
  const told = names.map((name) => {
    const meant = nearest[name];
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`;
  });
  return `${names.length} symbols are not listed: ${told.join(", ")}`;
}
