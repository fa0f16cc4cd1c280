/** The market at a glance: the answers of `/v1/market`, asked for while somebody can see them. */

/** What a heat map's tiles are as large as. */
export const MEASURES = ["volume", "turnover"] as const;
export type Measure = (typeof MEASURES)[number];

/** A symbol over the session, once it was traded; null is what one may not know. */
export interface OverviewRow {
  symbol: string;
  name: string;
  last: number;
  open: number;
  /** Since the open; 1.5 is 1.5 %. */
  change_percent: number;
  volume: number | null;
  turnover: number | null;
  trades: number | null;
}

export interface OverviewSector {
  /** "": of those whose sector nobody knows. */
  sector: string;
  change_percent: number;
  volume: number;
  /** The largest turnover first. */
  symbols: OverviewRow[];
  /** How many symbols of it are left out. */
  omitted: number;
}

export interface Breadth {
  advancers: number;
  decliners: number;
  unchanged: number;
  untraded: number;
}

export interface Overview {
  as_of: string;
  position: string;
  /** When the session began. */
  since: string;
  breadth: Breadth;
  gainers: OverviewRow[];
  losers: OverviewRow[];
  most_active: OverviewRow[];
  sectors: OverviewSector[];
}

/** Why there is no answer. */
export interface Trouble {
  words: string;
  /** Asking again is of no use. */
  isFinal: boolean;
}

/** What is made of the answers. */
export interface OverviewListener {
  /**
   * It is as it was, where it is the same object.
   *
   * @param hasSectors whether those were asked for.
   */
  told(overview: Overview, hasSectors: boolean): void;
  failed(trouble: Trouble): void;
}

export const MOVERS = 5;
/** The symbols of a heat map. */
const TILES = 200;
const INTERVAL_MS = 3_000;
const PATIENCE_MS = 10_000;
const LONGEST_REASON = 200;

export class OverviewWatch {
  readonly #listener: OverviewListener;
  #isShown = false;
  #wantsSectors = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;
  #last: { query: string; etag: string; overview: Overview } | undefined;

  constructor(listener: OverviewListener) {
    this.#listener = listener;
    document.addEventListener("visibilitychange", () => this.#begin());
  }

  /** Whether somebody would see what comes: else nothing is asked for. */
  set isShown(isShown: boolean) {
    if (isShown !== this.#isShown) {
      this.#isShown = isShown;
      this.#begin();
    }
  }

  /** Whether sectors are shown. */
  set wantsSectors(wantsSectors: boolean) {
    if (wantsSectors !== this.#wantsSectors) {
      this.#wantsSectors = wantsSectors;
      this.#begin();
    }
  }

  /** Ask at once, or not at all any more. */
  #begin(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = undefined;
    if (this.#isShown && document.visibilityState === "visible") {
      void this.#ask();
    }
  }

  async #ask(): Promise<void> {
    const asking = new AbortController();
    const wantsSectors = this.#wantsSectors;
    this.#asking = asking;
    let overview: Overview | undefined;
    let trouble: Trouble | undefined;
    try {
      overview = await this.#fetch(queryOf(wantsSectors), asking.signal);
    } catch (error) {
      trouble = troubleOf(error);
    }
    if (asking !== this.#asking) {
      return; // something else is asked for by now
    }
    if (overview !== undefined) {
      this.#listener.told(overview, wantsSectors);
    } else if (trouble !== undefined) {
      this.#listener.failed(trouble);
    }
    if (trouble?.isFinal !== true) {
      this.#timer = setTimeout(() => void this.#ask(), INTERVAL_MS);
    }
  }

  async #fetch(query: string, left: AbortSignal): Promise<Overview> {
    const last = this.#last?.query === query ? this.#last : undefined;
    const response = await fetch(`v1/market?${query}`, {
      headers: last === undefined ? {} : { "If-None-Match": last.etag },
      signal: AbortSignal.any([left, AbortSignal.timeout(PATIENCE_MS)]),
    });
    if (response.status === 304 && last !== undefined) {
      return last.overview;
    }
    if (!response.ok) {
      throw new Unanswered(response.status, await reasonOf(response));
    }
    const overview = (await response.json()) as Overview;
    const etag = response.headers.get("ETag");
    this.#last = etag === null ? undefined : { query, etag, overview };
    return overview;
  }
}

function queryOf(wantsSectors: boolean): string {
  return `top=${MOVERS}&heat=${wantsSectors ? TILES : 0}&by=turnover`;
}

/** The server answered, but not with what was asked for. */
class Unanswered extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    super(`/v1/market answered ${status}`);
    this.status = status;
    this.reason = reason;
  }
}

/** Why a server refuses, as it says itself (RFC 9457); "" where it does not. */
async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    return typeof detail === "string" ? detail.slice(0, LONGEST_REASON) : "";
  } catch {
    return ""; // a proxy's page, say
  }
}

function troubleOf(error: unknown): Trouble {
  if (!(error instanceof Unanswered)) {
    return { words: `The market could not be read: ${(error as Error).message}`, isFinal: false };
  }
  const { status, reason } = error;
  switch (status) {
    case 401:
    case 403:
      return { words: withReason("You may not see the market as a whole", reason), isFinal: true };
    case 404:
      return { words: "This server does not tell the market as a whole", isFinal: true };
    default: {
      // What is wrong with the question stays wrong; but for 429, which passes.
      const isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
      return { words: withReason(error.message, reason), isFinal };
    }
  }
}

function withReason(words: string, reason: string): string {
  return reason === "" ? words : `${words}: ${reason}`;
}
