/** The colours of the style sheet, for drawings on a canvas; they follow the theme. */

import { hexOf } from "../../elements/styles.ts";

export interface Palette {
  text: string;
  muted: string;
  line: string;
  panel: string;
  up: string;
  down: string;
  accent: string;
  isDark: boolean;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function palette(): Palette {
  // A variable is told as it is written; the colour that comes of it, as an element has it.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`; // by script, which no policy forbids
    return hexOf(style.color);
  };
  const colours = {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    panel: colour("panel"),
    up: colour("up"),
    down: colour("down"),
    accent: colour("accent"),
    isDark: isDark(),
  };
  probe.remove();
  return colours;
}

function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? dark.matches : theme === "dark";
}

/** Call back when there are other colours: the system, or somebody, has chosen another theme. */
export function onPaletteChange(listener: () => void): void {
  listeners.add(listener);
  dark.addEventListener("change", listener);
}

/** Somebody has chosen another theme. */
export function paletteChanged(): void {
  for (const listener of listeners) {
    listener();
  }
}
