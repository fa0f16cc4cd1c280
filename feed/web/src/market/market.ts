/** All symbols that the page has heard of. */

import type { Tick } from "../client/index.ts";
import type { Listing } from "./directory.ts";
import { Instrument } from "./instrument.ts";
import { Passes } from "./passes.ts";

export class Market {
  readonly #instruments = new Map<string, Instrument>();
  readonly #passes = new Passes();
  readonly #steps = new Map<string, number>();
  /** The time of the newest tick. */
  newestMs: number | undefined;

  /** The instrument of a symbol; made when it is asked for first. */
  get(symbol: string): Instrument {
    let instrument = this.#instruments.get(symbol);
    if (instrument === undefined) {
      instrument = new Instrument(symbol);
      this.#instruments.set(symbol, instrument);
      this.#tellStep(instrument);
    }
    return instrument;
  }

  /** Take the price steps of what is listed. */
  learn(listings: readonly Listing[]): void {
    for (const { symbol, price_step: step } of listings) {
      if (step) {
        this.#steps.set(symbol, step);
      }
    }
    for (const instrument of this.#instruments.values()) {
      this.#tellStep(instrument);
    }
  }

  #tellStep(instrument: Instrument): void {
    const step = this.#steps.get(instrument.symbol);
    if (step !== undefined) {
      instrument.tellStep(step);
    }
  }

  /** Take news; return whether a recording began anew among them, so that courses did too. */
  take(ticks: readonly Tick[]): boolean {
    let isNewPass = false;
    for (const tick of ticks) {
      const instrument = this.get(tick.S);
      instrument.take(tick);
      if (tick.T === "t" && this.#passes.take(instrument.lastMs as number, Date.now())) {
        isNewPass = true;
        this.#beginPass();
        instrument.take(tick); // the first of its new course
      }
      if (tick.T === "t" || tick.T === "q") {
        this.#note(instrument.asOfMs as number);
      }
    }
    return isNewPass;
  }

  /** Take the last known state of symbols: of any time, in any order. */
  restate(ticks: readonly Tick[]): void {
    for (const tick of ticks) {
      const instrument = this.get(tick.S);
      instrument.take(tick, true);
      if (instrument.asOfMs !== undefined) {
        this.#note(instrument.asOfMs);
      }
    }
  }

  #note(timeMs: number): void {
    if (this.newestMs === undefined || timeMs > this.newestMs) {
      this.newestMs = timeMs;
    }
  }

  #beginPass(): void {
    this.newestMs = undefined;
    for (const instrument of this.#instruments.values()) {
      instrument.beginPass();
    }
  }

  /** The symbol with the newest trade. */
  lastTraded(): string | undefined {
    let newest: Instrument | undefined;
    for (const instrument of this.#instruments.values()) {
      if ((instrument.lastMs ?? 0) > (newest?.lastMs ?? 0)) {
        newest = instrument;
      }
    }
    return newest?.symbol;
  }
}
