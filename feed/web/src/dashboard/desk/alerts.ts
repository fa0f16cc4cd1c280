/** The panel of alerts: make a rule, here or in its place on the page; see what fired, acknowledge it. */

import {
  type Alerts,
  type AlertWord,
  alerts,
  type NewRule,
  type Rule,
  TransportFailed,
} from "../../client/index.ts";
import { wordsOf } from "../../elements/denial.ts";
import { CallSwitches } from "../calls/switches.ts";
import { byId, make, Text } from "../ui/dom.ts";
import type { Spot } from "../ui/floating.ts";
import { serverUrl } from "../ui/server-url.ts";
import { askForAlert } from "./alertform.ts";
import { Bell } from "./bell.ts";
import type { DeskParts } from "./door.ts";
import { button, confirmed, listen } from "./forms.ts";
import { type Row, Rows } from "./rows.ts";
import { RuleBook } from "./rulebook.ts";
import { marksOf } from "./rulemarks.ts";
import { Toasts } from "./toasts.ts";
import { CONDITIONS, firingWords, ruleWords, stateWords } from "./words.ts";

export class AlertsPanel {
  readonly #parts: DeskParts;
  readonly #alerts: Alerts;
  readonly #book: RuleBook;
  readonly #toasts: Toasts;
  readonly #bell = new Bell();
  readonly #symbol = byId<HTMLInputElement>("alert-symbol");
  readonly #when = byId<HTMLSelectElement>("alert-when");
  readonly #value = byId<HTMLInputElement>("alert-value");
  readonly #window = byId<HTMLInputElement>("alert-window");
  readonly #again = byId<HTMLInputElement>("alert-again");
  readonly #note = byId<HTMLInputElement>("alert-note");
  readonly #problem = byId("alerts-problem");
  readonly #about = new Text();
  readonly #firings: Rows<AlertWord>;
  readonly #rules: Rows<Rule>;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    const { client, choose } = parts;
    this.#alerts = alerts(serverUrl(), { client });
    const acknowledge = (id: string) => void this.#try(() => this.#alerts.acknowledge(id));
    this.#book = new RuleBook(
      this.#alerts,
      (rules) => this.#list(rules),
      (error) => this.#tell(error),
    );
    const switches = new CallSwitches(choose);
    byId("alert-form").after(switches.element);
    const fired = (alert: AlertWord) => firingWords(alert, this.#decimals(alert));
    this.#toasts = new Toasts(acknowledge, choose, fired, switches.caller);
    this.#firings = new Rows(
      byId("firings"),
      (alert) => new FiringRow(alert, fired(alert), acknowledge, choose),
    );
    this.#rules = new Rows(
      byId("rules"),
      (rule) =>
        new RuleRow(
          rule,
          (one) => this.#wordsOf(one),
          () => void this.remove(rule.id),
        ),
    );
    byId("alerts-about").append(this.#about.node);
    this.#when.append(
      ...CONDITIONS.map(({ words }, index) => make("option", { value: index }, words)),
    );
    this.#when.addEventListener("change", () => this.#suit());
    this.#symbol.addEventListener("focus", () => this.#suggest());
    listen("alert-form", () => void this.#create());
    this.#alerts.on("firing", (alert) => {
      this.#toasts.add(alert);
      this.#draw();
      this.#book.reloadSoon();
    });
    this.#alerts.on("acknowledged", ({ id }) => {
      this.#toasts.remove(id);
      this.#draw();
    });
    this.#alerts.on("problem", (error) => this.#tell(error));
    byId("alerts").addEventListener("toggle", () => this.#book.reloadSoon());
    this.#suit();
    this.#suggest();
    this.#draw();
    void this.#book.reload();
  }

  /** Ask for an alert where somebody points at a symbol, at a price or the last one. */
  ask(symbol: string, price: number | undefined, spot: Spot): void {
    askForAlert(symbol, price, spot, {
      known: (one) => this.#parts.known(one),
      create: (rule) => this.#book.create(rule),
      created: (rule) =>
        this.#toasts.tell(`Alert: ${this.#wordsOf(rule)}`, () => void this.#drop(rule.id)),
      more: (rule) => this.#fill(rule),
    });
  }

  /** Have a rule fire at another price. */
  async move(id: string, price: number): Promise<void> {
    const before = this.#book.get(id);
    await this.#do(async () => {
      await this.#book.move(id, price);
      if (before !== undefined) {
        const words = `Moved: ${this.#wordsOf({ ...before, value: price })}`;
        this.#toasts.tell(
          words,
          () => void this.#do(() => this.#book.move(id, before.value as number)),
        );
      }
    });
  }

  /** Remove a rule, which can be undone; one with a webhook has a secret that would be lost. */
  async remove(id: string): Promise<void> {
    const rule = this.#book.get(id);
    if (rule?.webhook !== undefined && !byId<HTMLDetailsElement>("alerts").open) {
      this.show();
      this.#toasts.tell("This alert has a webhook: remove it in its list, which cannot be undone");
      return;
    }
    await this.#drop(id);
  }

  /** Open the panel, and bring it into view. */
  show(): void {
    const details = byId<HTMLDetailsElement>("alerts");
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    details.querySelector("summary")?.focus();
  }

  #decimals({ symbol }: { symbol: string }): number {
    return this.#parts.known(symbol).decimals;
  }

  #wordsOf(rule: Rule): string {
    return ruleWords(rule, this.#decimals(rule));
  }

  async #drop(id: string): Promise<void> {
    const rule = this.#book.get(id);
    await this.#do(async () => {
      await this.#book.remove(id);
      if (rule !== undefined && rule.webhook === undefined) {
        const restore = () => void this.#do(() => this.#book.restore(rule));
        this.#toasts.tell(`Removed: ${this.#wordsOf(rule)}`, restore);
      }
    });
  }

  /** Do something that was asked for anywhere on the page; say there why it cannot be. */
  async #do(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#toasts.tell(wordsOf(error as Error));
    }
  }

  /** Let the form of the panel begin with a rule. */
  #fill({ symbol, op, value, once }: NewRule): void {
    this.show();
    this.#symbol.value = symbol;
    this.#when.value = String(CONDITIONS.findIndex((each) => each.op === op));
    this.#value.value = String(value);
    this.#again.checked = once === false;
    this.#suit();
    this.#note.focus();
  }

  /** The fields that the chosen condition needs. */
  #suit(): void {
    const { unit, hasWindow } = this.#condition;
    byId("alert-value-label").hidden = unit === undefined;
    this.#value.required = unit !== undefined;
    byId("alert-unit").textContent = unit ?? "";
    byId("alert-window-label").hidden = !hasWindow;
  }

  get #condition() {
    return CONDITIONS[Number(this.#when.value)] as (typeof CONDITIONS)[number];
  }

  /** Begin with the symbol that is shown in detail. */
  #suggest(): void {
    if (this.#symbol.value === "") {
      this.#symbol.value = this.#parts.chosen() ?? "";
      if (document.activeElement === this.#symbol) {
        this.#symbol.select(); // what is being typed takes its place
      }
    }
  }

  async #create(): Promise<void> {
    const { field, op, value, hasWindow } = this.#condition;
    const note = this.#note.value.trim();
    const rule: NewRule = {
      symbol: this.#symbol.value.trim(),
      field,
      op,
      value: value ?? this.#value.valueAsNumber,
      once: !this.#again.checked,
      ...(hasWindow ? { window: this.#window.value.trim() } : {}),
      ...(note === "" ? {} : { note }),
    };
    if (await this.#try(() => this.#book.create(rule))) {
      this.#note.value = "";
    }
  }

  #list(rules: readonly Rule[]): void {
    this.#rules.show(rules, ({ id }) => id);
    byId("rules-title").hidden = rules.length === 0;
    this.#parts.marked((symbol) => marksOf(rules, symbol));
  }

  #draw(): void {
    const { firings } = this.#alerts;
    this.#firings.show(firings.toReversed(), ({ id }) => id);
    byId("firings-title").hidden = firings.length === 0;
    this.#about.set(firings.length === 0 ? "" : `${firings.length} not acknowledged`);
    this.#bell.count = firings.length;
  }

  /** Do something; tell what is wrong with it, and return whether nothing is. */
  async #try(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      this.#problem.textContent = "";
      return true;
    } catch (error) {
      this.#problem.textContent = wordsOf(error as Error);
      return false;
    }
  }

  /** Tell what is wrong; that there is no connection is told at the top of the page. */
  #tell(error: Error): void {
    if (!(error instanceof TransportFailed)) {
      this.#problem.textContent = wordsOf(error);
    }
  }
}

