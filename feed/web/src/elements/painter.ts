/**
 * Paints in animation frames, and only while there is something to paint.
 *
 * Theory of operation: a frame in which anything is painted costs the page the same whether one number
 * differs or all do: style, layout, layers and a new picture of the screen. So what comes by itself
 * waits for the beat, and all parts paint in one frame, about ten times a second, which is as fast as
 * anybody reads. What a person does is painted with the next frame. A part with work left returns
 * true, and is asked again with the next beat. Whatever is asked for while the page is hidden is
 * painted once, when it is shown again.
 */

import { seenFrame } from "./sight.ts";

/** A little less than six frames of a screen of 60 Hz: the sixth is never missed by rounding. */
export const BEAT_MS = 95;

/** The world of a painter; tests have their own. */
export interface PainterClock {
  nowMs(): number;
  /** Call back before the next paint. */
  frame(callback: (nowMs: number) => void): void;
  after(delayMs: number, callback: () => void): void;
}

const PAGE: PainterClock = {
  nowMs: () => performance.now(),
  frame: seenFrame,
  after: (delayMs, callback) => void setTimeout(callback, delayMs),
};

export class Painter {
  readonly #clock: PainterClock;
  readonly #painters = new Set<(nowMs: number) => boolean>();
  #isRequested = false; // a frame
  #awaited = 0; // the number of the beat that is waited for; 0: none
  #beats = 0;
  #paintedMs = Number.NEGATIVE_INFINITY;

  constructor(clock = PAGE) {
    this.#clock = clock;
  }

  /** Call `paint` whenever something is painted, in the order in which they were added. */
  add(paint: (nowMs: number) => boolean): void {
    this.#painters.add(paint);
  }

  /** Do not call it any more. */
  remove(paint: (nowMs: number) => boolean): void {
    this.#painters.delete(paint);
  }

  /** Paint with the next frame: a person did something. */
  request(): void {
    if (!this.#isRequested) {
      this.#isRequested = true;
      this.#clock.frame((nowMs) => this.#paint(nowMs));
    }
  }

  /** Paint with the next beat: something came by itself. */
  requestBeat(): void {
    if (this.#isRequested || this.#awaited > 0) {
      return;
    }
    const leftMs = this.#paintedMs + BEAT_MS - this.#clock.nowMs();
    if (leftMs <= 0) {
      this.request();
      return;
    }
    this.#beats += 1;
    const beat = this.#beats;
    this.#awaited = beat;
    this.#clock.after(leftMs, () => {
      if (this.#awaited === beat) {
        this.request();
      }
    });
  }

  #paint(nowMs: number): void {
    this.#isRequested = false;
    this.#awaited = 0; // what was due with it is painted now
    this.#paintedMs = nowMs;
    let isMoreToDo = false;
    for (const paint of this.#painters) {
      isMoreToDo = paint(nowMs) || isMoreToDo;
    }
    if (isMoreToDo) {
      this.requestBeat();
    }
  }
}
