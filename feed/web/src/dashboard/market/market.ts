/** All symbols that the page has heard of. */

import type { Tick } from "../../client/index.ts";
import { Instrument } from "./instrument.ts";

export class Market {
  readonly #instruments = new Map<string, Instrument>();

  /** The instrument of a symbol; made when it is asked for first. */
  get(symbol: string): Instrument {
    let instrument = this.#instruments.get(symbol);
    if (instrument === undefined) {
      instrument = new Instrument(symbol);
      this.#instruments.set(symbol, instrument);
    }
    return instrument;
  }

  take(ticks: readonly Tick[]): void {
    for (const tick of ticks) {
      this.get(tick.S).take(tick);
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
