/** The keys of a chart that has the focus. */

/** What keys do to a chart. */
export interface Walker {
  /** Point at the slot so many further; return what is said of it. */
  walk(by: number): string;
  /** Point at the price so many steps above; return what is said of it. */
  climb(by: number): string;
  leave(): void;
  zoom(direction: 1 | -1): void;
}

const PAGE = 20;
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -PAGE,
  PageDown: PAGE,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** Do what a key means; return what is to be said of it, undefined where it means nothing here. */
export function press(key: string, walker: Walker): string | undefined {
  const step = STEPS[key];
  if (step !== undefined) {
    return walker.walk(step);
  }
  switch (key) {
    case "ArrowUp":
      return walker.climb(1);
    case "ArrowDown":
      return walker.climb(-1);
    case "Escape":
      walker.leave();
      return "";
    case "+":
    case "=":
      walker.zoom(-1);
      return "";
    case "-":
      walker.zoom(1);
      return "";
    default:
      return undefined;
  }
}
