/** Whether somebody is about to click, so that nothing may move under the pointer or the focus. */

/** What was pointed at, or walked to by keys, stays where it is for so long. */
const HOLD_MS = 5_000;

export class Hold {
  #touchedMs = Number.NEGATIVE_INFINITY;

  constructor(element: HTMLElement) {
    for (const type of ["pointermove", "keydown"]) {
      element.addEventListener(type, () => {
        this.#touchedMs = performance.now();
      });
    }
    element.addEventListener("pointerleave", () => this.release());
  }

  get isHeld(): boolean {
    return performance.now() - this.#touchedMs < HOLD_MS;
  }

  /** What was about to happen has happened. */
  release(): void {
    this.#touchedMs = Number.NEGATIVE_INFINITY;
  }
}
