/**
 * Toasts: what fired, shown once over all tabs of this browser.
 *
 * A tab that shows one writes that down first, under a lock where there is one. A tab that nobody sees
 * leaves it to one that is seen, for a moment.
 */

import type { AlertWord } from "../../client/index.ts";
import type { Caller } from "../calls/caller.ts";
import { alarm, voice } from "../spoken/voice.ts";
import { byId, make } from "../ui/dom.ts";
import { button } from "./forms.ts";

const KEY = "feed.toasted";
/** Ids that are remembered. */
const MOST_KNOWN = 500;
/** Toasts on screen: the oldest give way, and stay in the panel. */
const MOST_SHOWN = 4;
/** What was done, and what fired, is shown for this time; the bell and the panel keep what fired. */
const DONE_MS = 10_000;
const FIRED_MS = 30_000;
const HIDDEN_WAIT_MS = 1_000;

export class Toasts {
  readonly #list = byId("toasts");
  readonly #acknowledge: (id: string) => void;
  readonly #choose: (symbol: string) => void;
  readonly #wordsOf: (alert: AlertWord) => string;
  readonly #caller: Caller;
  readonly #shown = new Map<string, HTMLElement>();
  #done = 0; // numbers what was done

  /**
   * @param choose shows the symbol of what fired.
   * @param wordsOf tells what fired.
   */
  constructor(
    acknowledge: (id: string) => void,
    choose: (symbol: string) => void,
    wordsOf: (alert: AlertWord) => string,
    caller: Caller,
  ) {
    this.#acknowledge = acknowledge;
    this.#choose = choose;
    this.#wordsOf = wordsOf;
    this.#caller = caller;
  }

  add(alert: AlertWord): void {
    if (document.visibilityState === "hidden") {
      setTimeout(() => void this.#claim(alert), HIDDEN_WAIT_MS);
    } else {
      void this.#claim(alert);
    }
  }

  remove(id: string): void {
    this.#shown.get(id)?.remove();
    this.#shown.delete(id);
  }

  async #claim(alert: AlertWord): Promise<void> {
    const locks = navigator.locks as LockManager | undefined; // in a secure context
    const isOurs =
      locks === undefined ? claim(alert.id) : await locks.request(KEY, () => claim(alert.id));
    if (isOurs) {
      const words = this.#wordsOf(alert);
      this.#caller.call(alert, words);
      this.#show(alert, words);
    }
  }

  /** Tell for a while what was done, or why not; `undo` takes it back. */
  tell(words: string, undo?: () => void): void {
    this.#done += 1;
    const id = `done-${this.#done}`;
    const back = () => {
      this.remove(id);
      undo?.();
    };
    const tools = [
      undo === undefined ? undefined : button("Undo", back),
      button("×", () => this.remove(id), "Hide"),
    ];
    const about = make("bdi", { class: "wide" }, words);
    const toast = make(
      "li",
      { class: "card toast done" },
      about,
      make("span", { class: "tools" }, ...tools),
    );
    voice.news("done", words);
    this.#put(id, toast, DONE_MS);
  }

  #show({ id, note, symbol }: AlertWord, words: string): void {
    const show = button(words, () => this.#choose(symbol));
    show.classList.add("wide");
    show.title = `Show ${symbol}`;
    const toast = make(
      "li",
      { class: "card toast", "data-alert": id },
      show,
      note === undefined ? undefined : make("bdi", { class: "about" }, note),
      make(
        "span",
        { class: "tools" },
        button("Acknowledge", () => this.#acknowledge(id)),
        button("×", () => this.remove(id), "Hide"),
      ),
    );
    alarm.news("alert", words);
    this.#put(id, toast, FIRED_MS);
  }

  /** Show a toast for a time in which somebody sees the page, and is not about to use it. */
  #put(id: string, toast: HTMLElement, shownMs: number): void {
    this.#shown.set(id, toast);
    this.#list.append(toast);
    const end = () => {
      const isUsed = toast.matches(":hover, :focus-within");
      if (isUsed || document.visibilityState === "hidden") {
        setTimeout(end, shownMs);
      } else {
        this.remove(id);
      }
    };
    setTimeout(end, shownMs);
    for (const [oldest] of this.#shown) {
      if (this.#shown.size <= MOST_SHOWN) {
        return;
      }
      this.remove(oldest);
    }
  }
}

/** Write down that a firing is shown; return whether it was not before. */
function claim(id: string): boolean {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    const ids = Array.isArray(known) ? known : [];
    if (ids.includes(id)) {
      return false;
    }
    localStorage.setItem(KEY, JSON.stringify([...ids, id].slice(-MOST_KNOWN)));
  } catch {
    // Storage is full or forbidden: then each tab shows it.
  }
  return true;
}
