/**
 * Keeps the screen on, where the browser can: over HTTPS or from this machine, while the page is seen.
 *
 * Source: W3C, "Screen Wake Lock API": a lock is gone once the page is hidden, and asked for again.
 */

export class Awake {
  readonly #refused: (words: string) => void;
  readonly #seen = () => void this.#request();
  #lock: WakeLockSentinel | undefined;
  #isWanted = false;

  /** @param refused called with what the browser says, where it will not. */
  constructor(refused: (words: string) => void) {
    this.#refused = refused;
  }

  begin(): void {
    this.#isWanted = true;
    document.addEventListener("visibilitychange", this.#seen);
    void this.#request();
  }

  end(): void {
    this.#isWanted = false;
    document.removeEventListener("visibilitychange", this.#seen);
    void this.#lock?.release();
    this.#lock = undefined;
  }

  async #request(): Promise<void> {
    if (document.visibilityState === "hidden") {
      return;
    }
    const wakeLock = navigator.wakeLock as WakeLock | undefined;
    if (wakeLock === undefined) {
      this.#refused("this browser keeps screens on for pages over HTTPS only, or never");
      return;
    }
    try {
      const lock = await wakeLock.request("screen");
      if (this.#isWanted) {
        this.#lock = lock;
      } else {
        await lock.release(); // one has left meanwhile
      }
    } catch (error) {
      this.#refused((error as Error).message); // no battery left, say
    }
  }
}
