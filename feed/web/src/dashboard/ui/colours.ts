/** The colours of up and down: green and red, or blue and orange, which colour-blind people tell apart. */

import type { Colours } from "../view/address.ts";
import { byId, setData } from "./dom.ts";

const WORDS: Readonly<Record<Colours, string>> = {
  "green-red": "green/red",
  "blue-orange": "blue/orange (safe for colour-blind)",
};

export class ColourSwitch {
  readonly #button = byId<HTMLButtonElement>("colours");
  readonly #changed: () => void;
  #colours: Colours = "green-red";

  /** @param changed called once colours differ. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#button.addEventListener("click", () => {
      this.colours = this.#other;
    });
    this.#draw();
  }

  /** What was chosen; undefined: what is so by default. */
  get colours(): Colours | undefined {
    return this.#colours === "green-red" ? undefined : this.#colours;
  }

  set colours(colours: Colours | undefined) {
    const chosen = colours ?? "green-red";
    if (chosen !== this.#colours) {
      this.#colours = chosen;
      setData(document.documentElement, "colours", this.colours);
      this.#draw();
      this.#changed();
    }
  }

  get #other(): Colours {
    return this.#colours === "green-red" ? "blue-orange" : "green-red";
  }

  #draw(): void {
    const words = `Colours: ${WORDS[this.#colours]}`;
    this.#button.setAttribute("aria-label", words);
    this.#button.title = `${words} · by a click: ${WORDS[this.#other]}`;
  }
}
