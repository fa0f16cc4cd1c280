/** Which command a key means, by where the focus is. Pure. */

import { chordOf, isLetter, isSingle, LETTERS, type Press } from "./chord.ts";
import { type Command, type Runnable, runnable } from "./command.ts";

/**
 * - `page`: nothing that has a use for keys of its own
 * - `piece`: what walks or scrolls by arrows itself
 * - `field`: what is typed is text
 * - `dialog`: the page behind it is out of reach
 */
export type Focus = "page" | "piece" | "field" | "dialog";

export interface Keyboard {
  isMac: boolean;
  /** Letters, digits and signs alone are keys. */
  hasSingleKeys: boolean;
}

/** The command that a press means here; undefined: none. */
export function commandFor(
  press: Press,
  focus: Focus,
  commands: readonly Command[],
  { isMac, hasSingleKeys }: Keyboard,
): { command: Runnable; isTyped: boolean } | undefined {
  if (focus === "dialog") {
    return undefined;
  }
  const chord = chordOf(press, isMac);
  const isOfPiece = focus === "piece" && chord.startsWith("Arrow");
  const find = (wanted: string) =>
    hasSingleKeys || !isSingle(wanted)
      ? runnable(commands).find(
          ({ keys, within, isEverywhere }) =>
            keys?.includes(wanted) === true &&
            within === undefined &&
            (focus !== "field" || isEverywhere === true),
        )
      : undefined;
  const command = isOfPiece ? undefined : find(chord);
  if (command !== undefined) {
    return { command, isTyped: false };
  }
  const begun = isLetter(press) ? find(LETTERS) : undefined;
  return begun && { command: begun, isTyped: true };
}
