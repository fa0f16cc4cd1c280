/**
 * The door to answers of language models: what the page has of them until somebody asks.
 *
 * They stand beside the chart. The panel is loaded when the question is gone to, or when the address
 * names an answer to watch (`#answer=ID`); until then it costs nothing.
 */

import { byId } from "../ui/dom.ts";
import { focused } from "../ui/floating.ts";
import type { AnswerPanel } from "./panel.ts";
import { questionAbout } from "./words.ts";

const WATCHED = /^#answer=(.+)$/;

export class AnswerDoor {
  readonly #chosen: () => string | undefined;
  readonly #place = byId("ask");
  readonly #question = byId<HTMLInputElement>("question");
  readonly #button = byId("ask-open");
  #panel: Promise<AnswerPanel> | undefined;
  /** The question that was proposed last. */
  #proposed = "";
  #before: HTMLElement | undefined;

  /** @param chosen tells the symbol that is shown. */
  constructor(chosen: () => string | undefined) {
    this.#chosen = chosen;
    this.#question.addEventListener("focus", () => void this.#load());
    byId("ask-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      (await this.#load())?.ask();
    });
    this.#button.addEventListener("click", () => (this.#place.hidden ? this.ask() : this.#close()));
    byId("ask-close").addEventListener("click", () => this.#close());
    document.addEventListener("keydown", (event) => {
      const isOurs = this.#place.contains(event.target as Node);
      if (event.key === "Escape" && isOurs && !event.defaultPrevented) {
        event.preventDefault(); // nothing else is closed by it
        this.#close(); // of a running answer, Escape stops it first
      }
    });
    window.addEventListener("hashchange", () => void this.#watch());
    void this.#watch();
  }

  /** Go to the question. */
  focus(): void {
    this.ask();
  }

  /** Go to the question; propose one about a symbol, or the one that is shown. */
  ask(symbol = this.#chosen()): void {
    if (this.#place.hidden) {
      this.#before = focused();
    }
    this.#show();
    const question = this.#question;
    if (question.value === "" || question.value === this.#proposed) {
      this.#proposed = questionAbout(symbol);
      question.value = this.#proposed;
    }
    question.focus();
    question.select();
  }

  #show(): void {
    this.#place.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    this.#place.scrollIntoView({ block: "nearest" }); // on a phone it is below
  }

  #close(): void {
    void this.#panel?.then((panel) => panel.close());
    this.#place.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    (this.#before ?? this.#button).focus();
  }

  async #watch(): Promise<void> {
    const id = WATCHED.exec(location.hash)?.[1];
    if (id !== undefined) {
      this.#show();
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
