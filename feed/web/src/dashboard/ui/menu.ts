/** Menus behind a button: `<details class="menu">`. Escape, or a click beside them, puts them away. */

import { layers } from "./layers.ts";

/** Let a menu be put away by a click beside it, and by Escape, which gives the focus back. */
export function menu(details: HTMLDetailsElement): void {
  let away = () => {};
  document.addEventListener("pointerdown", ({ target }) => {
    if (details.open && !details.contains(target as Node)) {
      details.open = false;
    }
  });
  details.addEventListener("toggle", () => {
    away();
    away = details.open ? layers.add(() => close(details)) : () => {};
  });
}

/** Put a menu away, and give the focus back to its button. */
export function close(details: HTMLDetailsElement): void {
  details.open = false;
  details.querySelector("summary")?.focus();
}
