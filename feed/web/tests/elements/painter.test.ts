import { describe, expect, test } from "vitest";
import { BEAT_MS, Painter } from "../../src/elements/painter.ts";

const FRAME_MS = 1_000 / 60;

/** A screen that shows a frame every sixtieth of a second, on a clock of its own. */
class Screen {
  nowMs = 1_000;
  frames: ((nowMs: number) => void)[] = [];
  timers: { atMs: number; callback: () => void }[] = [];
  readonly painter = new Painter({
    nowMs: () => this.nowMs,
    frame: (callback) => this.frames.push(callback),
    after: (delayMs, callback) => this.timers.push({ atMs: this.nowMs + delayMs, callback }),
  });

  /** Let time pass up to the next frame. */
  next(): void {
    this.nowMs += FRAME_MS;
    const due = this.timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.timers = this.timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { callback } of due) {
      callback();
    }
    for (const callback of this.frames.splice(0)) {
      callback(this.nowMs);
    }
  }
}

/** Ask by this method in each of so many frames; return those in which it painted. */
function painted(how: "request" | "requestBeat", frames: number): number[] {
  const screen = new Screen();
  const found: number[] = [];
  let frame = 0;
  screen.painter.add(() => {
    found.push(frame);
    return false;
  });
  for (; frame < frames; frame += 1) {
    screen.painter[how]();
    screen.next();
  }
  return found;
}

describe("a painter", () => {
  test("what comes by itself is painted ten times a second, the first of it at once", () => {
    expect(painted("requestBeat", 20)).toEqual([0, 6, 12, 18]);
  });

  test("what a person does is painted with the next frame", () => {
    expect(painted("request", 4)).toEqual([0, 1, 2, 3]);
  });

  test("all parts paint in one frame, and one with work left is asked again with the beat", () => {
    const screen = new Screen();
    const told: string[] = [];
    let left = 2;
    screen.painter.add((nowMs) => {
      told.push(`first at ${nowMs}`);
      left -= 1;
      return left > 0;
    });
    screen.painter.add((nowMs) => {
      told.push(`second at ${nowMs}`);
      return false;
    });
    screen.painter.requestBeat();
    for (let frame = 0; frame < 20; frame += 1) {
      screen.next();
    }
    const times = [...new Set(told.map((words) => Number(words.split(" at ")[1])))];
    expect(told).toHaveLength(4);
    expect(times).toHaveLength(2);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(BEAT_MS);
  });

  test("a person does not wait for a beat that is awaited, and nothing is painted twice for it", () => {
    const screen = new Screen();
    const frames: number[] = [];
    let frame = 0;
    screen.painter.add(() => {
      frames.push(frame);
      return false;
    });
    for (; frame < 12; frame += 1) {
      if (frame === 0 || frame === 1) {
        screen.painter.requestBeat();
      }
      if (frame === 3) {
        screen.painter.request();
      }
      screen.next();
    }
    expect(frames).toEqual([0, 3]);
  });
});
