/** Light, dark, or as the system has it. */

import { byId } from "./dom.ts";

export type Theme = "light" | "dark";

const SIGNS: Readonly<Record<Theme, string>> = { light: "☀", dark: "☾" };
const NEXT: Readonly<Record<Theme, Theme | undefined>> = { light: "dark", dark: undefined };

export class ThemeSwitch {
  readonly #button = byId<HTMLButtonElement>("theme");
  readonly #changed: () => void;
  #theme: Theme | undefined;

  /** @param changed called once colours differ. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#button.addEventListener("click", () => {
      this.theme = this.#theme === undefined ? "light" : NEXT[this.#theme];
    });
    this.#draw();
  }

  get theme(): Theme | undefined {
    return this.#theme;
  }

  set theme(theme: Theme | undefined) {
    if (theme !== this.#theme) {
      this.#theme = theme;
      if (theme === undefined) {
        delete document.documentElement.dataset["theme"];
      } else {
        document.documentElement.dataset["theme"] = theme;
      }
      this.#draw();
      this.#changed();
    }
  }

  #draw(): void {
    const words = this.#theme ?? "as the system";
    this.#button.textContent = this.#theme === undefined ? "◐" : SIGNS[this.#theme];
    this.#button.setAttribute("aria-label", `Theme: ${words}`);
    this.#button.title = `Theme: ${words}`;
  }
}
