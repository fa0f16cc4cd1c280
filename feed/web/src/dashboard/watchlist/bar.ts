/** The bar above the table: which list is shown, what can be done with it, and what was done last. */

import { voice } from "../spoken/voice.ts";
import { byId, make, Text } from "../ui/dom.ts";
import { close, menu } from "../ui/menu.ts";
import type { Watchlist } from "./watchlist.ts";

/** The list of others among those that can be chosen; no list of one's own has such a name. */
const SHARED = "\u0000shared";
const LINK = "\u0000link";

export interface BarHost {
  exportList(): void;
  exportShown(): void;
  /** Copy a link to the view; return what came of it, in words. */
  copyLink(): Promise<string>;
  /** Something was undone by its button, which is gone. */
  undone(): void;
}

export class ListBar {
  readonly #watchlist: Watchlist;
  readonly #title = new Text();
  readonly #count = byId("count");
  readonly #select = byId<HTMLSelectElement>("lists");
  readonly #all = byId<HTMLButtonElement>("watch-all");
  readonly #clear = byId<HTMLButtonElement>("watch-none");
  readonly #menu = byId<HTMLDetailsElement>("list-menu");
  readonly #name = byId<HTMLInputElement>("list-name");
  readonly #problem = byId("list-problem");
  readonly #rename = byId<HTMLButtonElement>("list-rename");
  readonly #delete = byId<HTMLButtonElement>("list-delete");
  readonly #done = byId("list-done");
  readonly #doneWords = new Text();
  readonly #linked = byId("list-linked");
  #options = "";

  constructor(watchlist: Watchlist, host: BarHost) {
    this.#watchlist = watchlist;
    byId("list-title").replaceChildren(this.#title.node);
    byId("list-done-words").replaceChildren(this.#doneWords.node);
    menu(this.#menu);
    this.#select.addEventListener("change", () => this.#selected());
    this.#all.addEventListener("click", () => watchlist.toggleAll());
    this.#clear.addEventListener("click", () => watchlist.clear());
    byId("list-undo").addEventListener("click", () => {
      watchlist.undo();
      host.undone();
    });
    byId("list-keep").addEventListener("click", () => watchlist.keep());
    byId("list-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try((name) => watchlist.create(name));
    });
    this.#rename.addEventListener("click", () => this.#try((name) => watchlist.rename(name)));
    this.#delete.addEventListener("click", () => this.#act(() => watchlist.delete()));
    byId("list-export").addEventListener("click", () => this.#act(() => host.exportList()));
    byId("shown-export").addEventListener("click", () => this.#act(() => host.exportShown()));
    const copy = byId("copy-link");
    copy.addEventListener("click", async () => {
      copy.textContent = await host.copyLink();
      voice.news("copy", copy.textContent, 1);
    });
    this.#menu.addEventListener("toggle", () => {
      copy.textContent = "Copy link to this view";
      this.#problem.textContent = "";
      this.#name.value = "";
    });
  }

  /** @param shownCount how many of the symbols pass the filter. */
  draw(shownCount: number): void {
    const watchlist = this.#watchlist;
    const { shared, isAll, symbols, current, done } = watchlist;
    this.#title.set(shared === undefined ? current.name : `Room ${shared.name}`);
    const all = isAll ? `All ${symbols.length}` : String(symbols.length);
    const count = shownCount === symbols.length ? all : `${shownCount} of ${symbols.length}`;
    this.#count.textContent = shared === undefined ? count : `${count} of room ${shared.name}`;
    this.#all.hidden = shared !== undefined; // that is one's own
    this.#all.setAttribute("aria-pressed", String(isAll));
    this.#clear.hidden = shared !== undefined;
    this.#clear.disabled = symbols.length === 0;
    this.#rename.disabled = shared !== undefined;
    this.#delete.disabled =
      shared !== undefined || watchlist.isLinked || watchlist.lists.length < 2;
    this.#done.hidden = done === undefined;
    if (this.#doneWords.set(done === undefined ? "" : `${done}.`) && done !== undefined) {
      voice.news("list", `${done}. It can be undone`, 1);
    }
    this.#linked.hidden = !watchlist.isLinked || isAll;
    this.#drawOptions();
  }

  #drawOptions(): void {
    const { lists, current, shared, offered, isLinked } = this.#watchlist;
    const options = lists.map(({ name }) => [name, name]);
    if (isLinked) {
      options.push([LINK, `${current.name} (of the link)`]);
    }
    if (offered !== undefined) {
      options.push([SHARED, `Room ${offered.name}`]);
    }
    const key = JSON.stringify(options);
    if (key !== this.#options) {
      this.#options = key;
      this.#select.replaceChildren(
        ...options.map(([value, words]) => make("option", { value }, words)),
      );
    }
    this.#select.value = shared !== undefined ? SHARED : isLinked ? LINK : current.name;
  }

  #selected(): void {
    const { value } = this.#select;
    if (value === SHARED) {
      this.#watchlist.selectShared();
    } else if (value !== LINK) {
      this.#watchlist.select(value);
    }
  }

  /** Do something with the name that is written; tell why it cannot be done. */
  #try(act: (name: string) => string | undefined): void {
    const why = act(this.#name.value.trim());
    this.#problem.textContent = why ?? "";
    if (why === undefined) {
      close(this.#menu);
    } else {
      this.#name.focus();
    }
  }

  #act(act: () => void): void {
    act();
    close(this.#menu);
  }
}
