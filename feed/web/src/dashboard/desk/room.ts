/**
 * The panel of a room: what was said, who is there, and the list that it keeps, which can stand in
 * place of one's own watchlist.
 *
 * The address names the room, so that a link leads into it: `#room=desk&name=Ann`.
 */

import { type MessageWord, type Room, room, TransportFailed } from "../../client/index.ts";
import { notIncluded, wordsOf } from "../../elements/denial.ts";
import { voice } from "../spoken/voice.ts";
import { byId, Text } from "../ui/dom.ts";
import { serverUrl } from "../ui/server-url.ts";
import { onZoneChange } from "../zone/page.ts";
import type { DeskParts } from "./door.ts";
import { Entries } from "./entries.ts";
import { listen } from "./forms.ts";
import { History } from "./history.ts";
import { UnsentList } from "./unsent.ts";
import { noteOwnName, ownName } from "./used.ts";
import { listed, nameOf, presenceWords, reasonOf } from "./words.ts";

/** What is shown of who types is looked at again after this time. */
const TYPING_MS = 1_000;

interface Shown {
  room: Room;
  name: string;
  history: History;
  entries: Entries;
  unsent: UnsentList;
}

export class RoomPanel {
  readonly #parts: DeskParts;
  readonly #name = byId<HTMLInputElement>("room-name");
  readonly #me = byId<HTMLInputElement>("room-me");
  readonly #watch = byId<HTMLInputElement>("room-watch");
  readonly #text = byId<HTMLInputElement>("room-text");
  readonly #symbol = byId<HTMLInputElement>("entry-symbol");
  readonly #note = byId<HTMLInputElement>("entry-note");
  readonly #problem = byId("room-problem");
  readonly #about = new Text();
  readonly #members = new Text();
  readonly #typing = new Text();
  #shown: Shown | undefined;
  #isFrameDue = false;
  #followed = "";
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    byId("room-about").append(this.#about.node);
    byId("room-members").append(this.#members.node);
    byId("room-typing").append(this.#typing.node);
    this.#me.value = ownName();
    listen("room-door", () => this.#enter());
    listen("room-form", () => this.#say());
    listen("entry-form", () => this.#add());
    byId("room-leave").addEventListener("click", () => this.#leave());
    this.#watch.addEventListener("change", () => this.#follow());
    onZoneChange(() => this.#draw());
    this.#text.addEventListener("input", () => this.#shown?.room.type());
  }

  /** Enter the room that the address names. */
  open(): void {
    const address = new URLSearchParams(location.hash.slice(1));
    const name = address.get("room") ?? "";
    if (name !== "" && name !== this.#shown?.room.name) {
      this.#name.value = name;
      this.#me.value = address.get("name") ?? this.#me.value;
      this.#watch.checked = true;
      this.#enter();
      byId("desk").scrollIntoView({ block: "nearest" }); // on a phone it is below
    }
  }

  #enter(): void {
    this.#leave();
    const name = this.#me.value.trim();
    const { client } = this.#parts;
    let entered: Room;
    try {
      const options = name === "" ? { client } : { client, name };
      entered = room(serverUrl(), this.#name.value.trim(), options);
    } catch (error) {
      this.#tell(error as Error);
      return;
    }
    noteOwnName(name);
    const isOwn = ({ by, name: other = "" }: MessageWord) => by === entered.by && other === name;
    this.#shown = {
      room: entered,
      name,
      history: new History(entered, isOwn),
      entries: new Entries(entered),
      unsent: new UnsentList(entered),
    };
    entered.on("change", () => this.#draw());
    entered.on("problem", (error) => entered === this.#shown?.room && this.#tell(error));
    entered.on("refused", (unsent) => {
      voice.news("room", `Not sent: ${reasonOf(unsent)}`); // its row shows it
    });
    entered.on("word", ({ word, isSnapshot }) => {
      if (word.T === "message" && !isSnapshot && !isOwn(word)) {
        voice.news("room", `${nameOf(word)}: ${word.text}`);
      }
    });
    this.#problem.textContent = "";
    this.#show(true);
    this.#remember(`room=${entered.name}`);
    this.#draw();
    if (byId("room").contains(document.activeElement)) {
      this.#text.focus();
    }
    void this.#leaveIfDenied(entered);
  }

  /** Leave a room again that is not granted: nothing of it would ever come. */
  async #leaveIfDenied(entered: Room): Promise<void> {
    const { name } = entered;
    const answer = await fetch(`v1/rooms/${encodeURIComponent(name)}`).catch(() => undefined);
    if (answer?.status === 403 && entered === this.#shown?.room) {
      this.#leave();
      this.#problem.textContent = notIncluded(`the room ${name}`);
      this.#name.focus();
    }
  }

  #leave(): void {
    const shown = this.#shown;
    if (shown !== undefined) {
      this.#shown = undefined;
      shown.unsent.close();
      shown.room.close();
      clearTimeout(this.#typingTimer);
      this.#show(false);
      this.#follow();
      this.#about.set("");
      this.#remember("");
    }
  }

  #show(isInside: boolean): void {
    byId("room-inside").hidden = !isInside;
    byId("room-leave").hidden = !isInside;
    byId("room-enter").hidden = isInside;
    this.#name.readOnly = isInside;
    this.#me.readOnly = isInside;
  }

  #say(): void {
    const text = this.#text.value.trim();
    if (text !== "" && this.#try(({ room }) => room.say(text))) {
      this.#text.value = "";
    }
  }

  #add(): void {
    const symbol = this.#symbol.value.trim();
    const note = this.#note.value.trim();
    const options = note === "" ? {} : { note };
    if (symbol !== "" && this.#try(({ room }) => room.list.add(symbol, options))) {
      this.#symbol.value = "";
      this.#note.value = "";
      this.#symbol.focus();
    }
  }

  /** Do something in the room; tell what is wrong with it, and return whether nothing is. */
  #try(act: (shown: Shown) => Promise<unknown>): boolean {
    if (this.#shown === undefined) {
      return false;
    }
    try {
      void act(this.#shown); // whether it arrives, "refused" and the list of what is unsent tell
      this.#problem.textContent = "";
      return true;
    } catch (error) {
      this.#tell(error as Error);
      return false;
    }
  }

  #draw(): void {
    if (this.#isFrameDue) {
      return;
    }
    this.#isFrameDue = true;
    requestAnimationFrame(() => {
      this.#isFrameDue = false;
      const shown = this.#shown;
      if (shown === undefined) {
        return;
      }
      shown.history.draw();
      shown.entries.draw();
      shown.unsent.draw();
      const members = shown.room.members.map(nameOf);
      this.#members.set(members.length === 0 ? "Nobody is here" : `Here: ${listed(members)}`);
      this.#about.set(presenceWords(shown.room.name, members));
      this.#drawTyping(shown);
      this.#follow();
    });
  }

  #drawTyping({ room, name }: Shown): void {
    clearTimeout(this.#typingTimer);
    const others = room.typing.filter((word) => word.by !== room.by || (word.name ?? "") !== name);
    const names = others.map(nameOf);
    const verb = names.length === 1 ? "is" : "are";
    this.#typing.set(names.length === 0 ? "" : `${listed(names)} ${verb} typing…`);
    if (names.length > 0) {
      this.#typingTimer = setTimeout(() => this.#draw(), TYPING_MS);
    }
  }

  /** Let the list of the room be the watchlist, or not any more. */
  #follow(): void {
    const { watchlist } = this.#parts;
    const shown = this.#watch.checked ? this.#shown?.room : undefined;
    const symbols = shown?.expected.map(({ symbol }) => symbol);
    const followed = JSON.stringify([shown?.name, symbols]);
    if (followed === this.#followed) {
      return;
    }
    this.#followed = followed;
    if (shown === undefined || symbols === undefined) {
      watchlist.follow(undefined);
      return;
    }
    watchlist.follow({
      name: shown.name,
      symbols,
      add: (symbol, before) => {
        void shown.list.add(symbol, before === undefined ? {} : { before });
      },
      remove: (symbol) => void shown.list.remove(symbol),
      move: (symbol, before) => void shown.list.move(symbol, before),
    });
  }

  /** Let the address name the room. */
  #remember(hash: string): void {
    const isOfRoom = location.hash.startsWith("#room=");
    if (hash !== "" || isOfRoom) {
      const { pathname, search } = location;
      history.replaceState(history.state, "", `${pathname}${search}${hash && `#${hash}`}`);
    }
  }

  /** Tell what is wrong; that there is no connection is told at the top of the page. */
  #tell(error: Error): void {
    if (!(error instanceof TransportFailed)) {
      this.#problem.textContent = wordsOf(error);
    }
  }
}
