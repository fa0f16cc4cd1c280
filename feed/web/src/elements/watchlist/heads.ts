/** The heads of a table of prices: what each column is, and the button that sorts by it. */

import { make } from "../dom.ts";
import { COLUMNS, type ColumnId } from "./columns.ts";
import { isSortKey, type Order, type SortKey } from "./sort.ts";

export class Heads {
  readonly element = make("div", { role: "row", class: "row head", "aria-rowindex": 1 });
  #heads: [SortKey, HTMLElement][] = [];

  /** @param sort called with what is to be sorted by. */
  constructor(sort: (column: SortKey) => void) {
    this.element.addEventListener("click", (event) => {
      const button = (event.target as Element).closest("button");
      const key = button?.dataset["column"];
      if (key !== undefined && isSortKey(key)) {
        sort(key);
      }
    });
  }

  arrange(columns: readonly ColumnId[], order: Order | undefined): void {
    const focused = (this.element.getRootNode() as Document | ShadowRoot).activeElement;
    const column = focused instanceof HTMLElement ? focused.dataset["column"] : undefined;
    this.#heads = [];
    this.element.replaceChildren(
      this.#head("symbol", "Symbol", "Symbol", "symbol"),
      ...columns.map((id) => {
        const { label, words } = COLUMNS[id];
        const isNumber = id !== "course" && id !== "range";
        return this.#head(id, label, words, isNumber ? `number ${id}` : id);
      }),
      make(
        "div",
        { role: "columnheader", class: "tools" },
        make("span", { class: "hint" }, "Remove"),
      ),
    );
    this.mark(order);
    if (column !== undefined) {
      this.element.querySelector<HTMLElement>(`button[data-column="${column}"]`)?.focus();
    }
  }

  /** Say by what it is sorted. */
  mark(order: Order | undefined): void {
    for (const [key, head] of this.#heads) {
      const way = order?.isDescending ? "descending" : "ascending";
      head.setAttribute("aria-sort", key === order?.column ? way : "none");
    }
  }

  #head(id: SortKey, label: string, words: string, className: string): HTMLElement {
    const isSortable = isSortKey(id);
    const content = isSortable
      ? make("button", { type: "button", "data-column": id, title: words }, label)
      : make("span", { title: words }, label);
    // The symbol's head stands over its text, not over its grip.
    const inner = id === "symbol" ? [make("span"), content] : [content];
    const head = make("div", { role: "columnheader", class: className }, ...inner);
    if (isSortable) {
      this.#heads.push([id, head]);
    }
    return head;
  }
}
