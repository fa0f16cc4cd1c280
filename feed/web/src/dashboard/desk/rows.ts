/**
 * Rows of a list on screen, one for each thing with a key: made once, brought up to date, put in order.
 *
 * What stays where it is is not touched, so that it keeps the focus and what is being written in it.
 */

export interface Row<Shown> {
  readonly node: HTMLElement;
  show(shown: Shown): void;
}

export class Rows<Shown> {
  readonly #list: HTMLElement;
  readonly #make: (shown: Shown) => Row<Shown>;
  readonly #rows = new Map<string, Row<Shown>>();

  constructor(list: HTMLElement, make: (shown: Shown) => Row<Shown>) {
    this.#list = list;
    this.#make = make;
  }

  /** Show these, in this order, and no others. */
  show(all: readonly Shown[], keyOf: (shown: Shown) => string): void {
    const keys = new Set(all.map(keyOf));
    for (const [key, { node }] of this.#rows) {
      if (!keys.has(key)) {
        node.remove();
        this.#rows.delete(key);
      }
    }
    let next = this.#list.firstElementChild;
    for (const shown of all) {
      const key = keyOf(shown);
      const row = this.#rows.get(key) ?? this.#make(shown);
      this.#rows.set(key, row);
      row.show(shown);
      if (row.node === next) {
        next = next.nextElementSibling;
      } else {
        this.#list.insertBefore(row.node, next);
      }
    }
  }
}
