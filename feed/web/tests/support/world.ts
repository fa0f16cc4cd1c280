/** A world for clients in tests: real sockets, no jitter, a page that does as it is told. */

import { EventSource } from "eventsource";
import { vi } from "vitest";
import { WebSocket } from "ws";
import { FeedClient, type FeedClientOptions } from "../../src/client/client.ts";
import type { Environment, PageChange } from "../../src/client/environment.ts";
import type { LinkStatus } from "../../src/client/link/status.ts";
import type { GapReport } from "../../src/client/receiver.ts";
import type { Tick } from "../../src/client/wire/ticks.ts";
import type { LocksOfOneTab } from "./locks.ts";

export class Page {
  isOnline = true;
  isVisible = true;
  readonly #listeners = new Set<(change: PageChange) => void>();

  change(change: PageChange): void {
    if (change === "online" || change === "offline") {
      this.isOnline = change === "online";
    }
    if (change === "visible" || change === "hidden") {
      this.isVisible = change === "visible";
    }
    for (const listener of this.#listeners) {
      listener(change);
    }
  }

  environment(locks?: LocksOfOneTab): Partial<Environment> {
    return {
      random: () => 0,
      isOnline: () => this.isOnline,
      isVisible: () => this.isVisible,
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      requestFrame: (callback) => {
        setImmediate(callback);
      },
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      WebSocketStream: undefined,
      EventSource: EventSource as unknown as typeof globalThis.EventSource,
      locks: locks as unknown as LockManager | undefined,
    };
  }
}

/** Everything that a client told. */
export class Record {
  readonly client: FeedClient;
  readonly page = new Page();
  readonly ticks: Tick[] = [];
  readonly snapshots: Tick[] = [];
  readonly gaps: GapReport[] = [];
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly phases: string[] = [];
  status: LinkStatus;

  constructor(origin: string, options: FeedClientOptions = {}, locks?: LocksOfOneTab) {
    this.client = new FeedClient({
      url: origin,
      ...options,
      environment: { ...this.page.environment(locks), ...options.environment },
    });
    this.status = this.client.status;
    this.client.on("batch", ({ ticks, isSnapshot }) => {
      (isSnapshot ? this.snapshots : this.ticks).push(...ticks);
    });
    this.client.on("gap", (gap) => this.gaps.push(gap));
    this.client.on("warning", ({ msg }) => this.warnings.push(msg));
    this.client.on("problem", (error) => this.problems.push(error.message));
    this.client.on("status", (status) => {
      if (status.phase !== this.status.phase) {
        this.phases.push(status.phase);
      }
      this.status = status;
    });
  }

  /** Trade ids received, which are sequences here. */
  get sequences(): number[] {
    return this.ticks.map((tick) => (tick.T === "t" ? tick.i : 0));
  }
}

/** The numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Wait until an expectation holds; what does not hold by then, even on a busy machine, never does. */
export function until(expectation: () => void): Promise<void> {
  return vi.waitFor(expectation, { timeout: 60_000, interval: 2 });
}
