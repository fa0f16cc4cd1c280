/**
 * The conditions of trades in words.
 *
 * Sources: CTA "CTS Multicast Output Specification" and UTP "UTDF Specification", trade conditions
 * (sale conditions); the codes of both tapes mean the same where both have them.
 */

/** Codes of a trade like any other, which need no word. */
const REGULAR: ReadonlySet<string> = new Set(["@", "", " "]);

const WORDS: Readonly<Record<string, string>> = {
  A: "Acquisition",
  B: "Bunched",
  C: "Cash sale",
  D: "Distribution",
  E: "Automatic execution",
  F: "Sweep",
  G: "Bunched, sold",
  H: "Price variation",
  I: "Odd lot",
  K: "Rule 127/155",
  L: "Sold last",
  M: "Official close",
  N: "Next day",
  O: "Opening",
  P: "Prior reference price",
  Q: "Official open",
  R: "Seller",
  S: "Split",
  T: "Extended hours",
  U: "Extended hours, late",
  V: "Contingent",
  W: "Average price",
  X: "Cross",
  Y: "Yellow flag",
  Z: "Late",
  "1": "Stopped stock",
  "4": "Derivatively priced",
  "5": "Reopening",
  "6": "Closing",
  "7": "Qualified contingent",
  "9": "Corrected close",
};

/** The conditions of a trade that differ from a regular one; a code that is not known stays one. */
export function conditionWords(codes: readonly string[] = []): string {
  return codes
    .filter((code) => !REGULAR.has(code))
    .map((code) => WORDS[code] ?? code)
    .join(" · ");
}
