/** The symbols that there are, and the search for one by a few letters. */

export interface Listing {
  symbol: string;
  name: string;
  asset_class: string;
  sector: string;
  exchange: string;
  /** The grid of its prices; null where nobody knows. */
  price_step?: number | null;
}

/** The server wants to know who asks; the message says why not so any more, where it was shown something. */
export class SignInDue extends Error {}

/**
 * Ask the server what can be subscribed to. Throws SignInDue where it wants to know who asks, and
 * an Error that says what was answered otherwise.
 */
export async function fetchListings(): Promise<Listing[]> {
  const response = await fetch("v1/symbols");
  if (response.status === 401) {
    // RFC 6750 §3.1: there was a credential, and it is not accepted.
    const wasShown = response.headers.get("www-authenticate")?.includes("invalid_token");
    const { detail = "" } = (await response.json()) as { detail?: string };
    throw new SignInDue(wasShown ? detail : "");
  }
  if (!response.ok) {
    throw new Error(`/v1/symbols answered ${response.status}`);
  }
  const { symbols } = (await response.json()) as { symbols: Listing[] };
  return symbols;
}

export class Directory {
  #listings: Listing[] = [];
  #bySymbol = new Map<string, Listing>();

  constructor(listings: Listing[]) {
    this.learn(listings);
  }

  /** Take what is listed by now: a recording lists what it came to. */
  learn(listings: Listing[]): void {
    this.#listings = listings;
    this.#bySymbol = new Map(listings.map((listing) => [listing.symbol, listing]));
  }

  get listings(): readonly Listing[] {
    return this.#listings;
  }

  get size(): number {
    return this.#listings.length;
  }

  symbols(): string[] {
    return [...this.#bySymbol.keys()];
  }

  get(symbol: string): Listing | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** The best matches: the symbol itself, then those that begin with it, then names and sectors. */
  find(text: string, limit: number): Listing[] {
    const wanted = text.trim().toLowerCase();
    const ranked: { listing: Listing; rank: number }[] = [];
    for (const listing of this.#listings) {
      const rank = rankOf(listing, wanted);
      if (rank !== undefined) {
        ranked.push({ listing, rank });
      }
    }
    ranked.sort((a, b) => a.rank - b.rank || (a.listing.symbol < b.listing.symbol ? -1 : 1));
    return ranked.slice(0, limit).map(({ listing }) => listing);
  }
}

/** 0 is best; undefined: no match. */
function rankOf({ symbol, name, sector }: Listing, wanted: string): number | undefined {
  const lower = symbol.toLowerCase();
  if (lower === wanted) {
    return 0;
  }
  if (lower.startsWith(wanted)) {
    return 1;
  }
  const words = ` ${name.toLowerCase()}`;
  if (words.includes(` ${wanted}`)) {
    return 2;
  }
  if (lower.includes(wanted) || words.includes(wanted)) {
    return 3;
  }
  return sector.toLowerCase().startsWith(wanted) ? 4 : undefined;
}
