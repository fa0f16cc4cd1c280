/**
 * The wall: one symbol and a few rows of the list, to be read from five metres, without any hand.
 *
 * It stands in the page in place of all else; the chart is the page's own. Left by Escape, a command,
 * or its button, which is there while the pointer moves.
 */

import "../styles/wall.css";
import { formatClock } from "../../market/format.ts";
import { make, setData, Text } from "../ui/dom.ts";
import { focused } from "../ui/floating.ts";
import { pageZone } from "../zone/page.ts";
import { Awake } from "./awake.ts";
import type { WallParts } from "./door.ts";
import { Rows } from "./rows.ts";
import { around, nextOf, priceOf, stateOf } from "./words.ts";

const DRAW_MS = 250;
const IDLE_MS = 3_000;

export class Wall {
  readonly #parts: WallParts;
  readonly #texts = {
    symbol: new Text(),
    name: new Text(),
    clock: new Text(),
    last: new Text(),
    change: new Text(),
    since: new Text(),
    state: new Text(),
  };
  readonly #last = make("span", { class: "wall-last" }, this.#texts.last.node);
  readonly #change = make("span", { class: "wall-change" }, this.#texts.change.node);
  readonly #state = make("p", { class: "wall-words" }, this.#texts.state.node);
  readonly #rows = new Rows();
  readonly #element: HTMLElement;
  readonly #paint = (nowMs: number) => this.#draw(nowMs);
  readonly #awake: Awake;
  readonly #stir = () => this.#stirred();
  #drawnMs = Number.NEGATIVE_INFINITY;
  #rotates = false;
  #clock: ReturnType<typeof setInterval> | undefined;
  #rotation: ReturnType<typeof setInterval> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #wasRefused = false;
  #before: HTMLElement | undefined;

  /** @param leave called when the button to leave is pressed. */
  constructor(parts: WallParts, leave: () => void) {
    this.#parts = parts;
    this.#awake = new Awake((words) => this.#refused(words));
    const button = make("button", { class: "wall-leave", type: "button" }, "Leave the wall");
    button.addEventListener("click", leave);
    const { symbol, name, clock, since } = this.#texts;
    this.#element = make(
      "section",
      { class: "wall", "aria-label": "Wall" },
      make(
        "div",
        { class: "wall-head" },
        make("h1", {}, symbol.node),
        make("p", { class: "wall-name" }, name.node),
        make("time", { class: "wall-clock", "aria-label": "Time" }, clock.node),
        make(
          "p",
          { class: "wall-price" },
          this.#last,
          make(
            "span",
            { class: "wall-moved" },
            this.#change,
            make("span", { class: "wall-since" }, since.node),
          ),
        ),
      ),
      this.#rows.element,
      make("div", { class: "wall-state" }, this.#state, button),
    );
  }

  /** @param seconds 1 for one symbol; more: after so many another one of the list. */
  begin(seconds: number): void {
    this.#stop();
    if (!this.#element.isConnected) {
      this.#before = focused();
      this.#before?.blur();
      document.querySelector("main")?.prepend(this.#element);
      document.body.dataset["wall"] = "";
      scrollTo(0, 0);
    }
    this.#rotates = seconds > 1;
    if (this.#rotates) {
      this.#rotation = setInterval(() => this.#rotate(), seconds * 1_000);
    }
    this.#clock = setInterval(() => this.#parts.painter.request(), DRAW_MS);
    this.#parts.painter.add(this.#paint);
    this.#parts.painter.request();
    addEventListener("pointermove", this.#stir);
    this.#stirred();
    this.#awake.begin();
    this.#parts.resized();
  }

  end(): void {
    this.#stop();
    this.#element.remove();
    delete document.body.dataset["wall"];
    delete document.body.dataset["idle"];
    this.#awake.end();
    this.#before?.focus();
    this.#parts.resized();
  }

  #stop(): void {
    clearInterval(this.#clock);
    clearInterval(this.#rotation);
    clearTimeout(this.#idle);
    removeEventListener("pointermove", this.#stir);
    this.#parts.painter.remove(this.#paint);
  }

  #rotate(): void {
    const next = nextOf(this.#parts.symbols(), this.#parts.chosen() ?? "");
    if (next !== undefined && document.visibilityState === "visible") {
      this.#parts.choose(next);
    }
  }

  /** The pointer moves: it can be seen for a while, and so can the button. */
  #stirred(): void {
    delete document.body.dataset["idle"];
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      document.body.dataset["idle"] = "";
    }, IDLE_MS);
  }

  #refused(words: string): void {
    if (!this.#wasRefused) {
      this.#wasRefused = true;
      this.#parts.warn(`The screen may go dark: ${words}`);
    }
  }

  #draw(nowMs: number): boolean {
    if (nowMs - this.#drawnMs < DRAW_MS) {
      return false; // the clock asks again
    }
    this.#drawnMs = nowMs;
    const { market, directory } = this.#parts;
    const symbol = this.#parts.chosen();
    const instrument = symbol === undefined ? undefined : market.get(symbol);
    const wallMs = Date.now();
    const currency = this.#parts.currency();
    const state = stateOf(currency, instrument, wallMs, pageZone());
    this.#texts.clock.set(formatClock(wallMs, pageZone()));
    this.#texts.state.set(state.words);
    setData(this.#element, "dated", state.isCurrent ? undefined : "");
    if (instrument !== undefined) {
      const { last, change, way, since } = priceOf(instrument);
      this.#texts.symbol.set(instrument.symbol);
      this.#texts.name.set(directory.get(instrument.symbol)?.name ?? "");
      this.#texts.last.set(last);
      this.#texts.change.set(change);
      this.#texts.since.set(since);
      this.#last.style.setProperty("--length", String(last.length)); // a long one is written smaller
      setData(this.#change, "way", way);
    }
    const shown = around(this.#parts.symbols(), symbol ?? "", this.#rows.count);
    if (this.#rows.show(shown, symbol)) {
      this.#parts.load([...(symbol === undefined ? [] : [symbol]), ...shown]);
    }
    this.#rows.draw((each) => market.get(each));
    return false;
  }
}
