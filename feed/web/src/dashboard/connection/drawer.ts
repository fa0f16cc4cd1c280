/** The drawer of the connection, behind the pill that says in one line how it is. */

import { byId } from "../ui/dom.ts";
import { focused } from "../ui/floating.ts";
import { layers } from "../ui/layers.ts";

export class Drawer {
  readonly #drawer = byId<HTMLElement>("connection");
  readonly #pill = byId<HTMLButtonElement>("pill");
  #before: HTMLElement | undefined;
  #away = () => {};

  constructor() {
    this.#pill.addEventListener("click", () => this.toggle());
    byId("connection-close").addEventListener("click", () => this.#close());
  }

  get isOpen(): boolean {
    return !this.#drawer.hidden;
  }

  toggle(): void {
    if (this.isOpen) {
      this.#close();
    } else {
      this.#before = focused();
      this.#away = layers.add(() => this.#close());
      this.#set(true);
      this.#drawer.focus();
    }
  }

  /** Put it away; the focus goes where it was. */
  #close(): void {
    this.#away();
    this.#set(false);
    (this.#before ?? this.#pill).focus();
  }

  #set(isOpen: boolean): void {
    this.#drawer.hidden = !isOpen;
    this.#pill.setAttribute("aria-expanded", String(isOpen));
  }
}
