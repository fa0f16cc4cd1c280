/**
 * Comma-separated values that any spreadsheet opens, and none runs. Pure.
 *
 * Source: RFC 4180; OWASP, "CSV Injection": a text that a spreadsheet would take for a formula gets
 * an apostrophe in front, so that it is shown. Numbers are written as numbers, with all their digits.
 */

export type Value = string | number | undefined;

const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;
const QUOTED = /[",\r\n]/;
const END = "\r\n";

/** Write a head and rows. */
export function writeCsv(rows: readonly (readonly Value[])[]): string {
  return rows.map((row) => row.map(cellOf).join(",") + END).join("");
}

function cellOf(value: Value): string {
  if (value === undefined) {
    return "";
  }
  if (typeof value === "number") {
    return Number.isFinite(value) ? String(value) : "";
  }
  const text = FORMULA.test(value) ? `'${value}` : value;
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The name of a file: of a list, and of a time. */
export function fileName(list: string, what: string, nowMs: number): string {
  const name = list
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const time = new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "");
  return `${name || "list"}-${what}-${time}Z.csv`;
}
