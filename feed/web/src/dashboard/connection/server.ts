/** The answers of `/v1/status`, asked for now and then while the page is visible. */

import { isHidden } from "../../elements/sight.ts";

export interface Traffic {
  transport: string;
  codec: string;
  /** Bytes of frames as they went to the sockets, and as they were before compression. */
  frame_bytes: number;
  plain_bytes: number;
}

export interface SourceStatus {
  name: string;
  /** Ticks happen now; older servers do not tell. */
  live?: boolean;
  up: boolean;
  finished: boolean;
  last_error: string;
  /** What subscribers were told of it last; older servers tell it of all of them only. */
  feed?: { state: string; reason: string };
  /** That it is one side of a pair. */
  pair?: { of: string };
}

export interface ServerStatus {
  version: string;
  pos: string;
  /** The first of them. */
  source: SourceStatus;
  /** Older servers have one. */
  sources?: SourceStatus[];
  /** Older servers do not tell. */
  feed?: { state: string; reason: string };
  /** By health. */
  symbols: Record<string, number>;
  ring: { capacity: number; oldest_age_s: number };
  connections: Record<string, number>;
  ladder: Record<string, number>;
  resumes: Record<string, number>;
  /** Older servers do not tell. */
  traffic?: Traffic[];
}

const INTERVAL_MS = 2_000;
/** While somebody waits for a step of the ladder. */
const EAGER_MS = 500;

export class ServerWatch {
  readonly #listener: (status: ServerStatus | undefined) => void;
  #intervalMs = INTERVAL_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Call back with every answer that comes while the page is visible; with undefined when there is none. */
  constructor(listener: (status: ServerStatus | undefined) => void) {
    this.#listener = listener;
    document.addEventListener("visibilitychange", () => this.#schedule(0));
    this.#schedule(0);
  }

  /** Ask more often from now on, or no longer. */
  set isEager(isEager: boolean) {
    this.#intervalMs = isEager ? EAGER_MS : INTERVAL_MS;
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!isHidden()) {
      this.#timer = setTimeout(() => void this.#ask(), delayMs);
    }
  }

  async #ask(): Promise<void> {
    let status: ServerStatus | undefined;
    try {
      const response = await fetch("v1/status", { signal: AbortSignal.timeout(INTERVAL_MS) });
      status = response.ok ? ((await response.json()) as ServerStatus) : undefined;
    } catch {
      status = undefined; // the connection panel says what is wrong
    }
    if (isHidden()) {
      return; // it is asked for anew when the page is shown
    }
    this.#listener(status);
    this.#schedule(this.#intervalMs);
  }
}
