/** The messages of a room on screen: people's texts, as text. */

import type { MessageWord, Room } from "../../client/index.ts";
import { timeMs } from "../../client/index.ts";
import { formatAsOf } from "../../market/format.ts";
import { byId, make, Text } from "../ui/dom.ts";
import { pageZone } from "../zone/page.ts";
import { button, confirmed } from "./forms.ts";
import { type Row, Rows } from "./rows.ts";
import { nameOf } from "./words.ts";

/** Messages that are shown at first, and more whenever somebody asks for them. */
const PAGE = 100;
/** So many pixels from its end it counts as read to the end, and follows what is said. */
const AT_END_PX = 24;

export class History {
  readonly #scroll = byId("room-scroll");
  readonly #earlier = byId<HTMLButtonElement>("room-earlier");
  readonly #room: Room;
  readonly #rows: Rows<MessageWord>;
  #most = PAGE;

  constructor(room: Room, isOwn: (message: MessageWord) => boolean) {
    const list = byId("room-messages");
    list.replaceChildren();
    this.#room = room;
    this.#rows = new Rows(list, (message) => new MessageRow(room, message, isOwn));
    this.#earlier.onclick = () => {
      this.#most += PAGE;
      this.draw();
    };
  }

  draw(): void {
    const { messages } = this.#room;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    this.#rows.show(messages.slice(-this.#most), ({ id }) => id);
    this.#earlier.hidden = messages.length <= this.#most;
    if (isAtEnd) {
      this.#scroll.scrollTop = this.#scroll.scrollHeight;
    }
  }
}

class MessageRow implements Row<MessageWord> {
  readonly node: HTMLElement;
  readonly #room: Room;
  readonly #isOwn: (message: MessageWord) => boolean;
  readonly #who = new Text();
  readonly #time = new Text();
  readonly #text = new Text();
  readonly #edited = new Text();
  readonly #paragraph = make("p", { class: "text", dir: "auto" }, this.#text.node);
  readonly #tools = make("span", { class: "tools" });
  #message: MessageWord;

  constructor(room: Room, message: MessageWord, isOwn: (message: MessageWord) => boolean) {
    this.#room = room;
    this.#message = message;
    this.#isOwn = isOwn;
    this.node = make(
      "li",
      { "data-message": message.id },
      make("bdi", { class: "who", title: message.from }, this.#who.node),
      make("time", { datetime: message.t }, this.#time.node),
      make("span", { class: "edited" }, this.#edited.node),
      this.#tools,
      this.#paragraph,
    );
  }

  show(message: MessageWord): void {
    this.#message = message;
    this.#who.set(nameOf(message));
    this.#time.set(formatAsOf(timeMs(message.t), Date.now(), pageZone()));
    this.#text.set(message.text);
    this.#edited.set(message.edited === undefined ? "" : "edited");
    if (this.#isOwn(message) && this.#tools.childElementCount === 0) {
      this.#tools.append(
        button("Edit", () => this.#edit()),
        confirmed("Delete", "Really delete?", () => void this.#room.remove(message.id)),
      );
    }
  }

  /** Let the text be edited in its place. */
  #edit(): void {
    const field = make("input", {
      type: "text",
      class: "wide",
      dir: "auto",
      maxlength: 4000,
      "aria-label": "Message",
      autocomplete: "off",
      value: this.#message.text,
    });
    const form = make("form", { class: "line" }, field, make("button", {}, "Save"));
    const end = () => {
      form.replaceWith(this.#paragraph);
      this.#tools.querySelector("button")?.focus();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text !== "" && text !== this.#message.text) {
        this.#room.edit(this.#message.id, text);
      }
      end();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault(); // nothing else is closed by it
        end();
      }
    });
    this.#paragraph.replaceWith(form);
    field.focus();
  }
}
