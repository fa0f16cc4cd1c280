/** Walking tiles by arrows: which one lies in a direction. Pure. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const WAYS = {
  ArrowLeft: { axis: "x", sign: -1 },
  ArrowRight: { axis: "x", sign: 1 },
  ArrowUp: { axis: "y", sign: -1 },
  ArrowDown: { axis: "y", sign: 1 },
} as const;

/** What lies aside is that much further away than what lies ahead. */
const ASIDE = 3;

/** The place of the box that an arrow leads to from one of them; that one, where there is none. */
export function neighbour(boxes: readonly Box[], from: number, key: string): number {
  const way = WAYS[key as keyof typeof WAYS];
  const here = boxes[from];
  if (way === undefined || here === undefined) {
    return from;
  }
  const across = way.axis === "x" ? "y" : "x";
  let nearest = from;
  let least = Number.POSITIVE_INFINITY;
  for (const [place, box] of boxes.entries()) {
    const ahead = way.sign * (centre(box, way.axis) - centre(here, way.axis));
    if (place !== from && ahead > 0 && !overlap(box, here, way.axis)) {
      const far = distance(box, here, way.axis) + ASIDE * distance(box, here, across);
      // Of those that are as near the one that is most in line.
      const aside = Math.abs(centre(box, across) - centre(here, across)) / 1e4;
      if (far + aside < least) {
        least = far + aside;
        nearest = place;
      }
    }
  }
  return nearest;
}

type Axis = "x" | "y";

function span(box: Box, axis: Axis): [number, number] {
  return axis === "x" ? [box.x, box.x + box.width] : [box.y, box.y + box.height];
}

function centre(box: Box, axis: Axis): number {
  const [begin, end] = span(box, axis);
  return (begin + end) / 2;
}

/** How far the spans of two boxes are apart; 0 where they meet. */
function distance(a: Box, b: Box, axis: Axis): number {
  const [aBegin, aEnd] = span(a, axis);
  const [bBegin, bEnd] = span(b, axis);
  return Math.max(0, aBegin - bEnd, bBegin - aEnd);
}

/** Whether one box lies beside the other, and neither ahead of it nor behind. */
function overlap(a: Box, b: Box, axis: Axis): boolean {
  const [aBegin, aEnd] = span(a, axis);
  const [bBegin, bEnd] = span(b, axis);
  return Math.min(aEnd, bEnd) - Math.max(aBegin, bBegin) > 1;
}
