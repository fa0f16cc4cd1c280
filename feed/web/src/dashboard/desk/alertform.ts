/** The short form of an alert, at the price or the row that was pointed at. */

import type { AlertOp, NewRule, Rule } from "../../client/index.ts";
import { wordsOf } from "../../elements/denial.ts";
import { formatPrice } from "../../market/format.ts";
import { make } from "../ui/dom.ts";
import { float, type Spot } from "../ui/floating.ts";
import { type Known, prefillOf } from "./prefill.ts";
import { CONDITIONS } from "./words.ts";

export interface AlertFormHost {
  known(symbol: string): Known;
  create(rule: NewRule): Promise<Rule>;
  created(rule: Rule): void;
  /** Somebody wants more than is here. */
  more(rule: NewRule): void;
}

const AT_A_PRICE = CONDITIONS.filter(({ field, hasWindow }) => field === "price" && !hasWindow);

/** Ask for an alert on a symbol, at a price or the last one. */
export function askForAlert(
  symbol: string,
  price: number | undefined,
  spot: Spot,
  host: AlertFormHost,
): void {
  const known = host.known(symbol);
  const { op, value } = prefillOf(price, known);
  const when = make(
    "select",
    { "aria-label": "When" },
    ...AT_A_PRICE.map((each) =>
      make("option", { value: each.op, selected: each.op === op }, each.words),
    ),
  );
  const amount = make("input", {
    type: "number",
    step: "any",
    required: true,
    "aria-label": "Price",
    value,
    autocomplete: "off",
  });
  const again = make("input", { type: "checkbox" });
  const problem = make("p", { class: "problem", role: "alert" });
  const send = make("button", { type: "submit" }, "Alert me");
  const more = make("button", { type: "button", class: "quiet" }, "More…");
  const now = known.last === undefined ? "" : `last ${formatPrice(known.last, known.decimals)}`;
  const title = make("h2", { id: "short-alert-title" }, "Alert on ", make("bdi", {}, symbol));
  const form = make(
    "form",
    {},
    make("div", { class: "line" }, title, make("span", { class: "about" }, now)),
    make("div", { class: "line" }, when, amount),
    make("label", { class: "check" }, again, "Again and again"),
    problem,
    make("div", { class: "line" }, send, more),
  );
  const dialog = make(
    "div",
    { class: "short-alert", role: "dialog", "aria-labelledby": title.id },
    form,
  );
  const asked = (): NewRule => ({
    symbol,
    field: "price",
    op: when.value as AlertOp,
    value: amount.valueAsNumber,
    once: !again.checked,
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const rule = await host.create(asked());
      dialog.hidePopover();
      host.created(rule);
    } catch (error) {
      problem.textContent = wordsOf(error as Error);
    } finally {
      send.disabled = false;
    }
  });
  more.addEventListener("click", () => {
    const rule = asked();
    dialog.hidePopover();
    host.more(rule);
  });
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // letters are keys of the page
  float(dialog, spot, () => {});
  amount.focus();
  amount.select();
}
