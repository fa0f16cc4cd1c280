/** Web Locks for tests: one browser, several tabs that can crash. Source: Web Locks API (W3C). */

interface Held {
  name: string;
  tab: LocksOfOneTab;
  release: () => void;
  breakIt: () => void;
}

interface Waiting {
  name: string;
  tab: LocksOfOneTab;
  grant: () => void;
}

export class Browser {
  held: Held[] = [];
  waiting: Waiting[] = [];

  tab(): LocksOfOneTab {
    return new LocksOfOneTab(this);
  }

  /** Hand free locks to whoever waits for them, first come first served. */
  settle(): void {
    for (const waiting of [...this.waiting]) {
      if (!this.held.some(({ name }) => name === waiting.name)) {
        this.waiting = this.waiting.filter((other) => other !== waiting);
        waiting.grant();
      }
    }
  }
}

export class LocksOfOneTab {
  readonly #browser: Browser;
  /** Called in place of what a frozen tab learns only when it is thawed. */
  defer: ((learn: () => void) => void) | undefined;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  request(name: string, options: LockOptions, callback: () => Promise<void>): Promise<void> {
    const browser = this.#browser;
    return new Promise((resolve, reject) => {
      const learn = () => reject(new DOMException("aborted", "AbortError"));
      const aborted = () => (this.defer === undefined ? learn() : this.defer(learn));
      const grant = () => {
        const held: Held = {
          name,
          tab: this,
          release: () => {
            browser.held = browser.held.filter((other) => other !== held);
            browser.settle();
          },
          breakIt: aborted,
        };
        browser.held.push(held);
        queueMicrotask(() => {
          callback()
            .then(resolve, reject)
            .finally(() => held.release());
        });
      };
      const waiting: Waiting = { name, tab: this, grant };
      options.signal?.addEventListener("abort", () => {
        if (browser.waiting.includes(waiting)) {
          browser.waiting = browser.waiting.filter((other) => other !== waiting);
          aborted();
        }
      });
      if (options.steal) {
        for (const held of browser.held.filter((other) => other.name === name)) {
          browser.held = browser.held.filter((other) => other !== held);
          held.breakIt();
        }
        grant();
        return;
      }
      browser.waiting.push(waiting);
      browser.settle();
    });
  }

  async query(): Promise<{ held: { name: string }[] }> {
    return { held: this.#browser.held.map(({ name }) => ({ name })) };
  }

  /** The tab is gone, without a goodbye. */
  crash(): void {
    const browser = this.#browser;
    browser.waiting = browser.waiting.filter(({ tab }) => tab !== this);
    browser.held = browser.held.filter(({ tab }) => tab !== this);
    browser.settle();
  }
}
