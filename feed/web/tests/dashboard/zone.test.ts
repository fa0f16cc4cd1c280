/** The time zone of the page: what is offered, what a search finds, and what clocks tell. */

import { describe, expect, test } from "vitest";
import { choiceWords, knownZones, shortName, zoneFor } from "../../src/dashboard/zone/choices.ts";
import { onZoneChange, pageZone, setPageZone } from "../../src/dashboard/zone/page.ts";
import { formatAsOf, formatClock } from "../../src/market/format.ts";
import { isZone, Zone } from "../../src/market/zone.ts";

const KNOWN = knownZones();
const EVENING = Date.UTC(2026, 0, 2, 22, 30, 5);

describe("a time zone", () => {
  test.each([
    ["Asia/Tokyo", "Asia/Tokyo"],
    [" tokyo ", "Asia/Tokyo"],
    ["new york", "America/New_York"],
    ["utc", "UTC"],
    ["Mars", undefined],
    ["", undefined],
  ])("is found by “%s”: %s", (text, name) => {
    expect(zoneFor(text, KNOWN)).toBe(name);
  });

  test("is found by its newer and its older name, as this browser has it", () => {
    for (const name of ["kolkata", "calcutta", "US/Eastern"]) {
      expect(zoneFor(name, KNOWN)).toMatch(
        /^(Asia\/(Kolkata|Calcutta)|America\/New_York|US\/Eastern)$/,
      );
    }
  });

  test("has a name that people know", () => {
    expect(["", "UTC", "America/New_York", "Asia/Ho_Chi_Minh"].map(shortName)).toEqual([
      "Local",
      "UTC",
      "New York",
      "Ho Chi Minh",
    ]);
    expect(choiceWords("", "Europe/Berlin")).toBe("Local (Europe/Berlin)");
    expect([isZone("UTC"), isZone("Mars"), isZone("")]).toEqual([true, false, false]);
  });

  test("has its own day, on a clock of 24 hours", () => {
    const tokyo = new Zone("Asia/Tokyo");
    expect(formatClock(EVENING, new Zone("UTC"))).toBe("22:30:05");
    expect(formatClock(EVENING, tokyo)).toBe("07:30:05");
    expect(formatAsOf(EVENING, EVENING + 60_000, tokyo)).toBe("07:30:05");
    expect(formatAsOf(EVENING, Date.UTC(2026, 0, 3, 16), tokyo)).toBe("2026-01-03 07:30:05");
    expect(formatClock(Date.UTC(2026, 0, 2), new Zone("UTC"))).toBe("00:00:00");
  });

  test("of the page is told to all clocks once it is another one", () => {
    const told: string[] = [];
    onZoneChange(() => told.push(pageZone().name));
    setPageZone("UTC");
    setPageZone("UTC");
    expect(() => setPageZone("Mars")).toThrow("“Mars” is not a time zone");
    setPageZone("");
    expect(told).toEqual(["UTC", ""]);
  });
});
