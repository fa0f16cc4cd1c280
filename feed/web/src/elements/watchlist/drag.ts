/** Dragging a row to another place, by its grip: with a mouse, a pen or a finger. */

const EDGE_PX = 28;
const SCROLL_PX = 12;

export interface DragHost {
  /** The symbol of a row; undefined where rows may not be moved. */
  begin(target: Element): string | undefined;
  /** The row is dragged to this height of the viewport; undefined: no longer. */
  over(clientY: number | undefined): void;
  /** It is dropped where it was dragged to last. */
  drop(symbol: string): void;
}

export class Drag {
  readonly #viewport: HTMLElement;
  readonly #host: DragHost;
  #symbol: string | undefined;
  #clientY = 0;
  #frame = 0;

  constructor(viewport: HTMLElement, host: DragHost) {
    this.#viewport = viewport;
    this.#host = host;
    viewport.addEventListener("pointerdown", (event) => this.#down(event));
    viewport.addEventListener("pointermove", (event) => this.#move(event));
    viewport.addEventListener("pointerup", () => this.#end(true));
    viewport.addEventListener("pointercancel", () => this.#end(false));
    viewport.addEventListener("keydown", ({ key }) => key === "Escape" && this.#end(false));
  }

  get symbol(): string | undefined {
    return this.#symbol;
  }

  #down(event: PointerEvent): void {
    const target = event.target as Element;
    if (event.button !== 0 || target.closest(".grip") === null) {
      return;
    }
    this.#symbol = this.#host.begin(target);
    if (this.#symbol !== undefined) {
      event.preventDefault(); // of the selection of text
      this.#viewport.setPointerCapture(event.pointerId);
      this.#clientY = event.clientY;
    }
  }

  #move({ clientY }: PointerEvent): void {
    if (this.#symbol !== undefined) {
      this.#clientY = clientY;
      this.#host.over(clientY);
      if (this.#frame === 0) {
        this.#frame = requestAnimationFrame(() => this.#scroll());
      }
    }
  }

  /** Scroll while the row is held at an edge. */
  #scroll(): void {
    this.#frame = 0;
    const { top, bottom } = this.#viewport.getBoundingClientRect();
    const isAbove = this.#clientY < top + EDGE_PX;
    if (this.#symbol !== undefined && (isAbove || this.#clientY > bottom - EDGE_PX)) {
      this.#viewport.scrollTop += isAbove ? -SCROLL_PX : SCROLL_PX;
      this.#host.over(this.#clientY);
      this.#frame = requestAnimationFrame(() => this.#scroll());
    }
  }

  #end(isDropped: boolean): void {
    const symbol = this.#symbol;
    if (symbol !== undefined) {
      this.#symbol = undefined;
      if (isDropped) {
        this.#host.drop(symbol);
      }
      this.#host.over(undefined);
    }
  }
}
