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
  #isRefused = false; // as was said

  /** @param refused called with what the browser says, where it will not. */
  constructor(refused: (words: string) => void) {
    this.#refused = refused;
  }

  begin(): void {
    this.#isWanted = true;
    this.#isRefused = false;
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
      this.#refuse("this browser keeps screens on for pages over HTTPS only, or never");
      return;
    }
    try {
      const lock = await wakeLock.request("screen");
      if (this.#isWanted && this.#lock?.released !== false) {
        this.#lock = lock;
      } else {
        await lock.release(); // one has left meanwhile, or another is held
      }
    } catch (error) {
      this.#refuse((error as Error).message); // no battery left, say
    }
  }

  #refuse(words: string): void {
    if (this.#isWanted && !this.#isRefused) {
      this.#isRefused = true;
      this.#refused(words);
    }
  }
}
