import { describe, expect, test } from "vitest";
import type { AlertWord, JobWord, Unsent } from "../../src/client/index.ts";
import { Refused } from "../../src/client/index.ts";
import {
  actionWords,
  firingWords,
  jobWords,
  listed,
  reasonOf,
  ruleWords,
  writtenIn,
} from "../../src/dashboard/desk/words.ts";

test.each([
  [[], ""],
  [["Ann"], "Ann"],
  [["Ann", "Bob"], "Ann and Bob"],
  [["A", "B", "C", "D"], "A, B, C and D"],
  [["A", "B", "C", "D", "E"], "A, B, C and 2 more"],
])("names: %j", (names, words) => {
  expect(listed(names)).toBe(words);
});

describe("what is not sent", () => {
  const of = (more: Partial<Unsent>): Unsent => ({
    ...{ id: "1", sinceMs: 0, refused: undefined, entry: undefined },
    ...{ action: { kind: "say", text: "x" } },
    ...more,
  });
  const list = { kind: "list", symbol: "AAPL", before: undefined, note: "", version: 1 } as const;
  const said = { room: "desk", from: "anonymous", by: "own_", name: "Ann", t: "2026" };
  const refused = new Refused(409, "version: 1 is not 2", false);

  test("is named", () => {
    expect(actionWords(of({}))).toBe("");
    expect(actionWords(of({ action: { kind: "remove", message: "1" } }))).toBe("Delete a message");
    expect(actionWords(of({ action: { ...list, op: "note" } }))).toBe("Note on AAPL");
    expect(writtenIn(of({ action: { ...list, op: "note", note: "thin" } }))).toBe("thin");
    expect(writtenIn(of({}))).toBe("x");
  });

  test("has a reason", () => {
    expect(reasonOf(of({}))).toBe("waits for the connection");
    expect(reasonOf(of({ refused }))).toBe("version: 1 is not 2");
    const removed = { T: "removed", symbol: "AAPL", version: 2, ...said } as const;
    expect(reasonOf(of({ refused, entry: removed }))).toBe("Ann removed AAPL meanwhile");
    const entry = { ...removed, T: "entry", place: 1, note: "thin" } as const;
    expect(reasonOf(of({ refused, entry }))).toBe("Ann changed AAPL meanwhile: thin");
  });
});

test("rules and what fired are told in words", () => {
  const rule = { symbol: "AAPL", field: "price", op: ">=", value: 200 } as const;
  expect(ruleWords(rule, 2)).toBe("AAPL: price is at least 200.00");
  expect(ruleWords({ ...rule, value: 0.1 + 0.2 }, 2)).toBe("AAPL: price is at least 0.30");
  expect(ruleWords({ ...rule, value: 1234.125 }, 2)).toBe("AAPL: price is at least 1,234.125");
  expect(ruleWords({ ...rule, value: 1.25e-9 }, 2)).toBe("AAPL: price is at least 1.25e-9");
  expect(ruleWords({ ...rule, field: "volume", value: 1_200_000, window: "5m" }, 2)).toBe(
    "AAPL: volume is at least 1,200,000 within 5m",
  );
  expect(ruleWords({ ...rule, op: "moves_pct", value: 2, window: "5m" }, 2)).toBe(
    "AAPL: price moves by 2 % within 5m",
  );
  expect(ruleWords({ ...rule, field: "health", op: "is", value: "halted" }, 2)).toBe(
    "AAPL: symbol is halted",
  );
  expect(ruleWords({ ...rule, op: "new" as ">=" }, 2)).toBe("AAPL: price new 200");
  const alert: AlertWord = {
    ...{ T: "alert", owner: "own_", id: "alert_1", rule: "rule_1", at: "e-1", t: "2026" },
    ...{ ...rule, op: "moves_pct", value: "2", window_s: 300, seen: "2.5" },
  };
  expect(firingWords({ ...alert, seen: "2.5123" }, 2)).toBe(
    "AAPL: price moves by 2 % within 5 min (seen: 2.51 %)",
  );
  const { window_s: _, ...price } = { ...alert, value: "200", seen: "200.30000000000001" };
  expect(firingWords({ ...price, op: ">=" }, 2)).toBe(
    "AAPL: price is at least 200.00 (seen: 200.30)",
  );
  expect(firingWords({ ...alert, after_gap: true }, 2)).toMatch(/, after a gap$/);
});

test("jobs are told in words", () => {
  const job: JobWord = {
    ...{ T: "job", id: "job_", state: "running", exports: "ring", format: "csv", by: "own_" },
    ...{ done: 12_000, total: 100_000, per_s: 50_000, left_s: 2, size_bytes: 1_500_000, t: "2026" },
  };
  expect(jobWords(job)).toBe("12,000 of 100,000 · 50,000/s · 2.0 s left");
  expect(jobWords({ ...job, total: 0, per_s: 0, left_s: 0 })).toBe("12,000");
  expect(jobWords({ ...job, state: "queued" })).toBe("waits for its turn");
  expect(jobWords({ ...job, state: "done" })).toBe("12,000 rows · 1.5 MB");
  expect(jobWords({ ...job, state: "failed", msg: "the disk is full" })).toMatch(/disk is full$/);
  expect(jobWords({ ...job, state: "cancelled" })).toBe("cancelled");
});
