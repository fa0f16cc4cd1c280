/** A link: how a client gets its frames, over a connection of its own or one shared between tabs. */

import type { FeedError } from "../errors.ts";
import type { Conflation, Credentials, OnLagName, TransportName } from "../transports/transport.ts";
import type { CodecName, Payload } from "../wire/codec.ts";
import type { Selection } from "../wire/selection.ts";
import type { Message, Tick } from "../wire/ticks.ts";
import type { LinkStatus } from "./status.ts";

/** What can be changed while it runs. */
export interface Settings {
  transport: TransportName;
  codec: CodecName;
  conflate: Conflation;
  onLag: OnLagName | undefined;
  compress: boolean | undefined;
  /** Read at most so many bytes a second; 0 stops reading, undefined reads freely. */
  throttle: number | undefined;
}

export const DEFAULT_SETTINGS: Settings = {
  transport: "auto",
  codec: "json",
  conflate: {},
  onLag: undefined,
  compress: undefined,
  throttle: undefined,
};

/** What stays as it was when the client was made. */
export interface LinkOptions {
  origin: string;
  credentials: Credentials | undefined;
  /** A connection that is open but silent for this long is dead; the server speaks every 10 s. */
  heartbeatMs: number;
  /** How long a transport may take to open. */
  connectTimeoutMs: number;
  /** What becomes of the connection while the page is hidden. */
  whenHidden: "keep" | "disconnect";
}

/** One frame, understood. */
export interface Frame {
  payload: Payload;
  codec: CodecName;
  messages: Message[];
  /** Whether the messages differ from what the payload says: a gap was added, doubles were dropped. */
  altered: boolean;
  /** The position after it. */
  position: string | undefined;
  receivedMs: number;
}

/** Who is told what comes over a link. */
export interface LinkObserver {
  onFrame(frame: Frame): void;
  onStatus(status: LinkStatus): void;
  onProblem(error: FeedError): void;
  /** The last known state of a selection, for a tab that joins. */
  newest(selection: Selection): Tick[];
}

export interface Link {
  readonly status: LinkStatus;
  readonly settings: Settings;
  /** The position after the last frame. */
  readonly position: string | undefined;
  /** Ask for this selection in place of the one before; resolves once the server acknowledged it. */
  select(selection: Selection): Promise<void>;
  /** Change settings; the connection is made anew where that is needed, and resumes. */
  configure(changes: Partial<Settings>): void;
  /** Drop the connection and make it anew, at once or after a while, resuming. */
  reconnect(delayMs?: number): void;
  /** Whether somebody who reads is behind, so that reading should wait. */
  setPaused(paused: boolean): void;
  close(): void;
}
