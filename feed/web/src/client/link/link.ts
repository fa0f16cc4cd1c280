/** A link: the way of frames to a client, over a connection of its own or of all tabs. */

import type { FeedError } from "../errors.ts";
import type {
  Conflation,
  CredentialsSource,
  OnLagName,
  TransportName,
} from "../transports/transport.ts";
import type { CodecName, Payload } from "../wire/codec.ts";
import type { Selection } from "../wire/selection.ts";
import type { Message, Tick, Warning } from "../wire/ticks.ts";
import type { Word } from "../wire/words.ts";
import type { LinkStatus } from "./status.ts";

/** The settings that can be changed while it runs. */
export interface Settings {
  transport: TransportName;
  codec: CodecName;
  conflate: Conflation;
  onLag: OnLagName | undefined;
  /** Begin at this position, time, or while ago (`-30s`), and not now; only before it has a position. */
  after: string | undefined;
  /** Likewise so many ticks of what is subscribed back. */
  last: number | undefined;
  /** Of each tick only these keys, beside `T` and `S`; undefined: all. */
  fields: readonly string[] | undefined;
  compress: boolean | undefined;
  /** Bytes a second that are read at most; 0 stops reading, undefined reads freely. */
  throttle: number | undefined;
}

export const DEFAULT_SETTINGS: Settings = {
  transport: "auto",
  codec: "json",
  conflate: {},
  onLag: undefined,
  after: undefined,
  last: undefined,
  fields: undefined,
  compress: undefined,
  throttle: undefined,
};

/** The options that stay as they were when the client was made. */
export interface LinkOptions {
  base: string;
  credentials: CredentialsSource | undefined;
  /** A connection that is open but silent for this long is dead; the server speaks every 10 s. */
  heartbeatMs: number;
  /** The time that a transport may take to open. */
  connectTimeoutMs: number;
  /** Whether the connection is kept while the page is hidden. */
  whenHidden: "keep" | "disconnect";
}

/** One frame, understood. */
export interface Frame {
  /** Empty where the frame came over no wire, but was made of what is known here. */
  payload: Payload;
  codec: CodecName;
  messages: Message[];
  /** Whether the messages differ from the payload: a gap was added, or doubles were dropped. */
  altered: boolean;
  /** The position after it. */
  position: string | undefined;
  receivedMs: number;
}

/** The receiver of all that comes over a link. */
export interface LinkObserver {
  onFrame(frame: Frame): void;
  onStatus(status: LinkStatus): void;
  onProblem(error: FeedError): void;
  /** The last known state of a selection, for a tab that joins. */
  newest(selection: Selection): (Tick | Word)[];
  /** What the connection was warned of, for a tab that joins. */
  warnings(): Warning[];
}

export interface Link {
  readonly status: LinkStatus;
  readonly settings: Settings;
  /** The position after the last frame. */
  readonly position: string | undefined;
  /** Ask for this selection in place of the last one; resolves once it is acknowledged. */
  select(selection: Selection): Promise<void>;
  /** Change settings; the connection is made anew where that is needed, and resumes. */
  configure(changes: Partial<Settings>): void;
  /** Drop the connection and make it anew, at once or after a while, resuming. */
  reconnect(delayMs?: number): void;
  /** Whether somebody who reads is behind, so that reading should wait. */
  setPaused(paused: boolean): void;
  close(): void;
}
