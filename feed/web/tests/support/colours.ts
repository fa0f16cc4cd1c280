/** Colours as people see them: contrast, colour blindness, and how far apart two are. */

import { readFileSync } from "node:fs";

export type Rgb = readonly [red: number, green: number, blue: number];
type Matrix = readonly [Rgb, Rgb, Rgb];

const COMMENT = /\/\*[\s\S]*?\*\//g;
/** The head of a block of rules, a rule, or the end of such a block. */
const PART = /(@[^{}]*)\{(?=[^{}]*\{)|([^{}]+)\{([^{}]*)\}|(\})/g;
const PAIR = /--_?([\w-]+): (?:var\([\w-]+, )?light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g;
/** What a sheet of a page, or of an element, says of all of it. */
const WHOLE = /^[^:]*:(?:root|host)$/;

export type Palette = Readonly<Record<string, string>>;

/** The colours that a sheet has under a medium and a choice, in light and in dark. */
export function palettesOf(path: string, medium = "", choice = ""): readonly [Palette, Palette] {
  const sheet = readFileSync(new URL(path, import.meta.url), "utf8").replaceAll(COMMENT, "");
  const light: Record<string, string> = {};
  const dark: Record<string, string> = {};
  let within = "";
  for (const [, media, selector = "", body = "", end] of sheet.matchAll(PART)) {
    within = media ?? (end === undefined ? within : "");
    const isOfMedium = within === "" || (medium !== "" && within.includes(medium));
    const isWhole = WHOLE.test(selector.trim());
    const isChosen = isWhole || (choice !== "" && selector.includes(choice));
    if (isOfMedium && isChosen) {
      for (const [, name = "", bright = "", dim = ""] of body.matchAll(PAIR)) {
        light[name] = bright;
        dark[name] = dim;
      }
    }
  }
  return [light, dark];
}

/** Red, green and blue as light: sRGB without its curve (IEC 61966-2-1). */
function linearOf(colour: string): Rgb {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return [red, green, blue];
}

/** Source: WCAG 2.2, "relative luminance" and "contrast ratio". */
export function contrast(a: string, b: string): number {
  const [bright = 0, dim = 0] = [a, b]
    .map((colour) => dot([0.2126, 0.7152, 0.0722], linearOf(colour)))
    .sort((x, y) => y - x);
  return (bright + 0.05) / (dim + 0.05);
}

/**
 * What dichromats see of a colour. Source: Machado, Oliveira and Fernandes, "A Physiologically-based
 * Model for Simulation of Color Vision Deficiency" (2009), severity 1.0; of linear light.
 */
export const SIGHTS = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
} as const satisfies Record<string, Matrix>;

/** How far apart two colours are for somebody; 1 is what can just be seen. */
export function distance(a: string, b: string, sight?: keyof typeof SIGHTS): number {
  const [one, other] = [a, b].map((colour) => {
    const light = linearOf(colour);
    return labOf(sight === undefined ? light : seen(light, SIGHTS[sight]));
  }) as [Rgb, Rgb];
  return ciede2000(one, other);
}

function seen(light: Rgb, sight: Matrix): Rgb {
  const [red, green, blue] = sight.map((row) => Math.min(1, Math.max(0, dot(row, light))));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

/** CIE L*a*b* under D65 of linear sRGB. */
function labOf(light: Rgb): Rgb {
  const [x = 0, y = 0, z = 0] = [
    dot([0.4124564, 0.3575761, 0.1804375], light) / 0.95047,
    dot([0.2126729, 0.7151522, 0.072175], light),
    dot([0.0193339, 0.119192, 0.9503041], light) / 1.08883,
  ].map((share) => (share > 216 / 24_389 ? Math.cbrt(share) : (share * (24_389 / 27) + 16) / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/**
 * Source: Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes,
 * Supplementary Test Data, and Mathematical Observations" (2005), its equations 2 to 22.
 */
export function ciede2000([l1, a1, b1]: Rgb, [l2, a2, b2]: Rgb): number {
  const mean7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 0.5 * (1 - Math.sqrt(mean7 / (mean7 + 25 ** 7)));
  const c1 = Math.hypot((1 + g) * a1, b1);
  const c2 = Math.hypot((1 + g) * a2, b2);
  const h1 = hue((1 + g) * a1, b1);
  const h2 = hue((1 + g) * a2, b2);
  const isGrey = c1 * c2 === 0;
  const turn = isGrey ? 0 : ((h2 - h1 + 540) % 360) - 180;
  const h = isGrey ? h1 + h2 : (h1 + turn / 2 + 360) % 360;
  const l = (l1 + l2) / 2;
  const c = (c1 + c2) / 2;
  const t =
    1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63);
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const twist =
    -2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) * sin(60 * Math.exp(-(((h - 275) / 25) ** 2)));
  const dl = (l2 - l1) / sl;
  const dc = (c2 - c1) / (1 + 0.045 * c);
  const dh = (2 * Math.sqrt(c1 * c2) * sin(turn / 2)) / (1 + 0.015 * c * t);
  return Math.sqrt(dl ** 2 + dc ** 2 + dh ** 2 + twist * dc * dh);
}

const RADIANS = Math.PI / 180;
const sin = (degrees: number) => Math.sin(degrees * RADIANS);
const cos = (degrees: number) => Math.cos(degrees * RADIANS);
const hue = (a: number, b: number) => (Math.atan2(b, a) / RADIANS + 360) % 360;

function dot(a: Rgb, b: Rgb): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
