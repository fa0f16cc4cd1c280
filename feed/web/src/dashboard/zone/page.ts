/** The time zone of all clocks on the page, as somebody has chosen it; at first that of the browser. */

import { HERE, Zone } from "../../market/zone.ts";

let zone = HERE;
const listeners = new Set<() => void>();

export function pageZone(): Zone {
  return zone;
}

/** Choose another zone by its name; "" is that of the browser. Throws a RangeError for any other text. */
export function setPageZone(name: string): void {
  if (name !== zone.name) {
    zone = name === "" ? HERE : new Zone(name);
    for (const listener of listeners) {
      listener();
    }
  }
}

/** Call back whenever another zone is chosen. */
export function onZoneChange(listener: () => void): void {
  listeners.add(listener);
}
