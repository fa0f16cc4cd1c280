/**
 * The look of a table of prices: rows of fixed height and cells of fixed width, so that a number
 * that changes moves nothing else and is painted alone.
 *
 * It stands in the element and in the dashboard; both have the variables that begin with `--_`.
 * Lengths are of `--unit`, the size of the table's type, which a script measures.
 */

export const TABLE_STYLE = `
.grid {
  --row-height: 2.7;
  --spark-height: 1.7;
  display: flex;
  flex: 1;
  flex-direction: column;
  min-block-size: 0;
  position: relative;
}
.grid[data-density="compact"] { --row-height: 1.75; --spark-height: 1.2; }
.grid:focus-visible { outline: none; }
/* Over the rows, which would cover an outline. */
.grid:focus-visible::after {
  content: "";
  position: absolute;
  inset: 0;
  z-index: 4;
  border: 2px solid var(--_accent);
  border-radius: inherit;
  pointer-events: none;
}
.viewport {
  flex: 1;
  min-block-size: 0;
  overflow: auto;
  overscroll-behavior: contain;
  scrollbar-width: thin;
  scrollbar-color: var(--_line) transparent;
}
.head, .rows { min-inline-size: var(--least-width); }
.rows { position: relative; contain: size layout style; }
.row {
  display: grid;
  grid-template-columns: var(--columns);
  align-items: center;
  column-gap: calc(0.3 * var(--unit));
  padding-inline: calc(0.2 * var(--unit)) calc(0.5 * var(--unit));
  background: var(--_ground);
}
.rows .row {
  position: absolute;
  inset: 0 0 auto;
  block-size: round(var(--row-height) * var(--unit), 1px);
  border-block-end: 1px solid var(--_line);
  contain: size layout style;
  cursor: pointer;
}
.rows .row:hover, .rows .row[aria-selected="true"] { background: var(--_raised); }
.rows .row[aria-selected="true"] { box-shadow: inset 3px 0 0 var(--_accent); }
.rows .row[data-drop="before"] { box-shadow: inset 0 2px 0 var(--_accent); }
.rows .row[data-drop="after"] { box-shadow: inset 0 -2px 0 var(--_accent); }
.rows .row[data-dragged] { opacity: 0.5; }
.head {
  position: sticky;
  inset-block-start: 0;
  z-index: 3;
  min-block-size: calc(2.2 * var(--unit));
  border-block-end: 1px solid var(--_line);
  color: var(--_muted);
  font-size: calc(0.79 * var(--unit));
  font-weight: 600;
}
.head button {
  min-block-size: max(24px, calc(1.7 * var(--unit)));
  min-inline-size: 24px;
  padding: calc(0.1 * var(--unit)) 0;
  text-align: inherit;
  border: 0;
  background: none;
  color: inherit;
  font: inherit;
  cursor: pointer;
  white-space: nowrap;
}
.head button:hover, .head [aria-sort$="ending"] button { color: var(--_text); }
.head [aria-sort="ascending"] button::after { content: " ↑"; }
.head [aria-sort="descending"] button::after { content: " ↓"; }
.number { text-align: end; white-space: nowrap; }
/* A number that differs lays out its own cell, and no other. */
.rows .number { align-self: stretch; align-content: center; contain: size layout style; }
/* What sticks is a layer of its own, of each row: only where columns scroll away under it. */
.grid[data-wide] .row .symbol { position: sticky; inset-inline-start: 0; z-index: 1; }
.row .symbol {
  display: grid;
  grid-template-columns: max(24px, calc(1.5 * var(--unit))) minmax(0, 1fr);
  align-content: center;
  align-items: center;
  justify-items: start;
  min-inline-size: 0;
  block-size: 100%;
  background: inherit;
}
.row .ticker {
  display: flex;
  max-inline-size: 100%;
  align-items: center;
  gap: calc(0.4 * var(--unit));
  font-weight: 650;
  line-height: 1.2;
}
.row .who { display: grid; grid-template-columns: minmax(0, 1fr); min-inline-size: 0; max-inline-size: 100%; }
/* Spaces inside a symbol are a part of it. */
.row .ticker .text { flex: none; max-inline-size: 100%; overflow: hidden; text-overflow: ellipsis; white-space: pre; }
/* What is said beside a symbol has the room that the symbol leaves; the price says a halt too. */
.row .ticker :is(.badge, .extreme) { flex: 0 1 auto; min-inline-size: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row .name {
  max-inline-size: 100%;
  overflow: hidden;
  color: var(--_muted);
  font-size: calc(0.74 * var(--unit));
  line-height: 1.3;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.grid[data-density="compact"] .row:not([data-status]) .name { display: none; }
.grid[data-density="compact"] .row .who { grid-template-columns: auto minmax(0, 1fr); align-items: center; gap: calc(0.4 * var(--unit)); }
.badge {
  padding: 0 calc(0.35 * var(--unit));
  border: 1px solid currentColor;
  border-radius: calc(0.3 * var(--unit));
  color: var(--_warn);
  font-size: calc(0.68 * var(--unit));
  font-weight: 700;
  line-height: 1.35;
  text-transform: uppercase;
}
.extreme { font-size: calc(0.74 * var(--unit)); font-weight: 700; line-height: 1.35; white-space: nowrap; }
.row[data-status] .extreme { display: none; }
/* Two bars, as on a pause button. */
.row[data-status="halted"] .badge::before, .row[data-status="halted"] .last .value::before {
  content: "";
  display: inline-block;
  inline-size: 0.5em;
  block-size: 0.72em;
  margin-inline-end: 0.4em;
  border: solid currentColor;
  border-width: 0 0.16em;
}
.rows .last { font-weight: 600; }
.rows .number:not(.last) { font-size: calc(0.93 * var(--unit)); }
.value { padding: calc(0.1 * var(--unit)) calc(0.25 * var(--unit)); border-radius: calc(0.3 * var(--unit)); }
/* By its edge as well as by its colour: up is told above, down below. */
.value[data-flash="up"] { background: var(--_flash-up); box-shadow: inset 0 2px 0 var(--_up); }
.value[data-flash="down"] { background: var(--_flash-down); box-shadow: inset 0 -2px 0 var(--_down); }
@media (prefers-reduced-motion: reduce) {
  .value[data-flash] { background: none; box-shadow: none; }
}
/* Of this table only: the sheet is one of the whole dashboard, too. */
:where(.grid) [data-way="up"] { color: var(--_up); }
:where(.grid) [data-way="down"] { color: var(--_down); }
.row .arrow { display: inline-block; inline-size: 1em; font-size: 0.7em; text-align: center; }
.row .points { display: block; color: var(--_muted); font-size: calc(0.72 * var(--unit)); line-height: 1.2; }
.grid[data-density="compact"] .row .points { display: none; }
.row .course { overflow: hidden; }
.spark { display: block; inline-size: 100%; block-size: calc(var(--spark-height) * var(--unit)); contain: strict; forced-color-adjust: none; fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.spark .base { stroke: var(--_line); stroke-width: 1; }
.spark [data-way="up"] { stroke: var(--_up); }
.spark [data-way="down"] { stroke: var(--_down); }
.range { display: grid; grid-template-columns: 1fr calc(3.4 * var(--unit)) 1fr; align-items: center; gap: calc(0.35 * var(--unit)); color: var(--_muted); font-size: calc(0.74 * var(--unit)); }
.range .low { text-align: end; }
.range .day-track { position: relative; block-size: 4px; border-radius: 2px; background: var(--_line); }
.range .day-mark {
  position: absolute;
  inset-block-start: -3px;
  inline-size: 4px;
  block-size: 10px;
  margin-inline-start: -2px;
  border-radius: 2px;
  background: var(--_accent);
}
.row .grip, .row .remove {
  min-inline-size: 24px;
  min-block-size: 24px;
  padding: 0;
  border: 0;
  background: none;
  color: var(--_muted);
  font: inherit;
  line-height: 1;
  opacity: 0;
}
.row .grip { cursor: grab; touch-action: none; }
.row .remove { cursor: pointer; }
.row:hover .remove, .row[aria-selected="true"] .remove, .row:hover .grip, .row[aria-selected="true"] .grip { opacity: 1; }
.grid:not([data-movable]) .row .grip { visibility: hidden; }
.grid:not([data-removable]) .row .remove { visibility: hidden; }
/* Prices that are not current never look current. */
.row[data-status] .spark { filter: grayscale(1); opacity: 0.6; }
.row[data-status] .number { color: var(--_muted); font-style: italic; font-weight: 400; }
.row[data-status] .value[data-flash] { background: none; box-shadow: none; }
.row[data-status] .name { color: var(--_warn); }
.row .hint { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (forced-colors: active) {
  .rows .row[aria-selected="true"] { outline: 2px solid Highlight; outline-offset: -2px; }
  .range .day-track, .range .day-mark { background: CanvasText; forced-color-adjust: none; }
}
`;
