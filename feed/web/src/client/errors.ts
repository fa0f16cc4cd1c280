/**
 * Every error that this client throws or reports on purpose.
 *
 * An error carries its numbers as properties; its message names the fault, the place, and the
 * values that are accepted. `fatal` says whether the client gives up: everything else it recovers
 * from by itself.
 *
 *     FeedError
 *     ├── InvalidInput     the caller passed something that is not accepted
 *     ├── LimitExceeded    a bound of this client would be exceeded
 *     ├── Malformed        bytes that are not a message: an HTML page, a cut frame, broken UTF-8
 *     ├── TransportFailed  one transport could not be opened, or ended
 *     ├── NoCredentials    the caller's function has none; fatal once those before have ended
 *     ├── Refused          the server said no: a dialect error or a problem document
 *     ├── Relayed          any of these, as it happened in the tab that holds the connection
 *     └── Closed           the client was closed while somebody still waited
 */

export class FeedError extends Error {
  /** Whether the client gives up; false: it goes on by itself. */
  readonly fatal: boolean = false;
  override name = "FeedError";
}

export class InvalidInput extends FeedError {
  override name = "InvalidInput";
  readonly parameter: string;
  readonly value: unknown;
  readonly accepted: string;

  constructor(parameter: string, value: unknown, accepted: string) {
    super(`${parameter}: ${shorten(value)} is not accepted; accepted: ${accepted}`);
    this.parameter = parameter;
    this.value = value;
    this.accepted = accepted;
  }
}

export class LimitExceeded extends FeedError {
  override name = "LimitExceeded";
  readonly limit: string;
  readonly requested: number;
  readonly maximum: number;

  constructor(limit: string, requested: number, maximum: number) {
    super(`${limit}: ${requested} would exceed the limit of ${maximum}`);
    this.limit = limit;
    this.requested = requested;
    this.maximum = maximum;
  }
}

export class Malformed extends FeedError {
  override name = "Malformed";
  /** The beginning of the received data, for a person. */
  readonly excerpt: string;

  constructor(problem: string, received: unknown) {
    const excerpt = shorten(received);
    super(`${problem}; received ${excerpt}`);
    this.excerpt = excerpt;
  }
}

export class TransportFailed extends FeedError {
  override name = "TransportFailed";
  /** "websocket", "stream" or "sse". */
  readonly transport: string;
  /** The cause, in words. */
  readonly reason: string;

  constructor(transport: string, reason: string) {
    super(`${transport}: ${reason}`);
    this.transport = transport;
    this.reason = reason;
  }
}

export class NoCredentials extends FeedError {
  override name = "NoCredentials";
  /** The cause, in words. */
  readonly reason: string;
  override readonly fatal: boolean;

  constructor(reason: string, haveEnded = false) {
    const words = `there are no credentials: ${reason}`;
    super(haveEnded ? `the identity has ended, and ${words}` : words);
    this.reason = reason;
    this.fatal = haveEnded;
  }
}

export class Refused extends FeedError {
  override name = "Refused";
  /** The dialect's error code, or the HTTP status; undefined for a goodbye, which has no code. */
  readonly code: number | undefined;
  override readonly fatal: boolean;

  constructor(code: number | undefined, message: string, fatal: boolean) {
    super(code === undefined ? message : `${message} (${code})`);
    this.code = code;
    this.fatal = fatal;
  }
}

export class Relayed extends FeedError {
  override name = "Relayed";
  override readonly fatal: boolean;

  constructor(message: string, fatal: boolean) {
    super(message);
    this.fatal = fatal;
  }
}

export class Closed extends FeedError {
  override name = "Closed";

  constructor() {
    super("the client was closed");
  }
}

/** Quote a value that came from outside for a message, cut to `limit` characters. */
export function shorten(value: unknown, limit = 80): string {
  let text: string;
  if (value instanceof Uint8Array) {
    const bytes = Array.from(value.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0"));
    text = `${value.byteLength} bytes ${bytes.join(" ")}`;
  } else {
    text = JSON.stringify(value) ?? String(value);
  }
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
