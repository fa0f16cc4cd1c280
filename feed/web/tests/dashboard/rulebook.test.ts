import { expect, test, vi } from "vitest";
import { type Alerts, type NewRule, type Rule, TransportFailed } from "../../src/client/index.ts";
import { RuleBook } from "../../src/dashboard/desk/rulebook.ts";

/** A rule on AAPL. */
function ruleAt(id: string, value: number): Rule {
  return { id, symbol: "AAPL", field: "price", op: ">=", value };
}

/** A server whose lists come late: as they were when they were asked for. */
class LateAlerts {
  rules: Rule[] = [];
  readonly due: (() => void)[] = [];

  list(): Promise<Rule[]> {
    const { rules } = this;
    return new Promise((resolve) => this.due.push(() => resolve(rules)));
  }

  async create(rule: NewRule): Promise<Rule> {
    const made = { ...rule, id: `r${this.rules.length}` };
    this.rules = [...this.rules, made];
    return made;
  }

  async change(id: string, { value }: Partial<NewRule>): Promise<Rule> {
    const changed = ruleAt(id, value as number);
    this.rules = this.rules.map((rule) => (rule.id === id ? changed : rule));
    return changed;
  }

  async remove(id: string): Promise<void> {
    this.rules = this.rules.filter((rule) => rule.id !== id);
  }
}

test.each([
  ["made", (book: RuleBook) => book.create(ruleAt("", 3)), ["r0 1", "r1 3"]],
  ["moved", (book: RuleBook) => book.move("r0", 2), ["r0 2"]],
  ["removed", (book: RuleBook) => book.remove("r0"), []],
])("a rule that is %s meanwhile is as it is then", async (_, change, expected) => {
  const late = new LateAlerts();
  late.rules = [ruleAt("r0", 1)];
  const shown: string[][] = [];
  const book = new RuleBook(
    late as unknown as Alerts,
    (rules) => shown.push(rules.map(({ id, value }) => `${id} ${value}`)),
    (error) => {
      throw error;
    },
  );
  const first = book.reload();
  late.due.shift()?.();
  await first;
  const second = book.reload();
  await change(book);
  late.due.shift()?.(); // of before the change
  await expect.poll(() => late.due).toHaveLength(1);
  late.due.shift()?.();
  await second;
  expect(shown).toEqual([["r0 1"], expected, expected]);
});

test("rules are asked for again where the server was away", async () => {
  vi.useFakeTimers();
  const answers = [Promise.reject(new TransportFailed("http", "away")), Promise.resolve([])];
  const list = vi.fn(() => answers.shift());
  const shown = vi.fn();
  const book = new RuleBook({ list } as unknown as Alerts, shown, () => {});
  await book.reload();
  expect(shown).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([list.mock.calls.length, shown.mock.calls]).toEqual([2, [[[]]]]);
  vi.useRealTimers();
});
