/** Tells that there are other colours, for what is drawn on a canvas. */

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

/** Call back when there are other colours: the system, or somebody, has chosen others. */
export function onPaletteChange(listener: () => void): void {
  listeners.add(listener);
  dark.addEventListener("change", listener);
}

/** Somebody has chosen others. */
export function paletteChanged(): void {
  for (const listener of listeners) {
    listener();
  }
}
