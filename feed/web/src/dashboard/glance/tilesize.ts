/** What a tile has room for. Pure. */

import type { Box } from "./walk.ts";

/** From a tile with all of its words down to one with its symbol and a sign. */
export type TileSize = "large" | "usual" | "small" | "low" | "narrow";

/** @param line the height of a line of text, in pixels. */
export function sizeOf({ width, height }: Pick<Box, "width" | "height">, line: number): TileSize {
  if (width >= 7 * line && height >= 4.5 * line) {
    return "large";
  }
  if (width < 2.5 * line) {
    return "narrow";
  }
  if (height < 1.7 * line) {
    return width < 4.4 * line ? "narrow" : "low";
  }
  return width < 3.6 * line || height < 2.4 * line ? "small" : "usual";
}
