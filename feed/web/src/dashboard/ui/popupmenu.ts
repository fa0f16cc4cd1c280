/** A menu of what can be done at a place (WAI-ARIA APG, "Menu Pattern"). */

import { make } from "./dom.ts";
import { float, type Spot } from "./floating.ts";

export interface Choice {
  readonly words: string;
  /** The key that does the same, for people. */
  readonly key?: string;
  act(): void;
}

/** Offer choices at a spot; `label` says of what they are. */
export function popUp(label: string, choices: readonly Choice[], spot: Spot): void {
  let chosen: Choice | undefined;
  const items = choices.map((choice) => {
    const { words, key } = choice;
    const keys = key === undefined ? undefined : make("kbd", { "aria-hidden": "true" }, key);
    const item = make("button", { type: "button", role: "menuitem", tabindex: -1 }, words, keys);
    item.addEventListener("click", () => {
      chosen = choice;
      menu.hidePopover();
    });
    item.addEventListener("pointerenter", () => item.focus());
    return item;
  });
  const menu = make("div", { role: "menu", class: "popup", "aria-label": label }, ...items);
  menu.addEventListener("keydown", (event) => {
    const next = placeAfter(event.key, items.indexOf(event.target as HTMLButtonElement), items);
    if (next !== undefined) {
      event.preventDefault();
      items[next]?.focus();
    } else if (event.key === "Tab") {
      menu.hidePopover();
    }
    event.stopPropagation(); // letters are keys of the page
  });
  menu.addEventListener("contextmenu", (event) => event.preventDefault());
  float(menu, spot, () => chosen?.act());
  items[0]?.focus();
}

function placeAfter(
  key: string,
  place: number,
  { length }: readonly unknown[],
): number | undefined {
  switch (key) {
    case "ArrowDown":
      return (place + 1) % length;
    case "ArrowUp":
      return (place - 1 + length) % length;
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return undefined;
  }
}
