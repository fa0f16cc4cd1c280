/** The list of a room on screen: symbols in an order, each with a note, changed by all. */

import type { EntryWord, Room } from "../../client/index.ts";
import { byId, make, Text } from "../ui/dom.ts";
import { button } from "./forms.ts";
import { type Row, Rows } from "./rows.ts";
import { nameOf } from "./words.ts";

export class Entries {
  readonly #room: Room;
  readonly #rows: Rows<EntryWord>;

  constructor(room: Room) {
    const list = byId("entries");
    list.replaceChildren();
    this.#room = room;
    this.#rows = new Rows(list, ({ symbol }) => new EntryRow(room, symbol));
  }

  draw(): void {
    this.#rows.show(this.#room.expected, ({ symbol }) => symbol);
  }
}

class EntryRow implements Row<EntryWord> {
  readonly node: HTMLElement;
  readonly #note: HTMLInputElement;
  readonly #who = new Text();
  /** The note as it is in the room; the field may have another, while somebody writes. */
  #noted = "";

  constructor(room: Room, symbol: string) {
    this.#note = make("input", {
      type: "text",
      class: "wide",
      maxlength: 200,
      dir: "auto",
      autocomplete: "off",
      placeholder: "Note",
      "aria-label": `Note on ${symbol}`,
    });
    this.#note.addEventListener("change", () => {
      if (this.#note.value !== this.#noted) {
        room.list.note(symbol, this.#note.value);
      }
    });
    const move = (by: -1 | 1) => () => {
      const symbols = room.expected.map((entry) => entry.symbol);
      const place = symbols.indexOf(symbol);
      const target = place + by;
      if (target >= 0 && target < symbols.length) {
        room.list.move(symbol, symbols[by === 1 ? target + 1 : target]);
      }
    };
    this.node = make(
      "li",
      { "data-symbol": symbol },
      make("bdi", { class: "symbol" }, symbol),
      this.#note,
      make("bdi", { class: "about" }, this.#who.node),
      button("↑", move(-1), `Move ${symbol} up`),
      button("↓", move(1), `Move ${symbol} down`),
      button("×", () => void room.list.remove(symbol), `Remove ${symbol}`),
    );
  }

  show(entry: EntryWord): void {
    this.#who.set(entry.from === "" ? "" : nameOf(entry));
    if (entry.note !== this.#noted) {
      const isUntouched = this.#note.value === this.#noted;
      this.#noted = entry.note;
      if (isUntouched || document.activeElement !== this.#note) {
        this.#note.value = entry.note;
      }
    }
  }
}
