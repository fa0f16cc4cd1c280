/** A bell: code that waits for a change is woken when it rings, or after a while. */

import type { Environment } from "../environment.ts";

export class Bell {
  readonly #environment: Environment;
  #waiting: (() => void)[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Wake all that wait now. */
  ring(): void {
    const woken = this.#waiting;
    this.#waiting = [];
    for (const wake of woken) {
      wake();
    }
  }

  /** Wait for the next ring, for at most `limitMs`; return whether it rang. */
  wait(limitMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer =
        limitMs === undefined
          ? undefined
          : this.#environment.setTimeout(() => {
              this.#waiting = this.#waiting.filter((other) => other !== wake);
              resolve(false);
            }, limitMs);
      const wake = () => {
        this.#environment.clearTimeout(timer);
        resolve(true);
      };
      this.#waiting.push(wake);
    });
  }
}
