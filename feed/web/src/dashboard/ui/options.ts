/**
 * The options of a field: one of them is active, which the field names, and arrows walk them.
 *
 * Source: WAI-ARIA APG, "Editable Combobox With List Autocomplete".
 */

import { make } from "./dom.ts";

export class Options {
  readonly #field: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #pick: (index: number) => void;
  #options: readonly HTMLElement[] = [];
  #active = 0;

  /** @param pick called with the number of the option that is clicked, or entered. */
  constructor(field: HTMLInputElement, list: HTMLElement, pick: (index: number) => void) {
    this.#field = field;
    this.#list = list;
    this.#pick = pick;
    field.addEventListener("keydown", (event) => this.#pressed(event));
    // Before the field loses the focus.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = (event.target as HTMLElement).closest<HTMLElement>("[role=option]");
      if (option !== null) {
        this.#pick(this.#options.indexOf(option));
      }
    });
  }

  /**
   * Show options, the first of them active.
   *
   * @param none what to say where there are none.
   */
  show(options: readonly HTMLElement[], none: string): void {
    this.#options = options;
    for (const [index, option] of options.entries()) {
      option.setAttribute("role", "option");
      option.id = `${this.#list.id}-${index}`;
    }
    this.#list.replaceChildren(
      ...(options.length > 0
        ? options
        : [make("div", { class: "none", role: "presentation" }, none)]),
    );
    this.#list.hidden = false;
    this.#field.setAttribute("aria-expanded", "true");
    this.#activate(0);
  }

  close(): void {
    this.#options = [];
    this.#list.hidden = true;
    this.#field.setAttribute("aria-expanded", "false");
    this.#field.removeAttribute("aria-activedescendant");
  }

  #activate(index: number): void {
    this.#active = index;
    for (const [place, option] of this.#options.entries()) {
      option.setAttribute("aria-selected", String(place === index));
    }
    const active = this.#options[index];
    if (active === undefined) {
      this.#field.removeAttribute("aria-activedescendant");
    } else {
      this.#field.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    }
  }

  #pressed(event: KeyboardEvent): void {
    const { length } = this.#options;
    if (length === 0 || event.isComposing) {
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#activate((this.#active + (event.key === "ArrowDown" ? 1 : length - 1)) % length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#pick(this.#active);
    }
  }
}
