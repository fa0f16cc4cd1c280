/** Menus behind a button: `<details class="menu">`. Escape, or a click beside them, puts them away. */

/** Let a menu be put away by a click beside it, and by Escape, which gives the focus back. */
export function menu(details: HTMLDetailsElement): void {
  document.addEventListener("pointerdown", ({ target }) => {
    if (details.open && !details.contains(target as Node)) {
      details.open = false;
    }
  });
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) {
      event.stopPropagation(); // nothing else is closed by it
      close(details);
    }
  });
}

/** Put a menu away, and give the focus back to its button. */
export function close(details: HTMLDetailsElement): void {
  details.open = false;
  details.querySelector("summary")?.focus();
}
