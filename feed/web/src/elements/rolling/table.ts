/**
 * A table of lines that roll: the newest on top, paused while one has scrolled down.
 *
 * Only rows that are seen are there. At most five times a second those at the end are written anew and
 * put on top; the others slide, which lays nothing out. So whatever comes costs the same.
 */

import { make, setData, Text } from "../dom.ts";
import { BEAT_MS } from "../painter.ts";
import { Roll } from "./roll.ts";

/** Whole lines move, which the eye follows more slowly than a number that changes. */
const DRAW_MS = 2 * BEAT_MS;

export const ROLLING = `
:host { block-size: 20rem; position: relative; container-type: inline-size; }
.scroll {
  flex: 1;
  min-block-size: 0;
  overflow: auto;
  overflow-anchor: none;
  contain: strict;
  scrollbar-width: thin;
  scrollbar-color: var(--_line) transparent;
}
.body { position: relative; contain: layout style; }
.row { display: grid; block-size: calc(round(1.85em, 1px)); border-block-end: 1px solid var(--_line); }
.head { position: sticky; inset-block-start: 0; z-index: 1; background: var(--_ground); color: var(--_muted); }
.head .cell { font-size: 0.857em; font-weight: 500; }
.body .row { position: absolute; inset-block-start: 0; inset-inline: 0; contain: strict; }
.cell {
  padding-inline: 0.4em;
  align-content: center;
  overflow: hidden;
  contain: strict;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.number { text-align: right; }
.break { grid-column: 1 / -1; color: var(--_warn); }
[data-dated] .cell, [data-dated] .cell * { color: var(--_muted); }
.resume {
  position: absolute;
  inset-block-end: 0.75em;
  inset-inline: 0;
  margin-inline: auto;
  inline-size: max-content;
  max-inline-size: 90%;
  min-block-size: 24px;
  padding: 0.4em 1em;
  border: 1px solid var(--_accent);
  border-radius: 2em;
  background: var(--_ground);
  color: var(--_accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
`;

/** A row that shows one line after the other. */
export interface RollingRow<Line> {
  readonly element: HTMLElement;
  write(line: Line): void;
}

export interface Column {
  name: string;
  /** Classes of its head. */
  classes: string;
}

/** Make a cell; columns are as wide as the sheet of the element has them. */
/** Mark a number that has more characters than its column has room for where it is narrow. */
export function markLong(cell: HTMLElement, words: string, most: number): void {
  setData(cell, "long", words.length > most ? "" : undefined);
}

export function cell(classes: string, ...children: Node[]): HTMLElement {
  return make("div", { role: "cell", class: `cell ${classes}` }, ...children);
}

/** Make a row of cells. */
export function row(part: string, ...cells: HTMLElement[]): HTMLElement {
  return make("div", { role: "row", class: "row", part }, ...cells);
}

/** A row, the line that it shows, and where it stands. */
interface Place<Line> {
  row: RollingRow<Line>;
  line: Line | undefined;
  index: number;
}

