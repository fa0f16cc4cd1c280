/**
 * Toasts: what fired, shown once over all tabs of this browser.
 *
 * A tab that shows one writes that down first, under a lock where there is one. A tab that nobody sees
 * leaves it to one that is seen, for a moment.
 */

import type { AlertWord } from "../../client/index.ts";
import { byId, make } from "../ui/dom.ts";
import { button } from "./forms.ts";
import { firingWords } from "./words.ts";

const KEY = "feed.toasted";
/** Ids that are remembered. */
const MOST_KNOWN = 500;
/** Toasts on screen: the oldest give way, and stay in the panel. */
const MOST_SHOWN = 4;
const HIDDEN_WAIT_MS = 1_000;

export class Toasts {
  readonly #list = byId("toasts");
  readonly #acknowledge: (id: string) => void;
  readonly #shown = new Map<string, HTMLElement>();

  constructor(acknowledge: (id: string) => void) {
    this.#acknowledge = acknowledge;
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
      this.#show(alert);
    }
  }

  #show(alert: AlertWord): void {
    const { id, note } = alert;
    const toast = make(
      "li",
      { class: "card toast", "data-alert": id },
      make("bdi", { class: "wide" }, firingWords(alert)),
      note === undefined ? undefined : make("bdi", { class: "about" }, note),
      make(
        "span",
        { class: "tools" },
        button("Acknowledge", () => this.#acknowledge(id)),
        button("×", () => this.remove(id), "Hide"),
      ),
    );
    this.#shown.set(id, toast);
    this.#list.append(toast);
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
