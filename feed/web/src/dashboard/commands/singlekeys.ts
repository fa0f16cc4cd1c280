/**
 * Whether letters, digits and signs alone are keys: for who dictates, or has a hand on the keyboard by
 * chance, they can be turned off (WCAG 2.2, 2.1.4). Kept in this browser.
 */

import { kept } from "../ui/storage.ts";

const KEY = "feed.singleKeys";
const OFF = "off";

export class SingleKeys {
  #areOn = kept.read(KEY) !== OFF;

  get areOn(): boolean {
    return this.#areOn;
  }

  set(areOn: boolean): void {
    this.#areOn = areOn;
    kept.write(KEY, areOn ? null : OFF);
  }
}
