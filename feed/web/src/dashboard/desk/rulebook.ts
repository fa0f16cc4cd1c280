/** The rules of one's own, as this page knows them: made, moved, removed, and looked at anew. */

import { type Alerts, type NewRule, type Rule, TransportFailed } from "../../client/index.ts";
import { noteAlertsUsed } from "./used.ts";

/** A burst of changes asks for the list of rules once. */
const RELOAD_MS = 500;
/** Where the server is away, it is asked for again after so long. */
const AGAIN_MS = 10_000;

export class RuleBook {
  readonly #alerts: Alerts;
  readonly #changed: (rules: readonly Rule[]) => void;
  readonly #failed: (error: Error) => void;
  #rules: readonly Rule[] = [];
  #reloading: ReturnType<typeof setTimeout> | undefined;
  /** How often they were changed from here. */
  #changes = 0;

  /**
   * @param changed called once rules differ, or were looked at anew.
   * @param failed called where looking at them fails.
   */
  constructor(
    alerts: Alerts,
    changed: (rules: readonly Rule[]) => void,
    failed: (error: Error) => void,
  ) {
    this.#alerts = alerts;
    this.#changed = changed;
    this.#failed = failed;
  }

  get(id: string): Rule | undefined {
    return this.#rules.find((rule) => rule.id === id);
  }

  /** Make a rule. Throws an Error that says why it cannot be had, as all below. */
  async create(rule: NewRule): Promise<Rule> {
    const made = await this.#alerts.create(rule);
    noteAlertsUsed();
    this.#change((rules) => [...rules.filter(({ id }) => id !== made.id), made]);
    return made;
  }

  /** Have a rule fire at another price. */
  async move(id: string, value: number): Promise<void> {
    try {
      const changed = await this.#alerts.change(id, { value });
      this.#change((rules) => rules.map((rule) => (rule.id === id ? changed : rule)));
    } catch (error) {
      this.#take(this.#rules); // it stands where it was
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await this.#alerts.remove(id);
    this.#change((rules) => rules.filter((rule) => rule.id !== id));
  }

  /** Make a rule again that was removed. */
  async restore(rule: Rule): Promise<void> {
    await this.create(askedIn(rule));
  }

  /** Look at them anew, now. */
  async reload(): Promise<void> {
    clearTimeout(this.#reloading);
    this.#reloading = undefined;
    try {
      let changes: number;
      let rules: readonly Rule[];
      do {
        changes = this.#changes;
        rules = await this.#alerts.list();
      } while (changes !== this.#changes); // the list may be of before
      this.#take(rules);
    } catch (error) {
      this.#failed(error as Error);
      if (error instanceof TransportFailed) {
        this.#reloading ??= setTimeout(() => void this.reload(), AGAIN_MS);
      }
    }
  }

  /** Look at them anew, soon: rules that fire once are over then. */
  reloadSoon(): void {
    this.#reloading ??= setTimeout(() => void this.reload(), RELOAD_MS);
  }

  #change(change: (rules: readonly Rule[]) => readonly Rule[]): void {
    this.#changes += 1;
    this.#take(change(this.#rules));
  }

  #take(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#changed(rules);
  }
}

/** What was asked for with a rule; what else it has is the server's. */
function askedIn(rule: Rule): NewRule {
  const { symbol, field, op, value, window, once, cooldown_s, expires, note } = rule;
  const more = { window, once, cooldown_s, expires, note };
  const given = Object.entries(more).filter(([, each]) => each !== undefined && each !== null);
  return { symbol, field, op, value, ...Object.fromEntries(given) };
}
