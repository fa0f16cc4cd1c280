/**
 * Lines of which the newest is on top, and what waits while one reads further down. Pure.
 *
 * While it is paused nothing is shown that came meanwhile, but it is counted; the newest of it is
 * kept. What is shown, and what waits, is bounded whatever comes.
 */

/** Lines that are shown at most. */
export const MOST_LINES = 100;

export class Roll<Line> {
  #lines: Line[] = []; // newest first
  #due: Line[] = []; // oldest first
  #isPaused = false;
  /** Lines that came while it was paused, and count. */
  meanwhile = 0;

  /** What is to be shown, newest first. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (!isPaused) {
      this.meanwhile = 0;
    }
  }

  push(line: Line, isCounted = true): void {
    this.#due.push(line);
    if (this.#due.length > 2 * MOST_LINES) {
      this.#due.splice(0, this.#due.length - MOST_LINES);
    }
    if (this.#isPaused && isCounted) {
      this.meanwhile += 1;
    }
  }

  /** Put lines, oldest first, behind all that is shown and waits. */
  putBehind(past: readonly Line[]): void {
    const room = Math.max(0, MOST_LINES - this.#lines.length);
    this.#lines.push(...past.toReversed().slice(0, room));
  }

  /** Show what waits, unless it is paused; tell whether that was anything. */
  advance(): boolean {
    if (this.#isPaused || this.#due.length === 0) {
      return false;
    }
    const due = this.#due.toReversed();
    this.#due = [];
    this.#lines = [...due, ...this.#lines].slice(0, MOST_LINES);
    return true;
  }
}
