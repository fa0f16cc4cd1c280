/**
 * Asks for something of many symbols, two at a time, each once: those on the screen go first.
 *
 * Five hundred rows ask for five hundred answers; so these wait in line.
 */

const AT_ONCE = 2;

export class Waiting {
  readonly #load: (symbol: string) => Promise<void>;
  readonly #asked = new Set<string>();
  #urgent: string[] = [];
  #others = new Set<string>();
  #running = 0;

  /** @param load rejects where it cannot be had; then it is asked for again with the next request. */
  constructor(load: (symbol: string) => Promise<void>) {
    this.#load = load;
  }

  /** Ask for these before all others that are not asked for yet. */
  request(symbols: readonly string[]): void {
    this.#urgent = symbols.filter((symbol) => !this.#asked.has(symbol));
    this.#pump();
  }

  /** Ask for these when nothing is more urgent, and for no others. */
  expect(symbols: readonly string[]): void {
    this.#others = new Set(symbols.filter((symbol) => !this.#asked.has(symbol)));
    this.#pump();
  }

  /** Forget what was asked for: it is of another time. */
  restart(): void {
    this.#asked.clear();
  }

  #next(): string | undefined {
    const [other] = this.#urgent.length > 0 ? [] : this.#others;
    const symbol = this.#urgent.shift() ?? other;
    if (symbol !== undefined) {
      this.#others.delete(symbol);
    }
    return symbol;
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
        .catch(() => this.#asked.delete(symbol))
        .finally(() => {
          this.#running -= 1;
          this.#pump();
        });
    }
  }
}
