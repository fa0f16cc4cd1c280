/** What a page keeps in the browser, where that is allowed and has room. */

class Kept {
  readonly #place: () => Storage;

  /** @param place to look for it in; where storage is forbidden, even naming it throws. */
  constructor(place: () => Storage) {
    this.#place = place;
  }

  /** Return what was kept; null where nothing was, or it may not be looked at. */
  read(key: string): string | null {
    try {
      return this.#place().getItem(key);
    } catch {
      return null; // forbidden
    }
  }

  /** Keep a value; null forgets it. */
  write(key: string, value: string | null): void {
    try {
      if (value === null) {
        this.#place().removeItem(key);
      } else {
        this.#place().setItem(key, value);
      }
    } catch {
      // Full or forbidden: it lasts as long as the page, which has it too.
    }
  }
}

/** For all visits, in all tabs. */
export const kept = new Kept(() => localStorage);
/** For this tab, as long as it is open. */
export const keptInTab = new Kept(() => sessionStorage);
