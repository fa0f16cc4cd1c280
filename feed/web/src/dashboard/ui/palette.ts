/** The colours of the style sheet, for drawings on a canvas; they follow the system's choice. */

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

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    panel: colour("panel"),
    up: colour("up"),
    down: colour("down"),
    accent: colour("accent"),
    isDark: dark.matches,
  };
}

/** Call back with the new colours when the system changes between dark and light. */
export function onPaletteChange(listener: (palette: Palette) => void): void {
  dark.addEventListener("change", () => listener(palette()));
}
