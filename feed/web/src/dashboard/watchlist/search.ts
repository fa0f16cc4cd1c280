/** Search over all symbols: a field and its options. */

import type { Directory, Listing } from "../../market/directory.ts";
import { byId, make } from "../ui/dom.ts";
import { focused } from "../ui/floating.ts";
import { Options } from "../ui/options.ts";

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
  readonly #options: Options;
  #matches: Listing[] = [];
  #before: HTMLElement | undefined;

  constructor(directory: Directory, host: SearchHost) {
    this.#directory = directory;
    this.#host = host;
    this.#options = new Options(this.#input, byId("matches"), (index) => this.#pick(index));
    this.recount();
    this.#input.addEventListener("input", () => this.#find());
    this.#input.addEventListener("focus", () => this.#find());
    this.#input.addEventListener("blur", () => this.#options.close());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault(); // nothing else is closed by it
        this.#leave();
        this.#before?.focus();
      }
    });
  }

  /** Say how many symbols there are by now. */
  recount(): void {
    this.#input.placeholder = `Search ${this.#directory.size} symbols`;
  }

  /** Begin a search: what is typed next replaces what stands there. */
  focus(): void {
    this.#before = focused();
    this.#input.focus();
    this.#input.select();
  }

  #find(): void {
    this.#matches = this.#directory.find(this.#input.value, MOST);
    this.#options.show(
      this.#matches.map((listing) => this.#option(listing)),
      `No symbol matches “${this.#input.value}”`,
    );
  }

  #option({ symbol, name, sector }: Listing): HTMLElement {
    const isWatched = this.#host.isWatched(symbol);
    return make(
      "div",
      { class: "match", "data-symbol": symbol },
      make("span", { class: "ticker" }, symbol),
      make("span", { class: "name" }, sector === "" ? name : `${name} · ${sector}`),
      make("span", { class: "hint" }, isWatched ? "✓ watched" : "+ add"),
    );
  }

  #pick(index: number): void {
    const listing = this.#matches[index];
    if (listing !== undefined) {
      this.#leave();
      this.#host.pick(listing.symbol);
    }
  }

  #leave(): void {
    this.#input.value = "";
    this.#input.blur();
  }
}
