/**
 * The world outside: clock, timers, network, page. Everything else in this package asks here.
 *
 * In a browser the default serves; tests and Node pass their own parts. A part that a browser lacks
 * is undefined, and code that needs it says so.
 */

import type {
  BroadcastChannelConstructor,
  EventSourceConstructor,
  Fetch,
  Locks,
  Readable,
  Signal,
  WebSocketConstructor,
  Writable,
} from "./platform.ts";

export interface Environment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Call back before the next paint; while nothing is painted, about once a second. */
  requestFrame(callback: () => void): void;
  isOnline(): boolean;
  isVisible(): boolean;
  /** Call back when the page goes online or offline, is shown or hidden, left or restored. */
  onChange(listener: (change: PageChange) => void): () => void;

  /** The server's address where none is named. */
  readonly base: string | undefined;
  readonly fetch: Fetch;
  readonly WebSocket: WebSocketConstructor | undefined;
  readonly WebSocketStream: WebSocketStreamConstructor | undefined;
  readonly EventSource: EventSourceConstructor | undefined;
  readonly locks: Locks | undefined;
  readonly BroadcastChannel: BroadcastChannelConstructor | undefined;
}

export type PageChange = "online" | "offline" | "visible" | "hidden" | "left" | "restored";

/** WebSocket with backpressure, where there is one (Chromium since 124); not in lib.dom yet. */
export interface WebSocketStreamConstructor {
  new (url: string, options?: { protocols?: string[]; signal?: Signal }): WebSocketStreamLike;
}

export interface WebSocketStreamLike {
  readonly opened: Promise<{
    readable: Readable<string | Uint8Array | ArrayBuffer>;
    writable: Writable<string | Uint8Array>;
    extensions: string;
    protocol: string;
  }>;
  readonly closed: Promise<{ closeCode?: number; reason?: string }>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

/** The time between two readings of `now`, whose clock may have been set back in between. */
export function between(oneMs: number, otherMs: number): number {
  return Math.abs(otherMs - oneMs);
}

/** While a page is hidden browsers paint nothing and wake timers about once a second at most. */
const HIDDEN_FRAME_MS = 1_000;
/** Outside of browsers: 60 a second. */
const FRAME_MS = 1_000 / 60;

/** The world as this global scope has it; `parts` stand in for some of it. */
export function environment(parts: Partial<Environment> = {}): Environment {
  const scope = globalThis as typeof globalThis & { WebSocketStream?: WebSocketStreamConstructor };
  const page = typeof document === "undefined" ? undefined : document;
  const isVisible = parts.isVisible ?? (() => page?.visibilityState !== "hidden");
  const navigator = typeof scope.navigator === "undefined" ? undefined : scope.navigator;
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    setTimeout: (callback, delayMs) => scope.setTimeout(callback, delayMs),
    clearTimeout: (timer) => scope.clearTimeout(timer as number),
    requestFrame: (callback) => requestFrame(callback, isVisible),
    isOnline: () => navigator?.onLine !== false,
    isVisible,
    onChange: (listener) => listenToPage(listener),
    base: ownBase(),
    fetch: (input, init) => scope.fetch(input, init),
    WebSocket: scope.WebSocket,
    WebSocketStream: scope.WebSocketStream,
    EventSource: scope.EventSource,
    locks: page === undefined ? undefined : navigator?.locks, // Node and workers have no tabs
    BroadcastChannel: scope.BroadcastChannel,
    ...parts,
  };
}

/** The module that a server offers to pages; it stands where the server's paths begin. */
const MODULE = /\/client\.js(\?.*)?$/;

function ownBase(): string | undefined {
  const { url = "" } = import.meta as { url?: string }; // of the bundle that this is a part of
  if (/^https?:/.test(url) && MODULE.test(url)) {
    return url.replace(MODULE, "/");
  }
  return typeof location === "undefined" ? undefined : location.origin;
}

function requestFrame(callback: () => void, isVisible: () => boolean): void {
  if (typeof requestAnimationFrame === "undefined") {
    setTimeout(callback, FRAME_MS);
  } else if (isVisible()) {
    // A page that is hidden meanwhile gets its frame by the timer.
    let due = true;
    const once = () => {
      if (due) {
        due = false;
        clearTimeout(timer);
        callback();
      }
    };
    const timer = setTimeout(once, HIDDEN_FRAME_MS);
    requestAnimationFrame(once);
  } else {
    setTimeout(callback, HIDDEN_FRAME_MS);
  }
}

function listenToPage(listener: (change: PageChange) => void): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") {
    return () => {};
  }
  const listeners = new AbortController();
  const { signal } = listeners;
  window.addEventListener("online", () => listener("online"), { signal });
  window.addEventListener("offline", () => listener("offline"), { signal });
  window.addEventListener("pagehide", () => listener("left"), { signal });
  window.addEventListener("pageshow", (event) => event.persisted && listener("restored"), {
    signal,
  });
  document.addEventListener(
    "visibilitychange",
    () => listener(document.visibilityState === "hidden" ? "hidden" : "visible"),
    { signal },
  );
  return () => listeners.abort();
}
