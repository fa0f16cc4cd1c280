/** The switches of notifications and sound, with what the browser says of them. */

import { voice } from "../spoken/voice.ts";
import { make, Text } from "../ui/dom.ts";
import { Caller } from "./caller.ts";
import { notifyingWords, soundingWords } from "./decisions.ts";

export class CallSwitches {
  readonly caller: Caller;
  readonly #notify = make("input", { type: "checkbox" });
  readonly #sound = make("input", { type: "checkbox" });
  readonly #words = new Text();
  readonly element = make(
    "fieldset",
    { class: "calls", "aria-label": "How alerts call" },
    make("label", { class: "check" }, this.#notify, "Desktop notifications"),
    make("label", { class: "check" }, this.#sound, "Sound"),
    make("span", { class: "about" }, this.#words.node),
  );

  /** @param choose shows the symbol of an alert. */
  constructor(choose: (symbol: string) => void) {
    this.caller = new Caller(() => this.#draw(), choose);
    this.#notify.addEventListener("change", () => void this.caller.notify(this.#notify.checked));
    this.#sound.addEventListener("change", () => void this.caller.sound(this.#sound.checked));
    this.#draw();
  }

  #draw(): void {
    const { calls, allowed, chime } = this.caller;
    this.#notify.checked = calls.isNotifying;
    this.#notify.disabled = allowed === "unsupported";
    this.#sound.checked = calls.isSounding;
    this.#sound.disabled = !chime.isSupported;
    const words = [
      notifyingWords(calls, allowed),
      soundingWords(calls, chime.isSupported, chime.isReady),
    ];
    const said = words.filter((some) => some !== "").join(". ");
    if (this.#words.set(said)) {
      voice.state("calls", said);
    }
  }
}
