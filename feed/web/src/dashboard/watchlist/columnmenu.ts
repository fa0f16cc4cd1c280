/** The menu of columns and density. */

import { COLUMN_IDS, COLUMNS, type ColumnId } from "../../elements/watchlist/columns.ts";
import { byId, make } from "../ui/dom.ts";
import { menu } from "../ui/menu.ts";
import type { Density } from "../view/address.ts";

export interface ColumnHost {
  /** These were chosen; undefined: as many as there is room for. */
  choose(columns: readonly ColumnId[] | undefined): void;
  setDensity(density: Density): void;
}

export class ColumnMenu {
  readonly #form = byId<HTMLFormElement>("columns");
  readonly #boxes: HTMLInputElement[];
  readonly #host: ColumnHost;
  #shown: readonly ColumnId[] = [];

  constructor(host: ColumnHost) {
    this.#host = host;
    menu(byId<HTMLDetailsElement>("column-menu"));
    this.#boxes = COLUMN_IDS.map((value) => make("input", { type: "checkbox", value }));
    byId("column-boxes").append(
      ...this.#boxes.map((box) => {
        const { label, words } = COLUMNS[box.value as ColumnId];
        return make("label", { class: "check", title: words }, box, label);
      }),
    );
    byId("columns-fit").addEventListener("click", () => host.choose(undefined));
    this.#form.addEventListener("change", (event) =>
      this.#changed(event.target as HTMLInputElement),
    );
  }

  draw(columns: readonly ColumnId[], density: Density): void {
    this.#shown = columns;
    for (const box of this.#boxes) {
      box.checked = columns.includes(box.value as ColumnId);
    }
    const field = this.#form.elements.namedItem("density");
    if (field instanceof RadioNodeList) {
      field.value = density;
    }
  }

  #changed({ name, value, checked }: HTMLInputElement): void {
    if (name === "density") {
      this.#host.setDensity(value as Density);
      return;
    }
    // Those that are shown keep their order; another one stands where it stands in the menu.
    const id = value as ColumnId;
    const shown = this.#shown.filter((other) => other !== id);
    const after = COLUMN_IDS.slice(COLUMN_IDS.indexOf(id) + 1);
    const place = shown.findIndex((other) => after.includes(other));
    const columns = checked ? shown.toSpliced(place < 0 ? shown.length : place, 0, id) : shown;
    if (columns.length > 0) {
      this.#host.choose(columns);
    } else {
      this.draw(this.#shown, this.#density); // one stays
    }
  }

  get #density(): Density {
    return (new FormData(this.#form).get("density") ?? "comfortable") as Density;
  }
}
