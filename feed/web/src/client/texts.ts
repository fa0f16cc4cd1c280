/** The text so far of each answer that is subscribed to: for tabs that ask for it later. */

import type { Selection } from "./wire/selection.ts";
import type { Generation, GenerationWord } from "./wire/words.ts";

/** Answers whose text is kept: the oldest give way. */
const MOST_ANSWERS = 64;

export class Texts {
  readonly #states = new Map<string, Generation>();

  /** Take a word; one that is known already, or whose beginning is not, changes nothing. */
  update(word: GenerationWord): void {
    const state = this.#states.get(word.id);
    if (word.T === "generation") {
      if (state === undefined || word.n >= state.n) {
        this.#states.delete(word.id); // or it would keep its place
        this.#states.set(word.id, { ...word });
        this.#forget();
      }
    } else if (state !== undefined && word.n > state.n) {
      const { T: _, ...rest } = word;
      const text = word.T === "token" ? state.text + word.text : state.text;
      Object.assign(state, rest, { text });
    }
  }

  /** The states of all answers of a selection that are known. */
  of(selection: Selection): Generation[] {
    return [...this.#states.values()].filter((state) => selection.includes(state));
  }

  #forget(): void {
    for (const id of this.#states.keys()) {
      if (this.#states.size <= MOST_ANSWERS) {
        return;
      }
      this.#states.delete(id);
    }
  }
}
