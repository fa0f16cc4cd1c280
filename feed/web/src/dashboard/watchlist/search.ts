/**
 * Search over all symbols: a combobox.
 *
 * Source: WAI-ARIA APG, "Editable Combobox With List Autocomplete".
 */

import type { Directory, Listing } from "../../market/directory.ts";
import { byId, make } from "../ui/dom.ts";

const MOST = 12;

export interface SearchHost {
  isWatched(symbol: string): boolean;
  /** A symbol was picked. */
  pick(symbol: string): void;
}

export class Search {
  readonly #directory: Directory;
  readonly #host: SearchHost;
  readonly #input = byId<HTMLInputElement>("search");
  readonly #list = byId<HTMLElement>("matches");
  #matches: Listing[] = [];
  #active = 0;

  constructor(directory: Directory, host: SearchHost) {
    this.#directory = directory;
    this.#host = host;
    this.recount();
    this.#input.addEventListener("input", () => this.#find());
    this.#input.addEventListener("focus", () => this.#find());
    this.#input.addEventListener("blur", () => this.#close());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    // Before the input loses the focus.
    this.#list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = (event.target as HTMLElement).closest<HTMLElement>("[data-symbol]");
      if (option?.dataset["symbol"] !== undefined) {
        this.#pick(option.dataset["symbol"]);
      }
    });
  }

  /** Say how many symbols there are by now. */
  recount(): void {
    this.#input.placeholder = `Search ${this.#directory.size} symbols`;
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #find(): void {
    this.#matches = this.#directory.find(this.#input.value, MOST);
    this.#active = 0;
    this.#show();
  }

  #show(): void {
    this.#list.replaceChildren(
      ...this.#matches.map((listing, index) => this.#option(listing, index)),
      ...(this.#matches.length === 0
        ? [
            make(
              "div",
              { class: "none", role: "presentation" },
              `No symbol matches “${this.#input.value}”`,
            ),
          ]
        : []),
    );
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    this.#activate(this.#active);
  }

  #option({ symbol, name, sector }: Listing, index: number): HTMLElement {
    const isWatched = this.#host.isWatched(symbol);
    return make(
      "div",
      { role: "option", id: `match-${index}`, class: "match", "data-symbol": symbol },
      make("span", { class: "ticker" }, symbol),
      make("span", { class: "name" }, sector === "" ? name : `${name} · ${sector}`),
      make("span", { class: "hint" }, isWatched ? "✓ watched" : "+ add"),
    );
  }

  #activate(index: number): void {
    this.#active = index;
    for (const [place, option] of [...this.#list.querySelectorAll("[role=option]")].entries()) {
      option.setAttribute("aria-selected", String(place === index));
      if (place === index) {
        option.scrollIntoView({ block: "nearest" });
      }
    }
    if (this.#matches.length > 0) {
      this.#input.setAttribute("aria-activedescendant", `match-${index}`);
    } else {
      this.#input.removeAttribute("aria-activedescendant");
    }
  }

  #pressed(event: KeyboardEvent): void {
    const count = this.#matches.length;
    if (event.key === "ArrowDown" && count > 0) {
      event.preventDefault();
      this.#activate((this.#active + 1) % count);
    } else if (event.key === "ArrowUp" && count > 0) {
      event.preventDefault();
      this.#activate((this.#active + count - 1) % count);
    } else if (event.key === "Enter") {
      const listing = this.#matches[this.#active];
      if (listing !== undefined) {
        this.#pick(listing.symbol);
      }
    } else if (event.key === "Escape") {
      this.#input.value = "";
      this.#input.blur();
    }
  }

  #pick(symbol: string): void {
    this.#host.pick(symbol);
    this.#input.value = "";
    this.#input.blur();
  }

  #close(): void {
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }
}
