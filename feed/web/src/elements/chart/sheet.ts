/** The look of a chart: its own colours, and what stands around and over the drawing. */

import { sheetOf } from "../styles.ts";

export const CHART_SHEET = sheetOf(`
:host {
  --_vwap: var(--feed-vwap, light-dark(#7b2fbe, #cf9bff));
  --_average-1: var(--feed-average-1, light-dark(#0b6b8a, #57c4e5));
  --_average-2: var(--feed-average-2, light-dark(#8a5200, #f0b35a));
  --_compare: var(--feed-compare, light-dark(#8a5200, #f0b35a));
  block-size: 20rem;
}
.legend { display: flex; flex-wrap: wrap; gap: 0 0.9em; align-content: start; min-block-size: 1.4em; padding-inline: 0.75em; color: var(--_muted); font-size: 0.857em; }
.legend b { font-weight: 500; }
.legend .said { display: inline-block; }
.legend [data-role="vwap"] { color: var(--_vwap); }
.legend [data-role="average-1"] { color: var(--_average-1); }
.legend [data-role="average-2"] { color: var(--_average-2); }
.legend [data-role="main"] { color: var(--_accent); font-weight: 650; }
.legend [data-role="compare"] { color: var(--_compare); font-weight: 650; }
.legend [data-role="told"] { color: var(--_warn); font-weight: 650; }
/* The way of the last change by a sign as well as by its colour; there is always room for it. */
.prices[part="price"]::after { content: "▴" / ""; visibility: hidden; }
.prices[part="price"][data-way]::after { visibility: visible; }
.prices[part="price"][data-way="down"]::after { content: "▾" / ""; }
.plot { position: relative; flex: 1; min-block-size: 0; }
.drawing { position: absolute; inset: 0; }
.drawing[data-dated] { opacity: 0.6; filter: grayscale(1); }
.note { position: absolute; inset: 0; display: grid; place-items: center; margin: 0; padding: 1em; color: var(--_muted); text-align: center; pointer-events: none; }
.note[data-aside] { inset-block-end: auto; place-items: start; font-size: 0.857em; text-align: start; }
/* Over the canvases, which have places of their own. */
.marks { position: absolute; inset: 0; z-index: 3; overflow: hidden; pointer-events: none; }
.mark { position: absolute; inset-block-start: -12px; inset-inline-start: 6px; display: flex; pointer-events: auto; }
.mark button, .plus {
  min-inline-size: 24px;
  block-size: 24px;
  padding: 0 0.5em;
  border: 1px solid var(--_warn);
  background: var(--_ground);
  color: var(--_warn);
  font: inherit;
  font-size: 0.857em;
  white-space: nowrap;
}
.mark .hold { border-radius: 4px 0 0 4px; cursor: ns-resize; touch-action: none; }
.mark .gone { border-inline-start: 0; border-radius: 0 4px 4px 0; }
.mark button:hover, .mark button:focus-visible { background: var(--_warn); color: var(--_ground); }
.plus { position: absolute; inset-block-start: -12px; inset-inline-end: 0; z-index: 4; padding: 0; border-color: var(--_accent); border-radius: 4px; color: var(--_accent); font-weight: 650; }
@media (hover: none) { .plus { display: none; } }
footer { padding: 0.3em 0.75em; color: var(--_muted); font-size: 0.786em; }
footer a { color: inherit; }
`);
