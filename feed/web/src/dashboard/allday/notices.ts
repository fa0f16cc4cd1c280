/** Short lines of the page about itself, over its corner: one of each kind, until it is put away. */

import { voice } from "../spoken/voice.ts";
import { make, Text } from "../ui/dom.ts";

/** What can be done about it. */
export interface Remedy {
  words: string;
  act: () => void;
}

interface Notice {
  element: HTMLElement;
  words: Text;
}

export class Notices {
  readonly #place = make("section", { class: "notices", "aria-label": "News of this page" });
  readonly #notices = new Map<string, Notice>();

  constructor() {
    document.body.append(this.#place);
  }

  /** Say something, in place of what was said of this kind. */
  say(kind: string, words: string, remedy?: Remedy): void {
    const notice = this.#notices.get(kind) ?? this.#made(kind, remedy);
    this.#notices.set(kind, notice);
    this.#place.append(notice.element);
    if (notice.words.set(words)) {
      voice.news(kind, words);
    }
  }

  /** Say it no longer. */
  withdraw(kind: string): void {
    this.#notices.get(kind)?.element.remove();
    this.#notices.delete(kind);
  }

  #made(kind: string, remedy: Remedy | undefined): Notice {
    const words = new Text();
    const putAway = make(
      "button",
      { type: "button", class: "quiet", "aria-label": "Put away" },
      "×",
    );
    putAway.addEventListener("click", () => this.withdraw(kind));
    const act = remedy && make("button", { type: "button" }, remedy.words);
    act?.addEventListener("click", () => remedy?.act());
    const element = make(
      "div",
      { class: "card notice-line" },
      make("p", {}, words.node),
      act,
      putAway,
    );
    return { element, words };
  }
}
