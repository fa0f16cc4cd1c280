/** The drawer of the connection, behind the pill that says in one line how it is. */

import { byId } from "../ui/dom.ts";

export class Drawer {
  readonly #drawer = byId<HTMLElement>("connection");
  readonly #pill = byId<HTMLButtonElement>("pill");

  constructor() {
    this.#pill.addEventListener("click", () => this.toggle());
    byId("connection-close").addEventListener("click", () => this.#close());
    this.#drawer.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") {
        this.#close();
      }
    });
  }

  toggle(): void {
    if (this.#drawer.hidden) {
      this.#set(true);
      this.#drawer.focus();
    } else {
      this.#close();
    }
  }

  #close(): void {
    this.#set(false);
    this.#pill.focus();
  }

  #set(isOpen: boolean): void {
    this.#drawer.hidden = !isOpen;
    this.#pill.setAttribute("aria-expanded", String(isOpen));
  }
}