class FiringRow implements Row<AlertWord> {
  readonly node: HTMLElement;

  constructor(
    alert: AlertWord,
    words: string,
    acknowledge: (id: string) => void,
    choose: (symbol: string) => void,
  ) {
    const show = button(words, () => choose(alert.symbol));
    show.classList.add("wide");
    show.title = `Show ${alert.symbol}`;
    this.node = make(
      "li",
      { "data-alert": alert.id },
      show,
      make("bdi", { class: "about" }, alert.note ?? ""),
      button("Acknowledge", () => acknowledge(alert.id), `Acknowledge ${words}`),
    );
  }

  show(): void {
    // What fired does not change.
  }
}

class RuleRow implements Row<Rule> {
  readonly node: HTMLElement;
  readonly #wordsOf: (rule: Rule) => string;
  readonly #words = new Text();
  readonly #note = new Text();
  readonly #state = new Text();

  /** What cannot be undone is asked for twice. */
  constructor({ webhook }: Rule, wordsOf: (rule: Rule) => string, remove: () => void) {
    this.#wordsOf = wordsOf;
    const isFinal = webhook !== undefined;
    this.node = make(
      "li",
      {},
      make("bdi", { class: "wide" }, this.#words.node),
      make("bdi", { class: "about" }, this.#note.node),
      make("span", { class: "about" }, this.#state.node),
      isFinal ? confirmed("Remove", "Really remove?", remove) : button("Remove", remove),
    );
  }

  show(rule: Rule): void {
    this.#words.set(this.#wordsOf(rule));
    this.#note.set(rule.note ?? "");
    this.#state.set(stateWords(rule));
  }
}
