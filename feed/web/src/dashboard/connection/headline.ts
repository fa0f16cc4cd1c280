/** How prices are, said three times: in the head, over the page when they are old, and aloud. */

import { voice } from "../spoken/voice.ts";
import { byId, setData, Text } from "../ui/dom.ts";
import type { Banner } from "./banner.ts";
import type { Currency } from "./currency.ts";

export class HeadLine {
  readonly #pill = byId<HTMLElement>("pill");
  readonly #banner = byId<HTMLElement>("banner");
  readonly #retry = byId<HTMLElement>("retry");
  readonly #words = attach("pill-words");
  readonly #more = attach("pill-more");
  readonly #bannerWords = attach("banner-words");
  readonly #why = attach("banner-why");

  /** @param more what a live connection is like. */
  show(currency: Currency, more: string, banner: Banner | undefined): void {
    this.#words.set(currency.words);
    this.#more.set(more);
    voice.state("connection", currency.spoken);
    setData(this.#pill, "health", currency.health);
    this.#banner.hidden = banner === undefined;
    if (banner !== undefined) {
      this.#bannerWords.set(banner.words);
      this.#why.set(banner.why);
      this.#retry.hidden = !banner.canRetry;
    }
  }
}

function attach(id: string): Text {
  const text = new Text();
  byId(id).replaceChildren(text.node);
  return text;
}
