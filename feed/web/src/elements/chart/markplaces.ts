/** Where the handles of marked prices stand: beside their lines, and not over each other. Pure. */

/** The height of a handle, with the space around it. */
const TALL_PX = 26;
/** The width of a handle, with the space around it. */
const WIDE_EM = 11;
const MOST_BESIDE = 3;

export interface Place {
  /** Undefined where its price is not on screen. */
  readonly y: number | undefined;
  /** From the edge, in em. */
  readonly x: number;
}

/** The places of handles at these heights: whichever would cover another one stands beside it. */
export function placesOf(heights: readonly (number | undefined)[]): Place[] {
  const places: Place[] = heights.map((y) => ({ y, x: 0 }));
  const seen = [...heights.keys()].filter((index) => heights[index] !== undefined);
  seen.sort((a, b) => (heights[a] as number) - (heights[b] as number));
  let above = Number.NEGATIVE_INFINITY;
  let beside = 0;
  for (const index of seen) {
    const y = heights[index] as number;
    beside = y - above < TALL_PX ? (beside + 1) % MOST_BESIDE : 0;
    above = y;
    places[index] = { y, x: beside * WIDE_EM };
  }
  return places;
}
