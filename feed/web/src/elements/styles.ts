/**
 * The look of all elements: constructed sheets, which no Content-Security-Policy forbids.
 *
 * Pages set the variables that begin with `--feed-`; those with `--_` are our own. The defaults
 * follow the `color-scheme` of the page.
 */

/** Make a sheet; undefined where there are none (Node, say, which only imports us). */
export function sheetOf(text: string): CSSStyleSheet | undefined {
  if (typeof CSSStyleSheet === "undefined") {
    return undefined;
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

export const BASE = sheetOf(`
:host {
  --_text: var(--feed-text, light-dark(#10161d, #e9edf2));
  --_muted: var(--feed-muted, light-dark(#556070, #9aa6b6));
  --_ground: var(--feed-background, light-dark(#ffffff, #10151c));
  --_line: var(--feed-line, light-dark(#dbe1e9, #242c38));
  --_accent: var(--feed-accent, light-dark(#1557d6, #7fb0ff));
  --_up: var(--feed-up, light-dark(#08734a, #3ecf8e));
  --_down: var(--feed-down, light-dark(#bb1f32, #ff7d85));
  --_warn: var(--feed-warn, light-dark(#855500, #f2bd5a));
  display: flex;
  flex-direction: column;
  overflow: hidden;
  box-sizing: border-box;
  min-inline-size: 0;
  color: var(--_text);
  background: var(--_ground);
  border: 1px solid var(--_line);
  border-radius: var(--feed-radius, 6px);
  font-family: var(--feed-font, system-ui, sans-serif);
  font-size: var(--feed-font-size, 0.875rem);
  line-height: 1.4;
  font-variant-numeric: tabular-nums;
}
@media (prefers-contrast: more) {
  :host {
    --_text: var(--feed-text, light-dark(#000000, #ffffff));
    --_muted: var(--feed-muted, light-dark(#39424f, #c3ccd8));
    --_line: var(--feed-line, light-dark(#737f8f, #8390a3));
    --_accent: var(--feed-accent, light-dark(#0d3f9e, #a6c8ff));
    --_up: var(--feed-up, light-dark(#075a39, #5fe3a8));
    --_down: var(--feed-down, light-dark(#8f1424, #ffa3a9));
    --_warn: var(--feed-warn, light-dark(#5f3f00, #ffd27a));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
header {
  display: flex;
  flex-wrap: wrap;
  gap: 0.2em 0.8em;
  align-items: baseline;
  padding: 0.5em 0.75em;
}
.symbol { font-weight: 650; }
[data-way="up"] { color: var(--_up); }
[data-way="down"] { color: var(--_down); }
.muted, th { color: var(--_muted); }
.notice { margin-inline-start: auto; color: var(--_muted); font-size: 0.857em; }
.notice[data-condition="live"]::before { content: "● "; color: var(--_up); }
.notice[data-condition="stale"] { color: var(--_warn); }
.notice[data-condition="failed"] { color: var(--_down); overflow-wrap: anywhere; }
/* Grey is not of now; it is as readable as the rest. */
.prices[data-dated], .prices[data-dated] *, [data-dated] td, [data-dated] td * { color: var(--_muted); }
.unseen {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
table { inline-size: 100%; border-collapse: collapse; }
th { font-weight: 500; font-size: 0.857em; }
td, th { padding: 0.25em 0.75em; text-align: start; white-space: nowrap; }
td.number, th.number { text-align: right; }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; }
`);

const TASTES = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"];

/** Call back when the reader's system wants other colours; the returned function ends that. */
export function onTasteChange(listener: () => void): () => void {
  const queries = TASTES.map((taste) => matchMedia(taste));
  for (const query of queries) {
    query.addEventListener("change", listener);
  }
  return () => {
    for (const query of queries) {
      query.removeEventListener("change", listener);
    }
  };
}

/** The colours of an element as `#rrggbb`, for drawings on a canvas. */
export function colourOf(root: ShadowRoot, name: string): string {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.setProperty("forced-color-adjust", "none"); // drawings keep their colours
  probe.style.color = `var(--_${name})`; // by script, which no policy forbids
  root.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return hexOf(color);
}

/** Any colour that the browser knows as `#rrggbb`. */
export function hexOf(colour: string): string {
  const [red = 0, green = 0, blue = 0] = channelsOf(colour);
  return `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** Red, green and blue of 0 to 255 of any colour that the browser knows. */
function channelsOf(colour: string): readonly number[] {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) {
    return [];
  }
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}
