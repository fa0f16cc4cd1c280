/** Which symbols of a list are shown: those of a sector, or of a class. Pure. */

import type { Listing } from "../../market/directory.ts";

/** "": all pass. */
export interface Filter {
  sector: string;
  assetClass: string;
}

export const NO_FILTER: Filter = { sector: "", assetClass: "" };

type Find = (symbol: string) => Listing | undefined;

export function isFiltering({ sector, assetClass }: Filter): boolean {
  return sector !== "" || assetClass !== "";
}

/** The symbols that pass; those of which nothing is known pass no filter. */
export function passing(symbols: readonly string[], filter: Filter, find: Find): readonly string[] {
  if (!isFiltering(filter)) {
    return symbols;
  }
  const { sector, assetClass } = filter;
  return symbols.filter((symbol) => {
    const listing = find(symbol);
    return (
      listing !== undefined &&
      (sector === "" || listing.sector === sector) &&
      (assetClass === "" || listing.asset_class === assetClass)
    );
  });
}

/** What can be filtered by, sorted, each with the number of symbols of a list that it has. */
export interface Choices {
  sectors: [string, number][];
  classes: [string, number][];
}

export function choicesOf(symbols: readonly string[], find: Find): Choices {
  const sectors = new Map<string, number>();
  const classes = new Map<string, number>();
  for (const symbol of symbols) {
    const listing = find(symbol);
    if (listing !== undefined) {
      count(sectors, listing.sector);
      count(classes, listing.asset_class);
    }
  }
  return { sectors: sorted(sectors), classes: sorted(classes) };
}

function count(counts: Map<string, number>, name: string): void {
  if (name !== "") {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

function sorted(counts: Map<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

const CLASS_WORDS: Readonly<Record<string, string>> = {
  us_equity: "US equities",
  crypto: "Crypto",
  us_option: "US options",
  future: "Futures",
  fx: "FX",
};

/** A class in words; an unknown one as it is. */
export function classWords(assetClass: string): string {
  return CLASS_WORDS[assetClass] ?? assetClass;
}
