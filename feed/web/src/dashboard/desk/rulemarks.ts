/** One's rules as marked prices of a chart. Pure. */

import type { Rule } from "../../client/index.ts";
import type { Mark } from "../../elements/chart/marks.ts";

/** Of conditions that are true at one price, what its line is called. */
const WORDS: Readonly<Record<string, string>> = {
  ">=": "Alert ≥",
  "<=": "Alert ≤",
  crosses_above: "Alert ↑",
  crosses_below: "Alert ↓",
};

/** The prices of a symbol at which rules of one's own fire; those that have fired, or ended, are over. */
export function marksOf(rules: readonly Rule[], symbol: string): Mark[] {
  return rules.flatMap((rule) => {
    const words = rule.field === "price" ? WORDS[rule.op] : undefined;
    const isOfIt = rule.symbol === symbol && (rule["state"] ?? "armed") === "armed";
    return isOfIt && words !== undefined && typeof rule.value === "number"
      ? [{ id: rule.id, price: rule.value, words }]
      : [];
  });
}
