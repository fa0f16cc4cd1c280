/**
 * The place of the market at a glance on the dashboard: the strip, and the heat map behind its button.
 *
 * The heat map stands where the desk does, and is loaded when it is opened first; until then it costs
 * nothing. Choosing a symbol, in either, puts it away, since the desk shows that symbol then.
 */

import { formatAsOf } from "../../market/format.ts";
import { type Measure, type Overview, OverviewWatch, type Trouble } from "../../market/overview.ts";
import { byId, setData } from "../ui/dom.ts";
import { layers } from "../ui/layers.ts";
import { onZoneChange, pageZone } from "../zone/page.ts";
import type { HeatMap } from "./heat.ts";
import { Strip } from "./strip.ts";

/** Shares and coins compare by what was paid for them. */
const FIRST_MEASURE: Measure = "turnover";

export interface GlanceHost {
  choose(symbol: string): void;
  /** The decimals of a symbol's prices. */
  decimals(symbol: string): number;
  /** What the address tells differs. */
  changed(): void;
}

export class GlancePlace {
  readonly #host: GlanceHost;
  readonly #strip: Strip;
  readonly #element = byId("glance");
  readonly #notice = byId("glance-notice");
  readonly #button = byId<HTMLButtonElement>("show-heat");
  readonly #heatElement = byId("heat");
  readonly #watch = new OverviewWatch({
    told: (overview, hasSectors) => this.#told(overview, hasSectors),
    failed: (trouble) => this.#failed(trouble),
  });
  #map: Promise<HeatMap> | undefined;
  #measure: Measure | undefined;
  #overview: Overview | undefined;
  #hasSectors = false;
  #trouble: Trouble | undefined;
  #chosen: string | undefined;
  /** Of the strip and the heat map those that are on screen. */
  readonly #seen = new Set<Element>();
  #away = () => {};

  constructor(host: GlanceHost) {
    this.#host = host;
    this.#strip = new Strip(this.#element, {
      choose: (symbol) => this.#choose(symbol),
      decimals: host.decimals,
    });
    this.#button.addEventListener("click", () => this.toggle());
    onZoneChange(() => {
      this.#sayTrouble();
      void this.#draw();
    });
  }

  /** The measure of the heat map that is open; undefined while none is. */
  get heat(): Measure | undefined {
    return this.#measure;
  }

  /** Begin, with the heat map that a link tells. */
  begin(heat: Measure | undefined): void {
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        this.#seen[isIntersecting ? "add" : "delete"](target);
      }
      this.#settle();
    });
    observer.observe(this.#element);
    observer.observe(this.#heatElement);
    if (heat !== undefined) {
      this.#open(heat, false);
    }
  }

  /** Open the heat map, or put it away. */
  toggle(): void {
    if (this.#measure === undefined) {
      this.#open(FIRST_MEASURE, true);
    } else {
      this.#putAway();
    }
  }

  close(): void {
    if (this.#measure !== undefined) {
      this.#away();
      this.#set(undefined);
    }
  }

  /** Close it, and go back to its button. */
  #putAway(): void {
    this.close();
    this.#button.focus();
  }

  /** A symbol was chosen, anywhere on the page. */
  mark(symbol: string): void {
    this.#chosen = symbol;
    this.#strip.mark(symbol);
    void this.#draw();
  }

  #choose(symbol: string): void {
    const hadFocus = this.#heatElement.contains(document.activeElement);
    this.close();
    this.#host.choose(symbol);
    if (hadFocus) {
      this.#button.focus(); // what had it is not there any more
    }
  }

  #open(measure: Measure, isAsked: boolean): void {
    this.#away = layers.add(() => this.#putAway());
    this.#set(measure);
    void this.#load().then((map) => {
      if (isAsked && this.#measure !== undefined) {
        map?.focus();
      }
    });
  }

  #set(measure: Measure | undefined): void {
    this.#measure = measure;
    const isOpen = measure !== undefined;
    this.#heatElement.hidden = !isOpen;
    setData(document.body, "heat", isOpen ? "" : undefined);
    this.#button.setAttribute("aria-expanded", String(isOpen));
    this.#settle();
    void this.#draw();
    this.#host.changed();
  }

  #settle(): void {
    this.#watch.wantsSectors = this.#measure !== undefined;
    this.#watch.isShown = this.#seen.size > 0;
  }

  /** Load the heat map; undefined where that fails, which the page says. */
  async #load(): Promise<HeatMap | undefined> {
    this.#map ??= import("./heat.ts").then(
      ({ HeatMap }) =>
        new HeatMap(this.#heatElement, {
          choose: (symbol) => this.#choose(symbol),
          close: () => this.#putAway(),
          decimals: this.#host.decimals,
          measure: (measure) => this.#set(measure),
        }),
    );
    try {
      return await this.#map;
    } catch (error) {
      this.#map = undefined; // the next one tries again
      this.#say(`The heat map could not be loaded: ${(error as Error).message}`);
      this.close();
      return undefined;
    }
  }

  #told(overview: Overview, hasSectors: boolean): void {
    const isNews = overview !== this.#overview || this.#trouble !== undefined;
    this.#overview = overview;
    this.#hasSectors = hasSectors;
    this.#trouble = undefined;
    if (isNews) {
      this.#strip.draw(overview);
      this.#say(undefined);
      void this.#draw();
    }
  }

  #failed(trouble: Trouble): void {
    this.#trouble = trouble;
    if (trouble.isFinal) {
      this.#overview = undefined;
      this.#strip.clear();
    }
    this.#sayTrouble();
    void this.#draw();
  }

  #sayTrouble(): void {
    if (this.#trouble !== undefined) {
      const { words } = this.#trouble;
      const asOf = asOfWords(this.#overview);
      this.#say(asOf === "" ? words : `${asOf} · ${words}`);
    }
  }

  async #draw(): Promise<void> {
    if (this.#measure === undefined) {
      return;
    }
    const map = await this.#load();
    if (this.#measure !== undefined) {
      map?.draw({
        overview: this.#hasSectors ? this.#overview : undefined,
        trouble: this.#trouble,
        measure: this.#measure,
        chosen: this.#chosen,
      });
    }
  }

  /** Say in the strip what is wrong; what it shows is of before then. */
  #say(words: string | undefined): void {
    this.#notice.textContent = words ?? "";
    this.#notice.title = words ?? "";
    this.#notice.hidden = words === undefined;
    setData(this.#element, "dated", words === undefined ? undefined : "");
  }
}

/** The time that an overview is of; "" where there is none. */
export function asOfWords(overview: Overview | undefined): string {
  return overview === undefined
    ? ""
    : `as of ${formatAsOf(Date.parse(overview.as_of), Date.now(), pageZone())}`;
}
