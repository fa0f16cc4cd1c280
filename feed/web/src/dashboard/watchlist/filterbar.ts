/** The bar of filters: by sector and by class, with how many of the list each has. */

import { byId, make } from "../ui/dom.ts";
import { type Choices, classWords, type Filter } from "./filter.ts";

export class FilterBar {
  readonly #sector = byId<HTMLSelectElement>("sector");
  readonly #class = byId<HTMLSelectElement>("class");
  #drawn = "";

  constructor(changed: (filter: Filter) => void) {
    for (const select of [this.#sector, this.#class]) {
      select.addEventListener("change", () =>
        changed({ sector: this.#sector.value, assetClass: this.#class.value }),
      );
    }
  }

  draw({ sectors, classes }: Choices, { sector, assetClass }: Filter): void {
    const drawn = JSON.stringify([sectors, classes, sector, assetClass]);
    if (drawn === this.#drawn) {
      return;
    }
    this.#drawn = drawn;
    fill(this.#sector, "All sectors", sectors, sector, (name) => name);
    fill(this.#class, "All classes", classes, assetClass, classWords);
  }
}

function fill(
  select: HTMLSelectElement,
  all: string,
  choices: [string, number][],
  chosen: string,
  words: (name: string) => string,
): void {
  // What is filtered by can be seen, also where the list has none of it.
  const missing: [string, number][] =
    chosen === "" || choices.some(([name]) => name === chosen) ? [] : [[chosen, 0]];
  const shown = [...choices, ...missing];
  select.replaceChildren(
    make("option", { value: "" }, all),
    ...shown.map(([value, count]) => make("option", { value }, `${words(value)} (${count})`)),
  );
  select.value = chosen;
  select.hidden = shown.length < 2 && chosen === "";
}
