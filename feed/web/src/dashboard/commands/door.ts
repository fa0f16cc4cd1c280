/** The door to the palette and to the overview of keys, which are loaded when they are opened first. */

import type { Directory } from "../../market/directory.ts";
import { byId } from "../ui/dom.ts";
import type { Command } from "./command.ts";
import type { Palette } from "./palette.ts";
import type { SingleKeys } from "./singlekeys.ts";

export interface CommandParts {
  /** The commands of the page as it is now. */
  commands(): readonly Command[];
  directory: Directory;
  singleKeys: SingleKeys;
  isMac: boolean;
  /** A symbol was picked. */
  pick(symbol: string): void;
}

export class CommandDoor {
  readonly #parts: CommandParts;
  #palette: Promise<Palette> | undefined;

  constructor(parts: CommandParts) {
    this.#parts = parts;
    byId("show-help").addEventListener("click", () => this.showKeys());
    byId("show-palette").addEventListener("click", () => this.open());
  }

  /** Open the palette. */
  open(): void {
    byId<HTMLInputElement>("palette-field").value = ""; // not once it is closed: that is told late
    void this.#with("palette", (palette) => palette.open());
  }

  /** Show all keys. */
  showKeys(): void {
    void this.#with("help", (palette) => palette.showKeys());
  }

  /** Open a dialog at once, so that what is typed meanwhile is not lost; then fill it. */
  async #with(id: string, fill: (palette: Palette) => void): Promise<void> {
    const dialog = byId<HTMLDialogElement>(id);
    if (!dialog.open) {
      dialog.showModal();
    }
    const palette = await this.#load(id);
    if (palette !== undefined) {
      fill(palette);
    }
  }

  /** Load the palette; undefined where that fails, which the dialog says. */
  async #load(id: string): Promise<Palette | undefined> {
    const problem = byId(`${id}-problem`);
    problem.textContent = "";
    this.#palette ??= import("./palette.ts").then(({ Palette }) => new Palette(this.#parts));
    try {
      return await this.#palette;
    } catch (error) {
      this.#palette = undefined; // the next one tries again
      problem.textContent = `This could not be loaded: ${(error as Error).message}`;
      return undefined;
    }
  }
}
