/** The time zones that are offered, and what they are called. Pure. */

import { isZone } from "../../market/zone.ts";

/** Where zones are, by their names; browsers list some under older names only. */
const REGIONS = [
  ...["Africa", "America", "Asia", "Atlantic"],
  ...["Australia", "Europe", "Indian", "Pacific"],
];

/** Those that a desk of this market asks for most; "" is that of the browser. */
export const OFFERED = ["", "UTC", "America/New_York"] as const;

/** All that the browser knows, for a search. */
export function knownZones(): readonly string[] {
  return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
}

/** What a zone is called where there is little room: `New York`; "": `Local`. */
export function shortName(name: string): string {
  return name === "" ? "Local" : (name.split("/").at(-1) ?? name).replaceAll("_", " ");
}

/** What a choice is called: `New York (exchange)`, `Local (Europe/Berlin)`. */
export function choiceWords(name: string, ofBrowser: string): string {
  switch (name) {
    case "":
      return `Local (${ofBrowser})`;
    case "America/New_York":
      return "New York (exchange)";
    default:
      return name;
  }
}

/**
 * The zone that somebody has typed: `tokyo` is Asia/Tokyo, as long as there is one such; undefined
 * where there is none, or several.
 */
export function zoneFor(text: string, known: readonly string[]): string | undefined {
  const wanted = text.trim().toLowerCase().replaceAll(" ", "_");
  if (wanted === "") {
    return undefined;
  }
  const [exact] = known.filter((name) => name.toLowerCase() === wanted);
  const cities = known.filter((name) => name.toLowerCase().endsWith(`/${wanted}`));
  if (exact !== undefined || cities.length > 0) {
    return exact ?? (cities.length === 1 ? cities[0] : undefined);
  }
  const other = [wanted, ...REGIONS.map((region) => `${region}/${wanted}`)].find(isZone);
  return other && new Intl.DateTimeFormat("en", { timeZone: other }).resolvedOptions().timeZone;
}
