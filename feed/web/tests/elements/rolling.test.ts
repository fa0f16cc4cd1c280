/** Lines that roll: what is written, and when. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Roll } from "../../src/elements/rolling/roll.ts";
import { RollingTable } from "../../src/elements/rolling/table.ts";
import { FakeElement, FakePage } from "../support/page.ts";

let page: FakePage;

beforeEach(() => {
  page = new FakePage();
  vi.stubGlobal("document", page);
  vi.stubGlobal(
    "ResizeObserver",
    class {
      readonly #act: () => void;
      constructor(act: () => void) {
        this.#act = act;
      }
      observe(): void {
        this.#act();
      }
    },
  );
});
afterEach(() => vi.unstubAllGlobals());

test("what came while it was paused is shown at once when it goes on", () => {
  const written: number[] = [];
  const row = () => ({
    element: new FakeElement() as unknown as HTMLElement,
    write: (line: number) => void written.push(line),
  });
  const root = { append: () => {} } as unknown as ShadowRoot;
  const table = new RollingTable<number>(root, [], row, () => {});
  const roll = new Roll<number>();
  table.begin(roll, "Tape", "Tape");
  roll.push(1);
  table.paint(1_000);
  expect(written).toEqual([1]);
  const scrollTo = (top: number) => {
    for (const element of page.made) {
      element.scrollTop = top;
      element.dispatchEvent(new Event("scroll")); // only the one that scrolls listens
    }
  };
  scrollTo(50);
  roll.push(2);
  table.paint(2_000);
  scrollTo(0);
  table.paint(2_001);
  expect(written).toContain(2);
});
