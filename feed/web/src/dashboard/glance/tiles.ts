/** The tiles of a heat map on screen: a group of buttons for each sector. Arrows walk, Enter chooses. */

import type { Measure, OverviewRow } from "../../market/overview.ts";
import { make, setData, Text } from "../ui/dom.ts";
import type { Shown } from "./heat.ts";
import { Hold } from "./hold.ts";
import { Roving } from "./roving.ts";
import { stepOf } from "./steps.ts";
import { sizeOf, type TileSize } from "./tilesize.ts";
import { type SectorTiles, type Tile, Treemap } from "./treemap.ts";
import { type Box, neighbour } from "./walk.ts";
import {
  amountWords,
  rowHint,
  sectorName,
  sectorWords,
  shortPercentWords,
  signOf,
  tileWords,
} from "./words.ts";

/** Tiles stay where they are for so long: they are walked, and looked for. */
const LAYOUT_MS = 30_000;
/** The least area of a tile, and the height of a sector's line, in lines of text. */
const LEAST_LINES = 5;
const HEAD_LINES = 1.3;

export interface TilesHost {
  choose(symbol: string): void;
  decimals(symbol: string): number;
  /** Somebody wants to see those that are too small. */
  more(): void;
}

export class Tiles {
  readonly element = make("div", { class: "heat-tiles", role: "group", "aria-label": "Tiles" });
  readonly #host: TilesHost;
  readonly #treemap = new Treemap();
  readonly #groups = new Map<string, SectorGroup>();
  readonly #hold = new Hold(this.element);
  readonly #roving: Roving;
  #buttons: TileButton[] = [];
  #shown: Shown | undefined;
  #laidOut: { measure: Measure; ms: number } | undefined;

  constructor(host: TilesHost) {
    this.#host = host;
    this.#roving = new Roving(
      this.element,
      () => this.#buttons.map(({ element }) => element),
      (place, key) => {
        const boxes = this.#buttons.map(({ box }) => box);
        return key.startsWith("Arrow") ? neighbour(boxes, place, key) : undefined;
      },
    );
    new ResizeObserver(() => {
      this.#laidOut = undefined;
      if (this.#shown !== undefined) {
        this.draw(this.#shown);
      }
    }).observe(this.element);
  }

  draw(shown: Shown): void {
    this.#shown = shown;
    const { overview, measure, chosen } = shown;
    if (this.element.clientWidth === 0) {
      return; // it is not there
    }
    if (overview === undefined || this.#isDue(measure)) {
      this.#layOut(shown);
    }
    const sectors = overview?.sectors ?? [];
    const rows = new Map(sectors.flatMap(({ symbols }) => symbols.map((row) => [row.symbol, row])));
    for (const button of this.#buttons) {
      button.draw(button.symbol === undefined ? undefined : rows.get(button.symbol), measure);
      button.mark(chosen);
    }
    for (const sector of sectors) {
      this.#groups.get(sector.sector)?.say(sectorWords(sector), sector.omitted);
    }
  }

  /** Give the focus to a tile; tell whether there is one. */
  focus(): boolean {
    this.#roving.focus();
    return this.#buttons.length > 0;
  }

  #isDue(measure: Measure): boolean {
    if (this.#laidOut?.measure !== measure || this.#buttons.length === 0) {
      return true;
    }
    return performance.now() - this.#laidOut.ms >= LAYOUT_MS && !this.#hold.isHeld;
  }

  #layOut({ overview, measure }: Shown): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const line = Number.parseFloat(getComputedStyle(this.element).lineHeight);
    const head = Math.round(HEAD_LINES * line);
    const frame = { width, height, head, least: LEAST_LINES * line * line };
    const sectors = this.#treemap.layOut(overview?.sectors ?? [], measure, frame);
    this.#laidOut = { measure, ms: performance.now() };
    const before = document.activeElement;
    const names = new Set(sectors.map(({ sector }) => sector.sector));
    for (const [name, group] of this.#groups) {
      if (!names.has(name)) {
        group.element.remove();
        this.#groups.delete(name);
      }
    }
    this.#buttons = sectors.flatMap((sector) => this.#groupOf(sector).place(sector, line));
    this.#roving.settle();
    if (before !== document.activeElement && document.activeElement === document.body) {
      this.#roving.focus(); // the tile that had the focus is gone
    }
  }

  #groupOf({ sector }: SectorTiles): SectorGroup {
    const known = this.#groups.get(sector.sector);
    if (known !== undefined) {
      return known;
    }
    const group = new SectorGroup(sectorName(sector), this.#host);
    this.#groups.set(sector.sector, group);
    this.element.append(group.element);
    return group;
  }
}

