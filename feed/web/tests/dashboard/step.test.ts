import { expect, test } from "vitest";
import { type Step, stepOf } from "../../src/dashboard/connection/step.ts";

/** The steps of a page, poll after poll: what grew, and whether the page is slow. */
function walk(...polls: [grew: Step[], isSlow: boolean][]): Step[] {
  let step: Step = "along";
  return polls.map(([grew, isSlow]) => {
    step = stepOf(step, grew, isSlow);
    return step;
  });
}

test("a page that reads along stays there, whatever happens to others", () => {
  expect(walk([[], false], [["paused", "gap"], false])).toEqual(["along", "along"]);
});

test("a slow page goes down to the deepest step, stays there, and comes back", () => {
  const polls: [Step[], boolean][] = [
    [["paused"], true],
    [[], true],
    [["gap", "paused"], true],
    [["caught_up"], false],
    [[], false],
  ];
  expect(walk(...polls)).toEqual(["paused", "paused", "gap", "caught_up", "along"]);
});

test("a slow page of which nothing is counted yet is where it was", () => {
  expect(walk([[], true])).toEqual(["along"]);
});
