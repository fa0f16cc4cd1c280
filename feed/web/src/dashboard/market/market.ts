/** All symbols that the page has heard of. */

import type { Tick } from "../../client/index.ts";
import { Instrument } from "./instrument.ts";
import { Passes } from "./passes.ts";

export class Market {
  readonly #instruments = new Map<string, Instrument>();
  readonly #passes = new Passes();
  /** The time of the newest tick. */
  newestMs: number | undefined;

  /** The instrument of a symbol; made when it is asked for first. */
  get(symbol: string): Instrument {
    let instrument = this.#instruments.get(symbol);
    if (instrument === undefined) {
      instrument = new Instrument(symbol);
      this.#instruments.set(symbol, instrument);
    }
    return instrument;
  }

  /** Take news; return whether a recording began anew among them, so that courses did too. */
  take(ticks: readonly Tick[]): boolean {
    let isNewPass = false;
    for (const tick of ticks) {
      const instrument = this.get(tick.S);
      instrument.take(tick);
      if (tick.T === "t" && this.#passes.take(instrument.lastMs as number)) {
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
      instrument.take(tick);
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
