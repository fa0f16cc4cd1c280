/**
 * A command of the page. One list of them is what the palette, the keys and their overview show, so
 * that a new one is in all three.
 */

export const GROUPS = [
  "Symbols",
  "Watchlist",
  "Charts",
  "Look",
  "Connection",
  "Desk",
  "Pages",
  "Keys",
] as const;
export type Group = (typeof GROUPS)[number];

export interface Command {
  readonly group: Group;
  /** What it does, as people read it. */
  readonly name: string;
  /** The chords that do it (chord.ts), the usual one first. */
  readonly keys?: readonly string[];
  /** The piece that heeds its keys itself, while it has the focus; undefined: the page does. */
  readonly within?: "the watchlist" | "a chart";
  /** Its keys work in fields, too. */
  readonly isEverywhere?: true;
  /** Undefined: it is done by its keys alone. */
  readonly run?: () => void;
  /** Whether it can be done now; undefined: always. */
  readonly when?: () => boolean;
}

/** A command that the palette can run. */
export type Runnable = Command & Required<Pick<Command, "run">>;

/** The commands that can be run now. */
export function runnable(commands: readonly Command[]): Runnable[] {
  return commands.filter(
    (command): command is Runnable => command.run !== undefined && command.when?.() !== false,
  );
}
