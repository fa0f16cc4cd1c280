import { afterEach, expect, test, vi } from "vitest";
import { kept, keptInTab } from "../../src/dashboard/ui/storage.ts";

afterEach(() => vi.unstubAllGlobals());

test("what is kept comes back, until it is forgotten", () => {
  const values = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => values.set(key, value),
    removeItem: (key: string) => values.delete(key),
  });
  kept.write("list", "A");
  expect([kept.read("list"), keptInTab.read("list")]).toEqual(["A", null]);
  kept.write("list", null);
  expect(kept.read("list")).toBeNull();
});

test("where even naming it throws, nothing is kept, and the page goes on", () => {
  for (const name of ["localStorage", "sessionStorage"]) {
    vi.stubGlobal(name, undefined);
  }
  for (const place of [kept, keptInTab]) {
    place.write("list", "A");
    expect(place.read("list")).toBeNull();
  }
});