export class RollingTable<Line> {
  readonly #makeRow: () => RollingRow<Line>;
  readonly #request: () => void;
  readonly #body = make("div", { class: "body prices", role: "rowgroup" });
  readonly #table: HTMLElement;
  // What scrolls is scrolled by keys only while it has the focus; a region once it has a name.
  readonly #scroll = make("div", { class: "scroll", tabindex: 0 });
  readonly #resumeWords = new Text();
  readonly #resume = make(
    "button",
    { class: "resume", type: "button", part: "resume", hidden: true },
    this.#resumeWords.node,
  );
  #places: Place<Line>[] = [];
  #roll = new Roll<Line>();
  #drawnMs = 0;
  #isDue = false;
  #height = 0; // of what is seen, in pixels
  #rowHeight = 0;
  #scrolled = 0;

  /** @param request called when there is something to paint. */
  constructor(
    root: ShadowRoot,
    columns: readonly Column[],
    makeRow: () => RollingRow<Line>,
    request: () => void,
  ) {
    this.#makeRow = makeRow;
    this.#request = request;
    const heads = columns.map(({ name, classes }) =>
      make("div", { role: "columnheader", class: `cell ${classes}` }, name),
    );
    const head = make("div", { role: "row", class: "row head" }, ...heads);
    this.#table = make("div", { role: "table" }, make("div", { role: "rowgroup" }, head));
    this.#table.append(this.#body);
    this.#scroll.append(this.#table);
    root.append(this.#scroll, this.#resume);
    this.#scroll.addEventListener("scroll", () => this.#scrolledTo(this.#scroll.scrollTop));
    this.#resume.addEventListener("click", () => {
      this.#scroll.scrollTop = 0;
      this.#scroll.focus({ preventScroll: true });
      this.#scrolledTo(0);
    });
    new ResizeObserver(() => {
      this.#height = this.#scroll.clientHeight;
      this.#rowHeight = 0; // the size of the type may have changed
      this.renew();
    }).observe(this.#scroll);
  }

  /** Show another roll, from its top. */
  begin(roll: Roll<Line>, name: string, region: string): void {
    this.#roll = roll;
    this.#table.setAttribute("aria-label", name);
    this.#scroll.setAttribute("role", "region");
    this.#scroll.setAttribute("aria-label", region);
    this.#scroll.scrollTop = 0;
    this.#scrolled = 0;
    this.#places = [];
    this.#body.replaceChildren();
    this.#showPause();
    this.renew();
  }

  /** Write all rows with the next frame. */
  renew(): void {
    this.#isDue = true;
    this.#request();
  }

  /** Write what the rows say anew, too: their times are of another zone. */
  rewrite(): void {
    for (const place of this.#places) {
      place.line = undefined;
    }
    this.renew();
  }

  /** Draw what came; tell whether there is more to do in the next frame. */
  paint(nowMs: number): boolean {
    this.#showPause();
    const isEarly = nowMs - this.#drawnMs < DRAW_MS;
    if (isEarly && !this.#isDue) {
      return !this.#roll.isPaused;
    }
    if (this.#roll.advance() || this.#isDue) {
      this.#isDue = false;
      this.#drawnMs = nowMs;
      this.#write();
    }
    return false;
  }

  #scrolledTo(top: number): void {
    this.#scrolled = top;
    this.#roll.isPaused = top > 0;
    this.renew();
  }

  #write(): void {
    const { lines } = this.#roll;
    const rowHeight = this.#measure(lines.length);
    const first = Math.min(Math.floor(this.#scrolled / rowHeight), lines.length);
    const seen = Math.min(Math.ceil(this.#height / rowHeight) + 1, lines.length - first);
    while (this.#places.length < seen) {
      this.#add();
    }
    this.#turn(this.#newer(lines, first));
    for (const [index, place] of this.#places.entries()) {
      const line = index < seen ? lines[first + index] : undefined;
      place.row.element.hidden = line === undefined;
      if (line !== undefined) {
        if (place.index !== first + index) {
          place.index = first + index;
          place.row.element.ariaRowIndex = String(place.index + 2); // the head is the first
          place.row.element.style.transform = `translateY(${place.index * rowHeight}px)`;
        }
        if (place.line !== line) {
          place.line = line;
          place.row.write(line);
        }
      }
    }
  }

  /** The number of lines above the one that the first row shows; -1 where it is not among them. */
  #newer(lines: readonly Line[], first: number): number {
    const shown = this.#places[0]?.line;
    return shown === undefined ? -1 : lines.indexOf(shown, first) - first;
  }

  /** Put so many rows from the end on top, in the page too: it is read in that order. */
  #turn(count: number): void {
    if (count > 0 && count < this.#places.length) {
      const turned = this.#places.splice(this.#places.length - count);
      this.#places.unshift(...turned);
      this.#body.prepend(...turned.map(({ row }) => row.element));
    }
  }

  /** Return the height of a row in pixels; make room for so many. */
  #measure(count: number): number {
    if (this.#rowHeight === 0) {
      const { row } = this.#places[0] ?? this.#add();
      row.element.hidden = false;
      this.#rowHeight = Math.max(1, row.element.offsetHeight);
      for (const place of this.#places) {
        place.index = -1;
      }
    }
    this.#table.ariaRowCount = String(count + 1);
    this.#body.style.blockSize = `${count * this.#rowHeight}px`;
    return this.#rowHeight;
  }

  #add(): Place<Line> {
    const place: Place<Line> = { row: this.#makeRow(), line: undefined, index: -1 };
    this.#places.push(place);
    this.#body.append(place.row.element);
    return place;
  }

  #showPause(): void {
    const { isPaused, meanwhile } = this.#roll;
    this.#resume.hidden = !isPaused;
    this.#resumeWords.set(
      meanwhile === 0 ? "Paused · nothing came meanwhile" : `Paused · ${meanwhile} came meanwhile`,
    );
  }
}
