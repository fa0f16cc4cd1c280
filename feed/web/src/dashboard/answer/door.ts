/**
 * The door to answers of language models: what the page has of them until somebody asks.
 *
 * The panel is loaded when the question is gone to, or when the address names an answer to watch
 * (`#answer=ID`); until then it costs nothing.
 */

import { byId } from "../ui/dom.ts";
import type { AnswerPanel } from "./panel.ts";

const WATCHED = /^#answer=(.+)$/;

export class AnswerDoor {
  readonly #question = byId<HTMLInputElement>("question");
  #panel: Promise<AnswerPanel> | undefined;

  constructor() {
    this.#question.addEventListener("focus", () => void this.#load());
    byId("ask-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      (await this.#load())?.ask();
    });
    window.addEventListener("hashchange", () => void this.#watch());
    void this.#watch();
  }

  focus(): void {
    this.#question.focus();
  }

  async #watch(): Promise<void> {
    const id = WATCHED.exec(location.hash)?.[1];
    if (id !== undefined) {
      (await this.#load())?.watch(id);
    }
  }

  /** Load the panel; undefined where that fails, which the page says. */
  async #load(): Promise<AnswerPanel | undefined> {
    this.#panel ??= import("./panel.ts").then(({ AnswerPanel }) => new AnswerPanel());
    try {
      return await this.#panel;
    } catch (error) {
      this.#panel = undefined; // the next one tries again
      byId("answer-problem").textContent = `This could not be loaded: ${(error as Error).message}`;
      byId("answer").hidden = false;
      return undefined;
    }
  }
}
