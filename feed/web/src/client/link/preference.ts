/** The transports to try, in order. Pure. */

import { TRANSPORTS, type TransportKind, type TransportName } from "../transports/transport.ts";

/** Rounds for the transport that worked last, until "auto" tries the others too. */
const LOYAL_ROUNDS = 3;

export class Preference {
  #loyalTo: TransportKind | undefined;
  #failedRounds = 0;

  /** The transports to try now. */
  candidates(setting: TransportName): readonly TransportKind[] {
    if (setting !== "auto") {
      return [setting];
    }
    if (this.#loyalTo !== undefined && this.#failedRounds < LOYAL_ROUNDS) {
      return [this.#loyalTo];
    }
    return TRANSPORTS;
  }

  /** Note that a transport delivered something. */
  worked(kind: TransportKind): void {
    this.#loyalTo = kind;
    this.#failedRounds = 0;
  }

  /** Note that nothing came by any of those that were tried. */
  failed(): void {
    this.#failedRounds += 1;
  }

  /** Forget what worked: the user chose anew. */
  reset(): void {
    this.#loyalTo = undefined;
    this.#failedRounds = 0;
  }
}
