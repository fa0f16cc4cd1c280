/** The choice of a model, which is shown where there is one. */

import { byId, make } from "../ui/dom.ts";
import { serverUrl } from "../ui/server-url.ts";

export class Models {
  readonly #select = byId<HTMLSelectElement>("ask-model");

  constructor() {
    void this.#load();
  }

  /** The model that was chosen; undefined: the server chooses. */
  get chosen(): string | undefined {
    return this.#select.value === "" ? undefined : this.#select.value;
  }

  async #load(): Promise<void> {
    const names = await modelNames();
    if (names.length > 1) {
      this.#select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
      this.#select.hidden = false;
    }
  }
}

/** The names of the server's models; none where it does not tell. */
async function modelNames(): Promise<string[]> {
  try {
    const response = await fetch(new URL("v1/models", serverUrl()));
    const { data = [] } = (await response.json()) as { data?: { id?: unknown }[] };
    return data.flatMap(({ id }) => (typeof id === "string" ? [id] : []));
  } catch {
    return []; // whoever asks is told what is wrong
  }
}
