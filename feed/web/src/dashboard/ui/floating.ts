/** What floats over the page at a place of it: a menu, a short form. Escape, or a click beside it, puts it away. */

/** Where something was pointed at, on screen. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

const MARGIN_PX = 8;

/**
 * Show an element over the page, at a spot or as near as there is room; `closed` is called at its end.
 *
 * The focus goes back to where it was, unless somebody takes it elsewhere.
 */
export function float(element: HTMLElement, { x, y }: Spot, closed: () => void): void {
  const before = focused();
  element.popover = "auto";
  element.classList.add("floating");
  (document.querySelector("main") ?? document.body).append(element); // within a landmark
  element.addEventListener("toggle", (event) => {
    if (event.newState === "closed") {
      const isOurs = element.contains(document.activeElement) || focused() === undefined;
      element.remove();
      if (isOurs) {
        before?.focus();
      }
      closed();
    }
  });
  element.showPopover();
  const { width, height } = element.getBoundingClientRect();
  // By script, which no policy forbids.
  element.style.left = `${within(x, width, innerWidth)}px`;
  element.style.top = `${within(y, height, innerHeight)}px`;
}

/** The element that has the focus, in whatever element of elements; undefined where none has. */
export function focused(): HTMLElement | undefined {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) {
    active = active.shadowRoot.activeElement;
  }
  return active instanceof HTMLElement && active !== document.body ? active : undefined;
}

/** The middle of what has the focus, or of the page. */
export function spotOfFocus(): Spot {
  const { left, top, width, height } = (focused() ?? document.body).getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

function within(at: number, size: number, room: number): number {
  return Math.round(Math.max(MARGIN_PX, Math.min(at, room - size - MARGIN_PX)));
}
