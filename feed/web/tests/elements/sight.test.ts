/** Nothing is painted while nobody can see the page. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Painter } from "../../src/elements/painter.ts";

class Page extends EventTarget {
  visibilityState = "visible";
  frames: ((nowMs: number) => void)[] = [];

  set isHidden(isHidden: boolean) {
    this.visibilityState = isHidden ? "hidden" : "visible";
    this.dispatchEvent(new Event("visibilitychange"));
  }

  /** Let a frame pass; return how many were asked for. */
  frame(): number {
    const due = this.frames;
    this.frames = [];
    for (const callback of due) {
      callback(0);
    }
    return due.length;
  }
}

describe("a painter of a page that is hidden", () => {
  let page: Page;

  beforeEach(() => {
    page = new Page();
    vi.stubGlobal("document", page);
    vi.stubGlobal("requestAnimationFrame", (callback: () => void) => page.frames.push(callback));
  });
  afterEach(() => vi.unstubAllGlobals());

  test("paints once for many requests, and again while there is more to do", () => {
    const more = [true, false];
    const paint = vi.fn(() => more.shift() ?? false);
    const painter = new Painter();
    painter.add(paint);
    painter.request();
    painter.request();
    expect([page.frame(), page.frame(), page.frame()]).toEqual([1, 1, 0]);
    expect(paint).toHaveBeenCalledTimes(2);
  });

  test("paints nothing while the page is hidden, and once when it is shown", () => {
    const paint = vi.fn(() => false);
    const painter = new Painter();
    painter.add(paint);
    page.isHidden = true;
    for (let hour = 0; hour < 3; hour += 1) {
      painter.request();
      page.frame();
    }
    expect(paint).not.toHaveBeenCalled();
    page.isHidden = false;
    expect([page.frame(), page.frame()]).toEqual([1, 0]);
    expect(paint).toHaveBeenCalledTimes(1);
  });

  test("waits with a frame that comes after the page was hidden", () => {
    const paint = vi.fn(() => false);
    const painter = new Painter();
    painter.add(paint);
    painter.request();
    page.isHidden = true;
    page.frame(); // some browsers give it all the same
    painter.request();
    expect(paint).not.toHaveBeenCalled();
    page.isHidden = false;
    page.isHidden = true;
    page.isHidden = false;
    page.frame();
    page.frame();
    expect(paint).toHaveBeenCalledTimes(1);
  });
});
