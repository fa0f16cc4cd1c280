/** The state of a connection at one moment, as a value that never changes. */

import type { TransportKind } from "../transports/transport.ts";
import type { CodecName } from "../wire/codec.ts";
import type { SubscriptionState } from "../wire/ticks.ts";

/**
 * - `idle`: nothing is subscribed to
 * - `connecting`: a transport is being tried
 * - `live`: connected
 * - `waiting`: the last attempt failed; the next one comes at `retryAtMs`
 * - `offline`: the browser says there is no network; tried again when it says there is
 * - `hidden`: the page is hidden, and it was asked to disconnect then
 * - `parked`: dropped because nobody reads; resumes when somebody does
 * - `stopped`: the server refused for good, or the client was closed
 */
export type Phase =
  | "idle"
  | "connecting"
  | "live"
  | "waiting"
  | "offline"
  | "hidden"
  | "parked"
  | "stopped";

export interface LinkStatus {
  readonly phase: Phase;
  /** In use, or being tried. */
  readonly transport: TransportKind | undefined;
  readonly codec: CodecName;
  /** "deflate", "gzip", "identity"; undefined where the browser does not tell. */
  readonly compression: string | undefined;
  /** The transports that "auto" tried in vain, with reasons: `websocket: could not connect…`. */
  readonly fallbacks: readonly string[];
  /** The last failure, in words; undefined once connected. */
  readonly problem: string | undefined;
  /** The time of the next attempt, in ms since the Unix epoch. */
  readonly retryAtMs: number | undefined;
  readonly connectedAtMs: number | undefined;
  /**
   * The id of the connection at the server, or of the last one: `feed why 17` tells what happened
   * to it. Undefined over EventSource, which shows no headers.
   */
  readonly connection: number | undefined;
  /** What the server gives, as it said last: less than was asked for where not all is granted. */
  readonly subscribed: SubscriptionState | undefined;
  /** Connections made, and those of them that were made after one had been lost. */
  readonly connects: number;
  readonly reconnects: number;
  /** Frames that could not be understood. */
  readonly malformed: number;
  /** Ticks dropped because they came twice. */
  readonly duplicates: number;
  /** "own", or this tab's part in a connection that the tabs of this origin share. */
  readonly role: "own" | "leader" | "follower";
  /** Tabs on the connection. */
  readonly tabs: number;
}

export const INITIAL_STATUS: LinkStatus = {
  phase: "idle",
  transport: undefined,
  codec: "json",
  compression: undefined,
  fallbacks: [],
  problem: undefined,
  retryAtMs: undefined,
  connectedAtMs: undefined,
  connection: undefined,
  subscribed: undefined,
  connects: 0,
  reconnects: 0,
  malformed: 0,
  duplicates: 0,
  role: "own",
  tabs: 1,
};
