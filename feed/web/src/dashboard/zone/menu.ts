/** The clock of the page, and the menu behind it in which its time zone is chosen. */

import { isHidden, onShown } from "../../elements/sight.ts";
import { formatClock } from "../../market/format.ts";
import { byId, make, Text } from "../ui/dom.ts";
import { close, menu } from "../ui/menu.ts";
import { choiceWords, knownZones, OFFERED, shortName, zoneFor } from "./choices.ts";
import { onZoneChange, pageZone, setPageZone } from "./page.ts";

const TICK_MS = 1_000;

export class ZoneMenu {
  readonly #details = byId<HTMLDetailsElement>("zone");
  readonly #time = new Text();
  readonly #name = new Text();
  readonly #choices = make("fieldset", { class: "choices" }, make("legend", {}, "Time zone"));
  readonly #field = make("input", {
    type: "text",
    list: "zones",
    "aria-label": "Another time zone",
    autocomplete: "off",
    placeholder: "Another: Tokyo, Europe/London …",
    maxlength: 64,
  });
  readonly #problem = make("p", { class: "problem", role: "alert" });
  readonly #known = knownZones();

  /** @param changed called once another zone was chosen. */
  constructor(changed: () => void) {
    byId("zone-clock").append(this.#time.node, " ", this.#name.node);
    this.#details.append(this.#sheet());
    menu(this.#details);
    onZoneChange(() => {
      this.#draw();
      changed();
    });
    this.#draw();
    setInterval(() => this.#tick(), TICK_MS);
    onShown(() => this.#tick());
  }

  #sheet(): HTMLElement {
    const form = make("form", {}, this.#field, make("button", { type: "submit" }, "Use it"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.#choices.addEventListener("change", (event) => {
      this.#choose((event.target as HTMLInputElement).value);
    });
    const zones = make("datalist", { id: "zones" });
    zones.append(...this.#known.map((value) => make("option", { value })));
    return make("div", { class: "sheet" }, this.#choices, form, this.#problem, zones);
  }

  #search(): void {
    const name = zoneFor(this.#field.value, this.#known);
    if (name === undefined) {
      const text = this.#field.value.trim();
      this.#problem.textContent = `“${text}” is not one time zone; accepted: Tokyo, Europe/London …`;
    } else {
      this.#choose(name);
    }
  }

  #choose(name: string): void {
    this.#problem.textContent = "";
    this.#field.value = "";
    setPageZone(name);
    close(this.#details);
  }

  #draw(): void {
    const { name } = pageZone();
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const offered: string[] = [...OFFERED];
    const all = offered.includes(name) ? offered : [...offered, name];
    const labels = all.map((value) => {
      const box = make("input", {
        type: "radio",
        name: "zone",
        value,
        checked: value === name,
      });
      return make("label", { class: "check" }, box, choiceWords(value, here));
    });
    this.#choices.replaceChildren(this.#choices.firstElementChild as Element, ...labels);
    this.#name.set(shortName(name));
    this.#tick();
  }

  #tick(): void {
    if (!isHidden()) {
      this.#time.set(formatClock(Date.now(), pageZone()));
    }
  }
}