/** The tiles of a sector, with its name over them. */
class SectorGroup {
  readonly #words = new Text();
  readonly #head = make("span", { class: "sector-name", "aria-hidden": "true" }, this.#words.node);
  readonly element: HTMLElement;
  readonly #name: string;
  readonly #host: TilesHost;
  readonly #tiles = new Map<string | undefined, TileButton>();

  constructor(name: string, host: TilesHost) {
    this.#name = name;
    this.#host = host;
    this.element = make("div", { role: "group" }, this.#head);
  }

  /** Put tiles where they belong; return them, the largest first. */
  place({ head, tiles, ...box }: SectorTiles, line: number): TileButton[] {
    this.#head.hidden = head === 0;
    stand(this.#head, { ...box, height: head });
    const symbols = new Set(tiles.map(({ row }) => row?.symbol));
    for (const [symbol, tile] of this.#tiles) {
      if (!symbols.has(symbol)) {
        tile.element.remove();
        this.#tiles.delete(symbol);
      }
    }
    return tiles.map((tile) => this.#placed(tile, line));
  }

  say(words: string, omitted: number): void {
    this.#words.set(words);
    const more = omitted === 0 ? "" : `, ${omitted} more are too small to be told`;
    const label = `${words}${more}`;
    if (this.element.getAttribute("aria-label") !== label) {
      this.element.setAttribute("aria-label", label);
      this.#head.title = label;
    }
  }

  #placed(tile: Tile, line: number): TileButton {
    const symbol = tile.row?.symbol;
    const known = this.#tiles.get(symbol);
    const button = known ?? new TileButton(symbol, this.#host);
    if (known === undefined) {
      this.#tiles.set(symbol, button);
      this.element.append(button.element);
    }
    button.stand(tile, line);
    if (tile.row === undefined) {
      button.sayRest(tile.count, this.#name);
    }
    return button;
  }
}

class TileButton {
  /** Undefined: that of those which are too small. */
  readonly symbol: string | undefined;
  /** All that it says, whatever there is room for. */
  readonly #words = new Text();
  readonly #ticker = new Text();
  readonly #change = new Text();
  readonly #amount = new Text();
  readonly element = make(
    "button",
    { type: "button", class: "tile", tabindex: -1 },
    make("span", { class: "hidden" }, this.#words.node),
    make("span", { class: "who", "aria-hidden": "true" }, this.#ticker.node),
    make("span", { class: "change", "aria-hidden": "true" }, this.#change.node),
    make("span", { class: "amount", "aria-hidden": "true" }, this.#amount.node),
  );
  readonly #host: TilesHost;
  box: Box = { x: 0, y: 0, width: 0, height: 0 };
  #size: TileSize = "usual";

  constructor(symbol: string | undefined, host: TilesHost) {
    this.symbol = symbol;
    this.#host = host;
    this.element.addEventListener("click", () =>
      symbol === undefined ? host.more() : host.choose(symbol),
    );
  }

  stand(box: Tile, line: number): void {
    this.box = box;
    stand(this.element, box);
    this.#size = sizeOf(box, line);
    setData(this.element, "size", this.#size);
  }

  /** @param row undefined: there is no news of it. */
  draw(row: OverviewRow | undefined, measure: Measure): void {
    if (row === undefined) {
      return;
    }
    this.#ticker.set(row.symbol);
    const change = this.#size === "narrow" ? signOf : shortPercentWords;
    this.#change.set(change(row.change_percent));
    this.#amount.set(amountWords(row[measure]));
    setData(this.element, "step", stepOf(row.change_percent));
    this.#say(tileWords(row, measure), rowHint(row, this.#host.decimals(row.symbol)));
  }

  sayRest(count: number, sector: string): void {
    this.#ticker.set(`+${count}`);
    const words = `+${count} smaller ones of ${sector}, in a table`;
    this.#say(words, words);
  }

  mark(chosen: string | undefined): void {
    const isChosen = this.symbol !== undefined && this.symbol === chosen;
    setData(this.element, "chosen", isChosen ? "" : undefined);
    if (isChosen) {
      this.element.setAttribute("aria-current", "true");
    } else {
      this.element.removeAttribute("aria-current");
    }
  }

  #say(words: string, hint: string): void {
    if (this.#words.set(words)) {
      this.element.title = hint;
    }
  }
}

/** Put an element into a box: a transform is no layout shift. By script, which no policy forbids. */
function stand({ style }: HTMLElement, { x, y, width, height }: Box): void {
  style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  style.inlineSize = `${width.toFixed(1)}px`;
  style.blockSize = `${height.toFixed(1)}px`;
}
