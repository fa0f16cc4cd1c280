/**
 * Asks for something of many symbols, two at a time, each once: those on the screen go first.
 *
 * Five hundred rows ask for five hundred answers; so these wait in line. Those that nobody sees are
 * asked for one after the other with a pause, so that neither the page nor the server is kept busy by
 * what may never be looked at.
 */

/** It cannot be had, however often it is asked for. */
export class Final extends Error {}

const AT_ONCE = 2;
const PAUSE_MS = 200;
/** What could not be had is asked for again after so long. */
const AGAIN_MS = 10_000;

export class Waiting {
  readonly #load: (symbol: string) => Promise<void>;
  readonly #asked = new Set<string>();
  #urgent: string[] = [];
  #others = new Set<string>();
  #areNeeded = false;
  #running = 0;
  #timer: ReturnType<typeof setTimeout> | undefined; // until the next one that nobody sees

  /**
   * @param load rejects where it cannot be had; then it is asked for again after a while, or with the next
   *   request, but for an error that is `Final`.
   */
  constructor(load: (symbol: string) => Promise<void>) {
    this.#load = load;
  }

  /** Ask for these before all others that are not asked for yet. */
  request(symbols: readonly string[]): void {
    this.#urgent = symbols.filter((symbol) => !this.#asked.has(symbol));
    this.#pump();
  }

  /** Ask for these when nothing is more urgent, and for no others; with pauses, unless they are needed. */
  expect(symbols: readonly string[], areNeeded = false): void {
    this.#areNeeded = areNeeded;
    this.#others = new Set(symbols.filter((symbol) => !this.#asked.has(symbol)));
    this.#pump();
  }

  /** Forget what was asked for: it is of another time. */
  restart(): void {
    this.#asked.clear();
  }

  #next(): string | undefined {
    const urgent = this.#urgent.shift();
    const [other] = this.#others;
    if (urgent !== undefined) {
      this.#others.delete(urgent);
      return urgent;
    }
    const isEarly = this.#timer !== undefined || this.#running > 0;
    if (other === undefined || (isEarly && !this.#areNeeded)) {
      return undefined;
    }
    this.#others.delete(other);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, PAUSE_MS);
    return other;
  }

  #again(symbol: string): void {
    if (!this.#asked.has(symbol)) {
      this.#others.add(symbol);
      this.#pump();
    }
  }

  #pump(): void {
    while (this.#running < AT_ONCE) {
      const symbol = this.#next();
      if (symbol === undefined) {
        return;
      }
      if (this.#asked.has(symbol)) {
        continue;
      }
      this.#asked.add(symbol);
      this.#running += 1;
      this.#load(symbol)
        .catch((error) => {
          if (!(error instanceof Final)) {
            this.#asked.delete(symbol);
            setTimeout(() => this.#again(symbol), AGAIN_MS);
          }
        })
        .finally(() => {
          this.#running -= 1;
          this.#pump();
        });
    }
  }
}
