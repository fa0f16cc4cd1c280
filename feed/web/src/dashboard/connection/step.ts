/** The step of the ladder on which this page stands. Pure. */

/** Steps from the top down, with the names of the server's counters; on the first one nothing is amiss. */
export const STEPS = ["along", "paused", "caught_up", "gap", "lagging", "slow"] as const;
export type Step = (typeof STEPS)[number];

/**
 * Return where a page stands that stood at `before`.
 *
 * Counters are those of all readers: they tell of this page only while it is slow, or has just been.
 *
 * @param grew the counters that grew since.
 * @param isSlow whether the page reads slowly, or is behind.
 */
export function stepOf(before: Step, grew: readonly Step[], isSlow: boolean): Step {
  const isConcerned = isSlow || before !== "along";
  const deepest = STEPS.findLast((step) => grew.includes(step));
  if (isConcerned && deepest !== undefined) {
    return deepest;
  }
  return isSlow ? before : "along";
}
