/**
 * What lies over the page, the topmost last: Escape puts that away.
 *
 * Dialogs are the browser's: Escape closes them, and gives the focus back, before it comes here.
 */

export class Layers {
  readonly #layers: (() => void)[] = [];

  /** Note that something lies over all else; return what to call once it is put away. */
  add(close: () => void): () => void {
    const layer = () => close();
    this.#layers.push(layer);
    return () => {
      const place = this.#layers.indexOf(layer);
      if (place >= 0) {
        this.#layers.splice(place, 1);
      }
    };
  }

  /** Put the topmost away; tell whether there was any. */
  closeTop(): boolean {
    const close = this.#layers.pop();
    close?.();
    return close !== undefined;
  }
}

/** Those of the page. */
export const layers = new Layers();
