/** WCAG 2.2, 1.4.1, 1.4.3 and 1.4.11: every pair of colours that meet on the page, for everybody. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  ciede2000,
  contrast,
  distance,
  type Palette,
  palettesOf,
  SIGHTS,
} from "../support/colours.ts";

const DESK = "../../src/dashboard/styles/base.css";
const PLAIN = "../../../http/page/look.css";
const ELEMENTS = "../../src/elements/styles.ts";
const SAFE = 'data-colours="blue-orange"';
const CHOICES = [
  ["green and red", ""],
  ["blue and orange", SAFE],
] as const;
const THEMES = ["light", "dark"] as const;
const EACH = CHOICES.flatMap(([words, choice]) =>
  THEMES.map((theme, at) => [words, theme, choice, at] as const),
);

/** `color-mix(in srgb, one share, other)`. */
function mixed(one: string, share: number, other: string): string {
  const channels = [1, 3, 5].map((at) => {
    const [a, b] = [one, other].map((colour) => Number.parseInt(colour.slice(at, at + 2), 16));
    return Math.round((a ?? 0) * share + (b ?? 0) * (1 - share));
  });
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

const heat = readFileSync(
  new URL("../../src/dashboard/styles/glance.css", import.meta.url),
  "utf8",
);
const STEPS = [
  ...heat.matchAll(/color-mix\(in srgb, var\(--(up|down)\) (\d+)%, var\(--panel\)\)/g),
];

const GROUNDS = ["ground", "panel", "raised"];
const TEXTS = ["text", "muted", "accent", "up", "down", "warn"];
const PAIRS = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)),
  ["on-accent", "accent"],
  ["text", "flash-up"],
  ["text", "flash-down"],
  ["warn", "flash-up"],
  ["warn", "flash-down"],
] as const;
/** Both are far apart: 1 can just be seen, and neighbours in a legend want 20 and more. */
const APART = 30;

describe.each(EACH)("%s in %s", (_, _theme, choice, at) => {
  const palette = palettesOf(DESK, "", choice)[at] as Palette;
  const more = palettesOf(DESK, "prefers-contrast: more", choice)[at] as Palette;

  test("tiles of a heat map are readable at every step", () => {
    const { panel = "", text = "" } = palette;
    expect(STEPS).toHaveLength(4);
    for (const [, way = "", percent] of STEPS) {
      const ground = mixed(palette[way] ?? "", Number(percent) / 100, panel);
      expect(contrast(text, ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test.each(PAIRS)("%s on %s is readable", (text, ground) => {
    expect(contrast(palette[text] ?? "", palette[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  test("is AAA for whom contrast counts, and lines are seen", () => {
    for (const ground of GROUNDS.map((name) => more[name] ?? "")) {
      for (const text of TEXTS) {
        expect(contrast(more[text] ?? "", ground), text).toBeGreaterThanOrEqual(7);
      }
      expect(contrast(more["line"] ?? "", ground)).toBeGreaterThanOrEqual(3);
    }
  });

  test("the plain pages have the same colours, and one more", () => {
    for (const medium of ["", "prefers-contrast: more"]) {
      const { other = "", ...same } = palettesOf(PLAIN, medium, choice)[at] as Palette;
      expect(Object.keys(same).length).toBeGreaterThan(9);
      expect(palettesOf(DESK, medium, choice)[at]).toMatchObject(same);
      for (const ground of GROUNDS) {
        expect(contrast(other, same[ground] ?? "")).toBeGreaterThanOrEqual(medium ? 7 : 4.5);
      }
    }
  });
});

test.each(["", "prefers-contrast: more"])("elements have the same by default: %s", (medium) => {
  for (const at of [0, 1] as const) {
    const { ground = "", ...same } = palettesOf(ELEMENTS, medium)[at] as Palette;
    expect(Object.keys(same)).toEqual(["text", "muted", "line", "accent", "up", "down", "warn"]);
    expect(palettesOf(DESK, medium)[at]).toMatchObject({ panel: ground, ...same });
  }
});

describe("colour-blind people", () => {
  const sights = Object.keys(SIGHTS) as (keyof typeof SIGHTS)[];
  const apart = (choice: string, sight: keyof typeof SIGHTS, at: number, medium = "") => {
    const { up = "", down = "" } = palettesOf(DESK, medium, choice)[at] as Palette;
    return distance(up, down, sight);
  };

  test.each(sights)("of %s tell blue and orange apart", (sight) => {
    for (const medium of ["", "prefers-contrast: more"]) {
      expect(apart(SAFE, sight, 0, medium)).toBeGreaterThan(APART);
      expect(apart(SAFE, sight, 1, medium)).toBeGreaterThan(APART);
    }
  });

  test("do not tell green and red apart as well", () => {
    for (const at of [0, 1]) {
      expect(apart("", "deuteranopia", at)).toBeLessThan(APART);
      expect(apart("", "deuteranopia", at)).toBeLessThan(apart(SAFE, "deuteranopia", at) / 2);
    }
  });
});

/** Source: the test data of Sharma, Wu and Dalal (2005), pairs 1, 7, 17, 25 and 34. */
test.each([
  [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
  [[50, 0, 0], [50, -1, 2], 2.3669],
  [[50, 2.5, 0], [73, 25, -18], 27.1492],
  [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
  [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
] as const)("the difference of %j and %j is %f", (one, other, difference) => {
  expect(ciede2000(one, other)).toBeCloseTo(difference, 4);
});
