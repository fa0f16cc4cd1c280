/**
 * A table of lines that roll: the newest on top, paused while one has scrolled down.
 *
 * Its rows stay where they are and are written anew, at most five times a second, so that whatever
 * comes costs the same, and nothing in the page moves.
 */

import { make, Text } from "../dom.ts";
import { Roll } from "./roll.ts";

/** Nobody reads faster. */
const DRAW_MS = 200;

export const ROLLING = `
:host { block-size: 20rem; position: relative; container-type: inline-size; }
@container (max-width: 26rem) { td, th, header { padding-inline: 0.4em; } }
.scroll { flex: 1; min-block-size: 0; overflow: auto; overflow-anchor: none; contain: strict; }
table { table-layout: fixed; }
thead th { position: sticky; inset-block-start: 0; background: var(--_ground); }
tr { border-block-end: 1px solid var(--_line); }
td { overflow: hidden; text-overflow: ellipsis; }
.break { color: var(--_warn); white-space: normal; }
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

export class RollingTable<Line> {
  readonly #makeRow: () => RollingRow<Line>;
  readonly #body = make("tbody", { class: "prices" });
  readonly #table: HTMLElement;
  // A region that scrolls is scrolled by keys only while it has the focus.
  readonly #scroll = make("div", { class: "scroll", tabindex: 0, role: "region" });
  readonly #resumeWords = new Text();
  readonly #resume = make(
    "button",
    { class: "resume", type: "button", part: "resume", hidden: true },
    this.#resumeWords.node,
  );
  #rows: RollingRow<Line>[] = [];
  #roll = new Roll<Line>();
  #drawnMs = 0;
  #isDue = false;

  /** @param resumed called when one has scrolled: there may be something to paint. */
  constructor(
    root: ShadowRoot,
    columns: readonly Column[],
    makeRow: () => RollingRow<Line>,
    resumed: () => void,
  ) {
    this.#makeRow = makeRow;
    const heads = columns.map(({ name, classes }) =>
      make("th", { scope: "col", class: classes }, name),
    );
    this.#table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), this.#body);
    this.#scroll.append(this.#table);
    root.append(this.#scroll, this.#resume);
    const scrolled = () => {
      this.#roll.isPaused = this.#scroll.scrollTop > 0;
      resumed();
    };
    this.#scroll.addEventListener("scroll", scrolled);
    this.#resume.addEventListener("click", () => {
      this.#scroll.scrollTop = 0;
      this.#scroll.focus({ preventScroll: true });
      scrolled();
    });
  }

  /** Show another roll, from its top. */
  begin(roll: Roll<Line>, name: string, region: string): void {
    this.#roll = roll;
    this.#table.setAttribute("aria-label", name);
    this.#scroll.setAttribute("aria-label", region);
    this.#scroll.scrollTop = 0;
    this.#rows = [];
    this.#body.replaceChildren();
    this.#showPause();
  }

  /** Write all rows with the next frame: the roll was changed from behind. */
  renew(): void {
    this.#isDue = true;
  }

  /** Draw what came; tell whether there is more to do in the next frame. */
  paint(nowMs: number): boolean {
    this.#showPause();
    if (nowMs - this.#drawnMs < DRAW_MS) {
      return !this.#roll.isPaused || this.#isDue;
    }
    if (!this.#roll.advance() && !this.#isDue) {
      return false;
    }
    this.#isDue = false;
    this.#drawnMs = nowMs;
    const { lines } = this.#roll;
    while (this.#rows.length < lines.length) {
      const row = this.#makeRow();
      this.#rows.push(row);
      this.#body.append(row.element);
    }
    for (const [place, line] of lines.entries()) {
      this.#rows[place]?.write(line);
    }
    return false;
  }

  #showPause(): void {
    const { isPaused, meanwhile } = this.#roll;
    this.#resume.hidden = !isPaused;
    this.#resumeWords.set(
      meanwhile === 0 ? "Paused · nothing came meanwhile" : `Paused · ${meanwhile} came meanwhile`,
    );
  }
}
