/**
 * Paints once per animation frame, and only while there is something to paint.
 *
 * A part with work left returns true, and is asked again in the next frame.
 */

export class Painter {
  readonly #painters = new Set<(nowMs: number) => boolean>();
  #requested = false;

  /** Call `paint` in every frame that is asked for, in the order in which they were added. */
  add(paint: (nowMs: number) => boolean): void {
    this.#painters.add(paint);
  }

  /** Do not call it any more. */
  remove(paint: (nowMs: number) => boolean): void {
    this.#painters.delete(paint);
  }

  /** Ask for a frame. */
  request(): void {
    if (!this.#requested) {
      this.#requested = true;
      requestAnimationFrame((nowMs) => this.#paint(nowMs));
    }
  }

  #paint(nowMs: number): void {
    this.#requested = false;
    let isMoreToDo = false;
    for (const paint of this.#painters) {
      isMoreToDo = paint(nowMs) || isMoreToDo;
    }
    if (isMoreToDo) {
      this.request();
    }
  }
}
