/** The newest tick of each kind per symbol: a page shows these when it is asked for a symbol. */

import type { Selection } from "./wire/selection.ts";
import type { Bar, ConflatedTrade, Quote, Status, Tick, Trade } from "./wire/ticks.ts";

/** The newest ticks of one symbol; the object is kept and its fields are replaced. */
export interface SymbolState {
  readonly symbol: string;
  trade: Trade | ConflatedTrade | undefined;
  quote: Quote | undefined;
  /** 1 minute. */
  bar: Bar | undefined;
  /** 1 second. */
  secondBar: Bar | undefined;
  status: Status | undefined;
}

export class Newest {
  readonly #states = new Map<string, SymbolState>();

  update(tick: Tick): void {
    let state = this.#states.get(tick.S);
    if (state === undefined) {
      state = {
        symbol: tick.S,
        trade: undefined,
        quote: undefined,
        bar: undefined,
        secondBar: undefined,
        status: undefined,
      };
      this.#states.set(tick.S, state);
    }
    switch (tick.T) {
      case "t":
        state.trade = tick;
        break;
      case "q":
        state.quote = tick;
        break;
      case "s":
        state.status = tick;
        break;
      case "b1s":
        state.secondBar = tick;
        break;
      case "b":
        state.bar = tick;
        break;
      case "u":
        // A late correction may be of an older minute than the newest one.
        if (state.bar === undefined || tick.t >= state.bar.t) {
          state.bar = tick;
        }
        break;
    }
  }

  get(symbol: string): SymbolState | undefined {
    return this.#states.get(symbol);
  }

  /** All that is known of a selection. */
  of(selection: Selection): Tick[] {
    const ticks: Tick[] = [];
    for (const { trade, quote, bar, secondBar, status } of this.#states.values()) {
      for (const tick of [status, bar, secondBar, quote, trade]) {
        if (tick !== undefined && selection.includes(tick)) {
          ticks.push(tick);
        }
      }
    }
    return ticks;
  }
}
