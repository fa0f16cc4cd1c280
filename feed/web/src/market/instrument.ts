/** The state of one symbol on the page: last price, best bid and ask, status, recent course. */

import {
  type ConflatedTrade,
  type Quote,
  type Status,
  type Tick,
  type Trade,
  timeMs,
} from "../client/index.ts";
import { Day, type Extreme } from "./day.ts";
import { decimalsIn } from "./format.ts";
import { Series } from "./series.ts";

export type { Extreme } from "./day.ts";
export type Direction = -1 | 0 | 1;
/** Channels whose absence is said. */
export type DeniedChannel = "trades" | "quotes";

/**
 * Status codes that begin a halt, and that end one, on either tape (Alpaca "trading status": UTP
 * and CTA specifications), as feed/symbol_health.py has them. Others, an order imbalance say, do
 * neither.
 */
export const HALTED_CODES: ReadonlySet<string> = new Set(["H", "2", "P"]);
export const RESUMED_CODES: ReadonlySet<string> = new Set(["T", "3"]);
/** Status codes of the feed itself: a symbol that has fallen silent, and one that ticks again. */
const STALE_CODE = "STALE";
const LIVE_CODE = "LIVE";

export class Instrument {
  readonly symbol: string;
  readonly series = new Series();
  readonly day = new Day();
  last: number | undefined;
  lastMs: number | undefined;
  /** The time of its newest trade or quote. */
  asOfMs: number | undefined;
  bid: number | undefined;
  ask: number | undefined;
  bidSize: number | undefined;
  askSize: number | undefined;
  /** The status that stopped trading; undefined while it goes on. */
  halt: Status | undefined;
  /** The status that says it has fallen silent; undefined while it ticks as usual. */
  silence: Status | undefined;
  /** The warning that it is not listed; undefined once something came of it. */
  unlisted: string | undefined;
  /** What is said instead of what somebody's grant leaves out; it is gone once something came. */
  readonly denials = new Map<DeniedChannel, string>();
  /** The direction of the last change of each price. */
  lastDirection: Direction = 0;
  bidDirection: Direction = 0;
  askDirection: Direction = 0;
  /** The newest extreme of its day, and how many there were since it is watched. */
  extreme: Extreme | undefined;
  extremes = 0;
  readonly #extremeOf = new WeakMap<Tick, Extreme>();
  /** Grows with everything that is worth drawing. */
  version = 0;
  /** Decimals of its price step, or that its prices were seen with. */
  decimals = 2;

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /**
   * Change over the known part of the last hour, as a share of the first price's size, so that up is
   * above 0 for negative prices too; undefined when nothing is known, or when that price is 0.
   */
  get change(): number | undefined {
    const { first } = this.series;
    if (this.last === undefined || first === undefined) {
      return undefined;
    }
    return finite(this.last / Math.abs(first) - first / Math.abs(first));
  }

  get spread(): number | undefined {
    return this.bid === undefined || this.ask === undefined
      ? undefined
      : finite(this.ask - this.bid);
  }

  /** The status for which its prices are not current: a halt, or its silence. */
  get stopped(): Status | undefined {
    return this.halt ?? this.silence;
  }

  /** Forget what is of the time before a recording began anew: its course, and a halt. */
  beginPass(): void {
    this.series.clear();
    this.day.clear();
    this.halt = undefined;
    this.silence = undefined;
    this.version += 1;
  }

  /** Note what the server says of a symbol that is not listed. */
  warn(words: string): void {
    this.unlisted = words;
    this.version += 1;
  }

  /** Note that a channel of it is not granted, in words. */
  deny(channel: DeniedChannel, words: string): void {
    this.denials.set(channel, words);
    this.version += 1;
  }

  /** @param isRestated it is the last known one, and no news. */
  take(tick: Tick, isRestated = false): void {
    this.unlisted = undefined;
    switch (tick.T) {
      case "t":
        this.#trade(tick, isRestated);
        break;
      case "q":
        this.#quote(tick);
        break;
      case "s":
        this.#status(tick);
        break;
      default:
        return;
    }
    this.version += 1;
  }

  #status(status: Status): void {
    if (status.sc === STALE_CODE) {
      this.silence = status;
    } else if (status.sc === LIVE_CODE) {
      this.silence = undefined;
    } else if (HALTED_CODES.has(status.sc)) {
      this.halt = status;
    } else if (RESUMED_CODES.has(status.sc)) {
      this.halt = undefined;
    }
  }

  #trade(trade: Trade | ConflatedTrade, isRestated: boolean): void {
    this.denials.delete("trades");
    this.lastDirection = directionOf(trade.p, this.last, this.lastDirection);
    this.last = trade.p;
    this.lastMs = timeMs(trade.t);
    this.asOfMs = this.lastMs;
    this.#see(trade.p);
    this.series.push(this.lastMs, trade.p);
    if (isRestated) {
      this.day.restate(trade);
      return;
    }
    const extreme = this.day.take(trade);
    if (extreme !== undefined) {
      this.extreme = extreme;
      this.extremes += 1;
      this.#extremeOf.set(trade, extreme);
    }
  }

  /** Whether a trade that was taken made an extreme of its day. */
  extremeOf(trade: Tick): Extreme | undefined {
    return this.#extremeOf.get(trade);
  }

  #quote(quote: Quote): void {
    this.denials.delete("quotes");
    const bid = priceOf(quote.bp, quote.bs);
    const ask = priceOf(quote.ap, quote.as);
    this.bidDirection = directionOf(bid, this.bid, this.bidDirection);
    this.askDirection = directionOf(ask, this.ask, this.askDirection);
    this.bid = bid;
    this.ask = ask;
    this.bidSize = quote.bs;
    this.askSize = quote.as;
    this.asOfMs = timeMs(quote.t);
    this.#see(quote.bp);
    this.#see(quote.ap);
  }

  /** Take the digits of the step that the server tells; prices that have more show more. */
  tellStep(step: number): void {
    this.decimals = 0;
    for (const price of [step, this.last, this.bid, this.ask]) {
      if (price !== undefined) {
        this.#see(price);
      }
    }
    this.version += 1;
  }

  /** Note with how many decimals prices come. */
  #see(price: number): void {
    this.decimals = decimalsIn(price, this.decimals);
  }
}

/** A side of the book that is empty has neither price nor size; oil was offered at 0, too. */
function priceOf(price: number, size: number): number | undefined {
  return price === 0 && size === 0 ? undefined : price;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function directionOf(
  now: number | undefined,
  before: number | undefined,
  last: Direction,
): Direction {
  if (now === undefined || before === undefined || now === before) {
    return last;
  }
  return now > before ? 1 : -1;
}
