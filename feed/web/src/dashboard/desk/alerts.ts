/** The panel of alerts: make a rule, see what fired, acknowledge it. */

import {
  type Alerts,
  type AlertWord,
  alerts,
  type NewRule,
  type Rule,
  TransportFailed,
} from "../../client/index.ts";
import { byId, make, Text } from "../ui/dom.ts";
import { serverUrl } from "../ui/server-url.ts";
import type { DeskParts } from "./door.ts";
import { button, listen } from "./forms.ts";
import { type Row, Rows } from "./rows.ts";
import { Toasts } from "./toasts.ts";
import { noteAlertsUsed } from "./used.ts";
import { CONDITIONS, firingWords, ruleWords } from "./words.ts";

/** A burst of firings asks for the list of rules once. */
const RELOAD_MS = 500;

export class AlertsPanel {
  readonly #parts: DeskParts;
  readonly #alerts: Alerts;
  readonly #toasts: Toasts;
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
  #reloading: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: DeskParts) {
    this.#parts = parts;
    const { client } = parts;
    this.#alerts = alerts(serverUrl(), { client });
    const acknowledge = (id: string) => void this.#try(() => this.#alerts.acknowledge(id));
    this.#toasts = new Toasts(acknowledge);
    this.#firings = new Rows(byId("firings"), (alert) => new FiringRow(alert, acknowledge));
    this.#rules = new Rows(byId("rules"), ({ id }) => new RuleRow(() => void this.#remove(id)));
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
      this.#reloadSoon();
    });
    this.#alerts.on("acknowledged", ({ id }) => {
      this.#toasts.remove(id);
      this.#draw();
    });
    this.#alerts.on("problem", (error) => this.#tell(error));
    byId("alerts").addEventListener("toggle", () => this.#reloadSoon());
    this.#suit();
    this.#suggest();
    this.#draw();
    void this.#reload();
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
    }
  }

  async #create(): Promise<void> {
    const { field, op, value, hasWindow } = this.#condition;
    const note = this.#note.value.trim();
    const rule: NewRule = {
      symbol: this.#symbol.value.trim(),
      ...{ field, op, value: value ?? this.#value.valueAsNumber, once: !this.#again.checked },
      ...(hasWindow ? { window: this.#window.value.trim() } : {}),
      ...(note === "" ? {} : { note }),
    };
    if (await this.#try(() => this.#alerts.create(rule))) {
      noteAlertsUsed();
      this.#note.value = "";
      await this.#reload();
    }
  }

  async #remove(id: string): Promise<void> {
    if (await this.#try(() => this.#alerts.remove(id))) {
      await this.#reload();
    }
  }

  async #reload(): Promise<void> {
    await this.#try(async () => {
      const rules = await this.#alerts.list();
      this.#rules.show(rules, ({ id }) => id);
      byId("rules-title").hidden = rules.length === 0;
    });
  }

  /** Rules that fire once are over then. */
  #reloadSoon(): void {
    clearTimeout(this.#reloading);
    this.#reloading = setTimeout(() => void this.#reload(), RELOAD_MS);
  }

  #draw(): void {
    const { firings } = this.#alerts;
    this.#firings.show(firings.toReversed(), ({ id }) => id);
    byId("firings-title").hidden = firings.length === 0;
    this.#about.set(firings.length === 0 ? "" : `${firings.length} not acknowledged`);
  }

  /** Do something; tell what is wrong with it, and return whether nothing is. */
  async #try(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      this.#problem.textContent = "";
      return true;
    } catch (error) {
      this.#problem.textContent = (error as Error).message;
      return false;
    }
  }

  /** Tell what is wrong; that there is no connection is told at the top of the page. */
  #tell(error: Error): void {
    if (!(error instanceof TransportFailed)) {
      this.#problem.textContent = error.message;
    }
  }
}

class FiringRow implements Row<AlertWord> {
  readonly node: HTMLElement;

  constructor(alert: AlertWord, acknowledge: (id: string) => void) {
    const words = firingWords(alert);
    this.node = make(
      "li",
      { "data-alert": alert.id },
      make("bdi", { class: "wide" }, words),
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
  readonly #words = new Text();
  readonly #note = new Text();
  readonly #state = new Text();

  constructor(remove: () => void) {
    this.node = make(
      "li",
      {},
      make("bdi", { class: "wide" }, this.#words.node),
      make("bdi", { class: "about" }, this.#note.node),
      make("span", { class: "about" }, this.#state.node),
      button("Remove", remove),
    );
  }

  show(rule: Rule): void {
    this.#words.set(ruleWords(rule));
    this.#note.set(rule.note ?? "");
    this.#state.set(rule.once === false ? "again and again" : "once");
  }
}
