/** What the panels of the desk say, in words. All are pure. */

import type {
  AlertField,
  AlertOp,
  AlertWord,
  JobWord,
  MessageWord,
  Rule,
  Unsent,
} from "../../client/index.ts";
import { denialIn } from "../../elements/denial.ts";
import {
  decimalsIn,
  formatBytes,
  formatCount,
  formatDuration,
  formatPrice,
  formatSize,
} from "../../market/format.ts";

/** Who said something, as people call them. */
export function nameOf({ from, name }: Pick<MessageWord, "from" | "name">): string {
  return name ?? from;
}

/** Names as a sentence has them: `Ann`, `Ann and Bob`, `Ann, Bob and 3 more`. */
export function listed(names: readonly string[], most = 4): string {
  const isMany = names.length > most;
  const shown = isMany ? names.slice(0, most - 1) : names.slice(0, -1);
  const last = isMany ? `${names.length - shown.length} more` : (names.at(-1) ?? "");
  return shown.length === 0 ? last : `${shown.join(", ")} and ${last}`;
}

/** Who is in a room, in a line: `desk · 2 here: Ann and Bob`. */
export function presenceWords(room: string, names: readonly string[]): string {
  return names.length === 0
    ? `${room} · nobody here`
    : `${room} · ${names.length} here: ${listed(names)}`;
}

/** What somebody did that has not arrived; a text of theirs stands beside it. */
export function actionWords({ action }: Pick<Unsent, "action">): string {
  switch (action.kind) {
    case "say":
      return "";
    case "edit":
      return "Edit: ";
    case "remove":
      return "Delete a message";
    case "list":
      return `${OPS[action.op]} ${action.symbol}${action.note ? ": " : ""}`;
  }
}

/** What somebody wrote in it. */
export function writtenIn({ action }: Pick<Unsent, "action">): string {
  return action.kind === "list" ? (action.note ?? "") : "text" in action ? action.text : "";
}

const OPS = { add: "Add", remove: "Remove", move: "Move", note: "Note on" };

/** Why something is not sent. */
export function reasonOf({ refused, entry }: Pick<Unsent, "refused" | "entry">): string {
  if (refused === undefined) {
    return "waits for the connection";
  }
  if (entry === undefined) {
    return denialIn(refused.words) ?? refused.words;
  }
  const who = nameOf(entry);
  return entry.T === "removed"
    ? `${who} removed ${entry.symbol} meanwhile`
    : `${who} changed ${entry.symbol} meanwhile${entry.note === "" ? "" : `: ${entry.note}`}`;
}

/** The conditions that a rule may have. */
export interface Condition {
  field: AlertField;
  op: AlertOp;
  /** What the condition is called. */
  words: string;
  /** Of its value; undefined: it has none of its own. */
  unit: string | undefined;
  hasWindow: boolean;
  value?: string;
}

export const CONDITIONS: readonly Condition[] = [
  condition("price", ">=", "price is at least", "Price"),
  condition("price", "<=", "price is at most", "Price"),
  condition("price", "crosses_above", "price crosses above", "Price"),
  condition("price", "crosses_below", "price crosses below", "Price"),
  condition("price", "moves_pct", "price moves by", "%", true),
  condition("spread_bp", ">=", "spread is at least", "bp"),
  condition("volume", ">=", "volume is at least", "Shares", true),
  { ...condition("health", "is", "symbol is stale"), value: "stale" },
  { ...condition("health", "is", "symbol is halted"), value: "halted" },
];

function condition(
  field: AlertField,
  op: AlertOp,
  words: string,
  unit?: string,
  hasWindow = false,
): Condition {
  return { field, op, words, unit, hasWindow };
}

type Conditioned = Pick<Rule, "symbol" | "value" | "window"> & { field: string; op: string };

/**
 * A rule, or what fired: `AAPL: price is at least 200.00`.
 *
 * @param decimals those of the symbol's prices; a price of a rule that has more shows more.
 */
export function ruleWords(
  { symbol, field, op, value, window }: Conditioned,
  decimals: number,
): string {
  const known = CONDITIONS.find(
    (one) =>
      one.field === field && one.op === op && (one.value === undefined || one.value === value),
  );
  if (known === undefined) {
    return `${symbol}: ${field} ${op} ${value}`;
  }
  const wanted = Number(value);
  const words =
    known.unit === "Price"
      ? formatPrice(wanted, decimalsIn(wanted, decimals))
      : `${exact.format(wanted)}${unitWords(known.unit)}`;
  const amount = known.value === undefined ? ` ${words}` : "";
  const within = known.hasWindow && window !== undefined ? ` within ${window}` : "";
  return `${symbol}: ${known.words}${amount}${within}`;
}

/** Numbers that somebody has set are not rounded. */
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 });

function unitWords(unit: string | undefined): string {
  return unit === "%" || unit === "bp" ? ` ${unit}` : "";
}

/** What a rule saw when it fired, as such numbers are told elsewhere. */
function seenWords({ field, op, seen }: AlertWord, decimals: number): string {
  const known = CONDITIONS.find((one) => one.field === field && one.op === op);
  const value = Number(seen);
  switch (known?.unit) {
    case "Price":
      return formatPrice(value, decimalsIn(value, decimals));
    case "Shares":
      return formatSize(value);
    case undefined:
      return seen;
    default:
      return `${Number(value.toFixed(2))}${unitWords(known?.unit)}`;
  }
}

/** How a rule stands: `once`, `fired`, `suspended: …`. */
export function stateWords({
  once,
  state,
  why,
}: Pick<Rule, "once"> & { state?: unknown; why?: unknown }): string {
  if (typeof state === "string" && state !== "armed") {
    return typeof why === "string" && why !== "" ? `${state}: ${why}` : state;
  }
  return once === false ? "again and again" : "once";
}

/** What fired. @param decimals as above. */
export function firingWords(alert: AlertWord, decimals: number): string {
  const { window_s, field, after_gap } = alert;
  const window = window_s === undefined ? {} : { window: formatDuration(window_s * 1_000) };
  const was = field === "health" ? "" : ` (seen: ${seenWords(alert, decimals)})`;
  const late = after_gap === true ? ", after a gap" : "";
  return `${ruleWords({ ...alert, ...window }, decimals)}${was}${late}`;
}

/** How a job stands: `12,000 of 100,000 · 50K/s · 2 s left`. */
export function jobWords(job: JobWord): string {
  const { state, done, total, per_s, left_s, size_bytes, msg } = job;
  switch (state) {
    case "queued":
      return "waits for its turn";
    case "running": {
      const rate = per_s > 0 ? `${formatCount(per_s)}/s` : "";
      const left = left_s > 0 ? `${formatDuration(left_s * 1_000)} left` : "";
      const parts = [
        total > 0 ? `${formatCount(done)} of ${formatCount(total)}` : formatCount(done),
      ];
      return [...parts, rate, left].filter((part) => part !== "").join(" · ");
    }
    case "done":
      return `${formatCount(done)} rows · ${formatBytes(size_bytes)}`;
    case "failed":
      return `failed: ${msg ?? job.code ?? "no reason given"}`;
    case "cancelled":
      return msg === undefined ? "cancelled" : `cancelled: ${msg}`;
  }
}
