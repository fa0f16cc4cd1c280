/** The palette: every command and every symbol by a few letters; and the overview of all keys. */

import type { Listing } from "../../market/directory.ts";
import { byId, make } from "../ui/dom.ts";
import { Options } from "../ui/options.ts";
import { keyWords } from "./chord.ts";
import { type Command, GROUPS, runnable } from "./command.ts";
import type { CommandParts } from "./door.ts";
import { type Entry, entriesFor } from "./entries.ts";

const MOST_SYMBOLS = 12;

export class Palette {
  readonly #parts: CommandParts;
  readonly #dialog = byId<HTMLDialogElement>("palette");
  readonly #field = byId<HTMLInputElement>("palette-field");
  readonly #options: Options;
  readonly #single = byId<HTMLInputElement>("single-keys");
  #entries: readonly Entry[] = [];

  constructor(parts: CommandParts) {
    this.#parts = parts;
    this.#options = new Options(this.#field, byId("palette-options"), (index) => this.#run(index));
    this.#field.addEventListener("input", () => this.#find());
    for (const dialog of [this.#dialog, byId<HTMLDialogElement>("help")]) {
      dialog.addEventListener("pointerdown", ({ target }) => target === dialog && dialog.close());
    }
    this.#single.addEventListener("change", () => parts.singleKeys.set(this.#single.checked));
  }

  /** Offer what there is for the text that stands in the open dialog. */
  open(): void {
    this.#find();
  }

  /** Write all keys into the open dialog. */
  showKeys(): void {
    this.#single.checked = this.#parts.singleKeys.areOn;
    const commands = this.#parts.commands().filter(({ keys }) => keys !== undefined);
    byId("help-keys").replaceChildren(
      ...GROUPS.map((group) => {
        const some = commands.filter((command) => command.group === group);
        return some.length === 0
          ? undefined
          : make(
              "section",
              {},
              make("h3", {}, group),
              make("dl", { class: "keys" }, ...some.map((command) => this.#row(command))),
            );
      }).filter((section) => section !== undefined),
    );
  }

  #row({ name, keys = [], within }: Command): HTMLElement {
    const where = within === undefined ? "" : `, in ${within}`;
    return make(
      "div",
      {},
      make("dt", {}, ...this.#chords(keys)),
      make("dd", {}, `${name}${where}`),
    );
  }

  #chords(keys: readonly string[]): HTMLElement[] {
    return keys.map((chord) =>
      make(
        "span",
        { class: "chord" },
        ...keyWords(chord, this.#parts.isMac).map((word) => make("kbd", {}, word)),
      ),
    );
  }

  #find(): void {
    const { commands, directory } = this.#parts;
    const text = this.#field.value;
    const listings = text.trim() === "" ? [] : directory.find(text, MOST_SYMBOLS);
    this.#entries = entriesFor(text, runnable(commands()), listings);
    this.#options.show(
      this.#entries.map((entry) =>
        entry.listing === undefined ? this.#command(entry.command) : symbolOption(entry.listing),
      ),
      `No command and no symbol matches “${text}”`,
    );
  }

  #command({ name, group, keys = [] }: Command): HTMLElement {
    return make(
      "div",
      { class: "match" },
      make("span", { class: "name" }, name),
      make("span", { class: "hint" }, group),
      make("span", { class: "chords" }, ...this.#chords(keys.slice(0, 1))),
    );
  }

  #run(index: number): void {
    const entry = this.#entries[index];
    this.#dialog.close(); // the focus is where it was, and the command may take it elsewhere
    if (entry?.listing !== undefined) {
      this.#parts.pick(entry.listing.symbol);
    } else {
      entry?.command.run();
    }
  }
}

function symbolOption({ symbol, name, sector }: Listing): HTMLElement {
  return make(
    "div",
    { class: "match" },
    make("span", { class: "name" }, make("b", {}, symbol), ` ${name}`),
    make("span", { class: "hint" }, sector === "" ? "Symbol" : sector),
  );
}
