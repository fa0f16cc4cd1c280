/** What was said here and has not arrived, with the reason. */

import type { Room, Unsent } from "../../client/index.ts";
import { byId, make, setData, Text } from "../ui/dom.ts";
import { button } from "./forms.ts";
import { type Row, Rows } from "./rows.ts";
import { actionWords, reasonOf, writtenIn } from "./words.ts";

/** What arrives sooner than this is not shown as unsent. */
const SOON_MS = 500;

export class UnsentList {
  readonly #room: Room;
  readonly #rows: Rows<Unsent>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(room: Room) {
    const list = byId("room-unsent");
    list.replaceChildren();
    this.#room = room;
    this.#rows = new Rows(list, ({ id }) => new UnsentRow(() => room.discard(id)));
  }

  draw(): void {
    const nowMs = Date.now();
    const { unsent } = this.#room;
    const shown = unsent.filter(
      ({ refused, sinceMs }) => refused !== undefined || nowMs - sinceMs >= SOON_MS,
    );
    this.#rows.show(shown, ({ id }) => id);
    clearTimeout(this.#timer);
    if (shown.length < unsent.length) {
      this.#timer = setTimeout(() => this.draw(), SOON_MS);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

class UnsentRow implements Row<Unsent> {
  readonly node: HTMLElement;
  readonly #words = new Text();
  readonly #text = new Text();
  readonly #reason = new Text();

  constructor(discard: () => void) {
    this.node = make(
      "li",
      {},
      make("span", {}, this.#words.node, make("bdi", { class: "text" }, this.#text.node)),
      make("bdi", { class: "reason" }, this.#reason.node),
      button("Discard", discard),
    );
  }

  show(unsent: Unsent): void {
    const { refused } = unsent;
    this.#words.set(actionWords(unsent));
    this.#text.set(writtenIn(unsent));
    this.#reason.set(reasonOf(unsent));
    setData(this.node, "state", refused === undefined ? "waiting" : "refused");
  }
}
