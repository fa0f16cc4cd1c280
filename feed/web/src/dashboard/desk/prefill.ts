/** What the short form of an alert begins with, from the price that was pointed at. Pure. */

import type { AlertOp } from "../../client/index.ts";

/** What is known of a symbol's prices. */
export interface Known {
  last: number | undefined;
  /** The grid of its prices; undefined where nobody knows. */
  step: number | undefined;
  /** Digits behind the point that its prices come with. */
  decimals: number;
}

export interface Prefill {
  op: AlertOp;
  /** Undefined where no price is known. */
  value: number | undefined;
}

const MOST_DECIMALS = 15;

/** An alert at a price, or at the last one: at least it where it is above the last, else at most. */
export function prefillOf(price: number | undefined, { last, step, decimals }: Known): Prefill {
  const pointed = price ?? last;
  if (pointed === undefined) {
    return { op: ">=", value: undefined };
  }
  const value = roundToStep(pointed, step ?? 10 ** -decimals);
  return { op: last !== undefined && value < last ? "<=" : ">=", value };
}

/** The multiple of a step that is nearest to a price. */
export function roundToStep(price: number, step: number): number {
  const rounded = Number((Math.round(price / step) * step).toFixed(decimalsOfStep(step)));
  return Number.isFinite(rounded) ? rounded + 0 : price; // no −0
}

/** The digits behind the point that a step has. */
function decimalsOfStep(step: number): number {
  const [mantissa = "", power = "0"] = step.toExponential().split("e");
  const digits = mantissa.split(".")[1]?.length ?? 0;
  return Math.min(MOST_DECIMALS, Math.max(0, digits - Number(power)));
}
