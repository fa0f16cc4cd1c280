/** The steps of a heat map's colours, from the deepest fall to the steepest rise. Pure. */

/** The class of each step, and the least change in per cent that is of it. */
const STEPS = [
  { step: "down-3", from: Number.NEGATIVE_INFINITY, label: "≤ −3 %" },
  { step: "down-2", from: -3, label: "−1.5 %" },
  { step: "down-1", from: -1.5, label: "−0.5 %" },
  { step: "flat", from: -0.5, label: "0 %" },
  { step: "up-1", from: 0.5, label: "+0.5 %" },
  { step: "up-2", from: 1.5, label: "+1.5 %" },
  { step: "up-3", from: 3, label: "≥ +3 %" },
] as const;

export type Step = (typeof STEPS)[number]["step"];

/** All steps with their words, as a legend lists them. */
export const LEGEND: readonly { step: Step; label: string }[] = STEPS;

/** The step of a change in per cent. Falls and rises alike begin at their bound. */
export function stepOf(percent: number): Step {
  const size = Math.abs(percent);
  const found = STEPS.findLast(({ from }) => size >= from)?.step ?? "flat";
  return percent < 0 ? (found.replace("up", "down") as Step) : found;
}
