/** The voices of the page: one waits until a listener is at leisure, the other, for alerts, does not. */

import { byId } from "../ui/dom.ts";
import { Announcements } from "./announcements.ts";

class Voice {
  readonly #id: string;
  readonly #announcements = new Announcements();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
  }

  /** Say how something stands, where it stands otherwise than was said last. */
  state(of: string, words: string): void {
    this.#announcements.state(of, words, performance.now());
    this.#schedule();
  }

  /** Say something that has happened. */
  news(of: string, words: string, most?: number): void {
    this.#announcements.news(of, words, most);
    this.#schedule();
  }

  /** Do not say what was not said yet. */
  forget(of: string): void {
    this.#announcements.forget(of);
  }

  #schedule(): void {
    const { dueMs } = this.#announcements;
    clearTimeout(this.#timer);
    if (dueMs !== undefined) {
      this.#timer = setTimeout(() => this.#speak(), Math.max(0, dueMs - performance.now()));
    }
  }

  #speak(): void {
    const words = this.#announcements.take(performance.now());
    if (words !== undefined) {
      const region = byId(this.#id);
      // The same words once more are other text, or they would not be heard.
      region.textContent = region.textContent === words ? `${words}\u00a0` : words;
    }
    this.#schedule();
  }
}

/** For what can wait. */
export const voice = new Voice("spoken");
/** For alerts, which somebody has asked for. */
export const alarm = new Voice("alarm");
