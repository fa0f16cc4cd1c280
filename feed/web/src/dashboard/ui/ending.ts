/** Why a visit has ended, as its connection hears of it. Pure. */

import { type FeedError, Refused } from "../../client/index.ts";

export class Ending {
  #hasExpired = false;

  /** Note a problem of the connection; return why the visit has ended, where it has. */
  note(error: FeedError): string | undefined {
    this.#hasExpired ||= /\bhas expired\b/.test(error.message); // told before the door is shut
    if (!(error instanceof Refused) || (error.code !== 401 && error.code !== 402)) {
      return undefined;
    }
    if (this.#hasExpired) {
      return "your key has expired";
    }
    return error.code === 402 ? "your key is not accepted any more" : "your visit has ended";
  }
}
