/** What the palette offers for a text: commands and symbols, the best first. Pure. */

import type { Listing } from "../../market/directory.ts";
import type { Runnable } from "./command.ts";
import { LOOSE, scoreOf } from "./match.ts";

export type Entry =
  | { readonly command: Runnable; readonly listing?: never }
  | { readonly listing: Listing; readonly command?: never };

const MOST = 40;

/**
 * A symbol that is named whole comes first, then commands by what their words begin with, then
 * symbols, in their order, and at last commands of which letters were left out.
 *
 * @param listings those that match the text, the best first.
 */
export function entriesFor(
  text: string,
  commands: readonly Runnable[],
  listings: readonly Listing[],
): Entry[] {
  const wanted = text.trim();
  if (wanted === "") {
    return commands.map((command) => ({ command }));
  }
  const scored = commands
    .map((command) => ({ command, score: scoreOf(`${command.name} ${command.group}`, wanted) }))
    .filter((each): each is { command: Runnable; score: number } => each.score !== undefined)
    .sort((a, b) => a.score - b.score);
  const asSymbol = wanted.toLowerCase();
  const isNamed = ({ symbol }: Listing) => symbol.toLowerCase() === asSymbol;
  const of = (some: typeof scored) => some.map(({ command }) => ({ command }));
  return [
    ...listings.filter(isNamed).map((listing) => ({ listing })),
    ...of(scored.filter(({ score }) => score < LOOSE)),
    ...listings.filter((listing) => !isNamed(listing)).map((listing) => ({ listing })),
    ...of(scored.filter(({ score }) => score >= LOOSE)),
  ].slice(0, MOST);
}
