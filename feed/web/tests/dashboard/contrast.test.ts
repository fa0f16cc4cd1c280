/** WCAG 2.2, 1.4.3 and 1.4.11: every pair of colours that meet on the page. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("../../src/dashboard/styles/base.css", import.meta.url), "utf8");
const plain = readFileSync(new URL("../../../http/page/look.css", import.meta.url), "utf8");
const PAIR = /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g;

/** The colours of a theme: the first or the second of each pair. */
function colours(theme: number, sheet = css): Record<string, string> {
  return Object.fromEntries(
    [...sheet.matchAll(PAIR)].map((match) => [match[1], match[theme] as string]),
  );
}

/** Source: WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [bright = 0, dim = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (bright + 0.05) / (dim + 0.05);
}

const GROUNDS = ["ground", "panel", "raised"];
const TEXTS = ["text", "muted", "accent", "up", "down", "warn"];
const PAIRS = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground])),
  ["on-accent", "accent"],
  ["text", "flash-up"],
  ["text", "flash-down"],
  ["warn", "flash-up"],
  ["warn", "flash-down"],
];

describe.each([
  ["light", 2],
  ["dark", 3],
])("%s", (_, theme) => {
  const palette = colours(theme);

  test.each(PAIRS)("%s on %s is readable", (text = "", ground = "") => {
    expect(contrast(palette[text] ?? "", palette[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });
});

test.each([2, 3])("the plain pages have the same colours, and one more", (theme) => {
  const { other = "", ...same } = colours(theme, plain);
  expect(colours(theme)).toMatchObject(same);
  for (const ground of GROUNDS) {
    expect(contrast(other, same[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  }
});
