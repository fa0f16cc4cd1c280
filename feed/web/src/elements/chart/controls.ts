/** The controls in a chart's header: its timeframe, and the symbol that it is compared with. */

import { isSymbol } from "../../client/index.ts";
import { TIMEFRAMES, type Timeframe } from "../../market/timeframes.ts";
import { make } from "../dom.ts";
import { sheetOf } from "../styles.ts";

export const CONTROLS_SHEET = sheetOf(`
.frames { display: inline-flex; gap: 2px; margin: 0; padding: 0; border: 0; }
.frames button, .compare button, .compare input {
  min-block-size: 24px;
  min-inline-size: 24px;
  padding: 0.1em 0.5em;
  border: 1px solid var(--_line);
  border-radius: 4px;
  background: none;
  color: var(--_muted);
  font: inherit;
}
button { cursor: pointer; }
.frames button { min-inline-size: 2.4em; }
.frames button[aria-pressed="true"] { border-color: var(--_accent); color: var(--_accent); font-weight: 650; }
.compare { display: inline-flex; gap: 2px; margin: 0; }
.compare input { inline-size: 6em; color: var(--_text); }
@media (forced-colors: active) {
  .frames button[aria-pressed="true"] { background: Highlight; color: HighlightText; forced-color-adjust: none; }
}
.compare input::placeholder { color: var(--_muted); opacity: 1; }
`);

/** What a person chose. */
export interface Chosen {
  timeframe(timeframe: Timeframe): void;
  /** Undefined: nothing any more. */
  compare(symbol: string | undefined): void;
}

export class Controls {
  readonly timeframes: HTMLElement;
  readonly compare: HTMLFormElement;
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #input = make("input", {
    type: "text",
    "aria-label": "Compare with",
    placeholder: "Compare",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 64,
  });
  readonly #end = make("button", { type: "button", hidden: true });

  constructor(chosen: Chosen) {
    this.#buttons = Object.entries(TIMEFRAMES).map(([name, { words }]) =>
      make(
        "button",
        {
          type: "button",
          "data-timeframe": name,
          "aria-label": `${name}: ${words}`,
          part: "frame",
        },
        name,
      ),
    );
    for (const button of this.#buttons) {
      button.addEventListener("click", () =>
        chosen.timeframe(button.dataset["timeframe"] as Timeframe),
      );
    }
    this.timeframes = make(
      "div",
      { class: "frames", role: "group", "aria-label": "Timeframe" },
      ...this.#buttons,
    );
    this.compare = make("form", { class: "compare", part: "compare" }, this.#input, this.#end);
    this.compare.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(chosen);
    });
    this.#input.addEventListener("input", () => this.#input.setCustomValidity(""));
    this.#end.addEventListener("click", () => {
      chosen.compare(undefined);
      this.#input.focus();
    });
  }

  /** Show what is chosen. */
  show(timeframe: Timeframe, compared: string | undefined): void {
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(button.dataset["timeframe"] === timeframe));
    }
    this.#input.value = compared ?? "";
    this.#end.hidden = compared === undefined;
    this.#end.textContent = compared === undefined ? "" : "×";
    this.#end.setAttribute("aria-label", `Compare with ${compared ?? "nothing"} no longer`);
  }

  #submit(chosen: Chosen): void {
    const symbol = this.#input.value.trim();
    if (symbol !== "" && !isSymbol(symbol)) {
      this.#input.setCustomValidity(`“${symbol}” cannot be a symbol`);
      this.#input.reportValidity();
      return;
    }
    chosen.compare(symbol === "" ? undefined : symbol);
  }
}
