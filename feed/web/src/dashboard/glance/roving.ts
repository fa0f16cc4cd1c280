/** One stop of the Tab key for many buttons (WAI-ARIA APG, "Roving tabindex"): arrows go on from it. */

export class Roving {
  readonly #buttons: () => readonly HTMLElement[];
  readonly #next: (place: number, key: string) => number | undefined;
  #current: HTMLElement | undefined;

  /**
   * @param buttons those that can be walked now, in their order.
   * @param next the place that a key leads to; undefined where it leads nowhere.
   */
  constructor(
    element: HTMLElement,
    buttons: () => readonly HTMLElement[],
    next: (place: number, key: string) => number | undefined,
  ) {
    this.#buttons = buttons;
    this.#next = next;
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("focusin", ({ target }) => {
      const button = this.#buttons().find((each) => each === target);
      if (button !== undefined) {
        this.#take(button);
      }
    });
  }

  /** There are other buttons by now: one of them can be reached. */
  settle(): void {
    const buttons = this.#buttons();
    const current = this.#current;
    const stays = current !== undefined && buttons.includes(current);
    this.#take(stays ? current : buttons[0]);
  }

  /** Give the focus to the button that had it last, or to the first. */
  focus(): void {
    this.settle();
    this.#current?.focus();
  }

  #take(button: HTMLElement | undefined): void {
    for (const each of this.#buttons()) {
      each.tabIndex = each === button ? 0 : -1;
    }
    this.#current = button;
  }

  #pressed(event: KeyboardEvent): void {
    const buttons = this.#buttons();
    const place = buttons.indexOf(event.target as HTMLElement);
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const next = this.#placeAfter(place, event.key, buttons.length);
    if (next !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      buttons[next]?.focus();
    }
  }

  #placeAfter(place: number, key: string, count: number): number | undefined {
    switch (key) {
      case "Home":
        return 0;
      case "End":
        return count - 1;
      default:
        return this.#next(place, key);
    }
  }
}

/** The place that an arrow leads to in a row of so many. Pure. */
export function alongRow(place: number, key: string, count: number): number | undefined {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[key];
  return step === undefined ? undefined : Math.max(0, Math.min(count - 1, place + step));
}
