/**
 * Calls somebody who does not look: a desktop notification and a sound for an alert, where allowed.
 *
 * The tab that shows an alert calls, which is one of all that are open (`desk/toasts.ts`). The
 * browser is asked only from a person's click on a switch. What is chosen is of this browser, and
 * its tabs agree on it.
 */

import type { AlertWord } from "../../client/index.ts";
import { kept } from "../ui/storage.ts";
import { Chime } from "./chime.ts";
import { type Allowed, type Calls, isToNotify, readCalls, writeCalls } from "./decisions.ts";

const KEY = "feed.calls";

export class Caller {
  readonly chime = new Chime();
  readonly #changed: () => void;
  readonly #choose: (symbol: string) => void;
  calls: Calls = readCalls(kept.read(KEY));

  /**
   * @param changed called when what is allowed, or chosen, differs.
   * @param choose shows the symbol of a notification that was clicked.
   */
  constructor(changed: () => void, choose: (symbol: string) => void) {
    this.#changed = changed;
    this.#choose = choose;
    addEventListener("storage", ({ key, newValue }) => {
      if (key === KEY) {
        this.calls = readCalls(newValue);
        changed();
        if (navigator.userActivation?.hasBeenActive) {
          void this.#ready();
        }
      }
    });
    // A sound that was chosen in an earlier visit, or another tab, waits for a click or key in this one.
    const gesture = () => void (this.chime.isReady || this.#ready());
    for (const type of ["pointerdown", "keydown"]) {
      addEventListener(type, gesture, { passive: true });
    }
  }

  get allowed(): Allowed {
    return "Notification" in globalThis && isSecureContext
      ? Notification.permission
      : "unsupported";
  }

  /** Switch notifications on or off; asks the browser, so only from a person's click. */
  async notify(isNotifying: boolean): Promise<void> {
    if (isNotifying && this.allowed === "default") {
      await Notification.requestPermission();
    }
    this.#keep({ ...this.calls, isNotifying: isNotifying && this.allowed === "granted" });
  }

  /** Switch the sound on, which is heard then, or off. */
  async sound(isSounding: boolean): Promise<void> {
    this.#keep({ ...this.calls, isSounding: isSounding && this.chime.isSupported });
    await this.#ready();
    this.chime.play();
  }

  /** An alert fired, and this tab is the one that tells it, in these words. */
  call(alert: AlertWord, words: string): void {
    if (this.calls.isSounding) {
      this.chime.play();
    }
    const isLookedAt = document.visibilityState === "visible" && document.hasFocus();
    if (isToNotify(this.calls, this.allowed, isLookedAt)) {
      this.#show(alert, words);
    }
  }

  #show({ id, symbol, note }: AlertWord, words: string): void {
    let notification: Notification;
    try {
      // Of several with one tag only the last is there.
      notification = new Notification(words, { body: note ?? "", tag: id });
    } catch {
      return; // on phones only service workers may; the alert is in the page
    }
    notification.addEventListener("click", () => {
      window.focus();
      this.#choose(symbol);
      notification.close();
    });
  }

  async #ready(): Promise<void> {
    if (this.calls.isSounding) {
      await this.chime.open();
      this.#changed();
    }
  }

  #keep(calls: Calls): void {
    this.calls = calls;
    kept.write(KEY, writeCalls(calls));
    this.#changed();
  }
}
