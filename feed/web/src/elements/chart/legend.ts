/** The values above a chart: those under the crosshair, else the newest. Words are made purely. */

import { formatCompact, formatPrice, formatSize, NOTHING } from "../../market/format.ts";
import type { Zone } from "../../market/zone.ts";
import { make, setData, Text } from "../dom.ts";
import type { Picture, Reading } from "./picture.ts";

/** A value with its name; the role gives it the colour of its line. */
export interface Value {
  readonly role: string;
  readonly name: string;
  readonly words: string;
}

/** What is said of a slot, at a time of now. */
export function valuesOf(
  picture: Picture,
  reading: Reading,
  decimals: number,
  zone: Zone,
  nowMs: number,
): Value[] {
  const { subject, candleS, baseS } = picture;
  const { candle, timeS, words } = reading;
  const start = (startS: number) => zone.recent(startS, candleS, nowMs);
  const values: Value[] = [{ role: "time", name: "", words: start(timeS) }];
  const add = (role: string, name: string, text: string) =>
    values.push({ role, name, words: text });
  if (subject.other !== undefined) {
    add("main", subject.symbol, percentWords(reading.percents[0]));
    add("compare", subject.other, percentWords(reading.percents[1]));
    if (baseS !== undefined) {
      add("since", "since", start(baseS));
    }
  } else if (candle !== undefined) {
    const price = (value: number | undefined) => formatPrice(value, decimals);
    add("price", "O", price(candle.open));
    add("price", "H", price(candle.high));
    add("price", "L", price(candle.low));
    add("price", "C", price(candle.close));
    add("price", "Vol", volumeWords(candle.volume));
    add("vwap", "VWAP", price(reading.vwap));
    for (const [index, period] of subject.periods.entries()) {
      add(`average-${index + 1}`, `SMA ${period}`, price(reading.averages[index]));
    }
  }
  if (words !== undefined) {
    add("told", "", words);
  } else if (candle === undefined && subject.other === undefined) {
    add("told", "", "No trades");
  }
  return values;
}

function volumeWords(volume: number): string {
  return volume < 10_000 ? formatSize(volume) : formatCompact(volume);
}

function percentWords(percent: number | undefined): string {
  if (percent === undefined) {
    return NOTHING;
  }
  const sign = percent > 0 ? "+" : percent < 0 ? "−" : "";
  return `${sign}${Math.abs(percent).toFixed(2)} %`;
}

/** The text of values, for those who do not see them. */
export function textOf(values: readonly Value[]): string {
  return values.map(({ name, words }) => [name, words].filter(Boolean).join(" ")).join(", ");
}

interface Place {
  element: HTMLElement;
  name: Text;
  words: Text;
  said: HTMLElement;
  /** The most characters that were said of this name. */
  length: number;
}

/** Keep room for the longest words, so that nothing behind them moves with a digit more or less. */
function reserve(place: Place, length: number): void {
  if (length > place.length) {
    place.length = length;
    place.said.style.minInlineSize = `${length}ch`;
  }
}

export class Legend {
  readonly #element: HTMLElement;
  readonly #places: Place[] = [];

  constructor(element: HTMLElement) {
    this.#element = element;
    element.replaceChildren(); // what another chart said
  }

  show(values: readonly Value[]): void {
    for (const [index, { role, name, words }] of values.entries()) {
      const place = this.#place(index);
      setData(place.element, "role", role);
      if (place.name.set(name === "" ? "" : `${name}\u00a0`)) {
        // breaks between pairs only
        place.length = 0;
      }
      place.words.set(words);
      reserve(place, words.length);
      place.element.hidden = false;
    }
    for (const { element } of this.#places.slice(values.length)) {
      element.hidden = true;
    }
  }

  #place(index: number): Place {
    let place = this.#places[index];
    if (place === undefined) {
      const [name, words] = [new Text(), new Text()];
      const said = make("span", { class: "said" }, words.node);
      const element = make("span", {}, make("b", {}, name.node), said);
      this.#element.append(element, " ");
      place = { element, name, words, said, length: 0 };
      this.#places.push(place);
    }
    return place;
  }
}
