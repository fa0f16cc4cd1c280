/** Buttons and forms of the desk. */

import { byId, make } from "../ui/dom.ts";

/** Call `act` when a form is sent. */
export function listen(form: string, act: () => void): void {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
}

export function button(words: string, act: () => void, label?: string): HTMLButtonElement {
  const made = make("button", { type: "button", class: "quiet", "aria-label": label }, words);
  made.addEventListener("click", act);
  return made;
}

/** A button that asks once more. */
export function confirmed(words: string, asked: string, act: () => void): HTMLButtonElement {
  const made = button(words, () => {
    if (made.textContent === asked) {
      act();
    } else {
      made.textContent = asked;
    }
  });
  made.addEventListener("blur", () => {
    made.textContent = words;
  });
  return made;
}
