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
 *     │   └── Lost         the same request may succeed later
 *     ├── NoCredentials    the caller's function has none; fatal once those before have ended
 *     ├── Refused          the server said no: a dialect error or a problem document
 *     ├── Relayed          any of these, as it happened in the tab that holds the connection
 *     ├── Closed           the client was closed while somebody still waited
 *     ├── BatchRefused     the server did not take a batch of a publisher; those after it go on
 *     ├── BufferFull       there was no room for ticks within the time
 *     ├── GenerationFailed a language model did not answer, or not to the end
 *     ├── JobFailed        an export ended without its file
 *     ├── GaveUp           there was no connection for as long as the caller was willing to try
 *     ├── Undelivered      a publisher was closed, and ticks of it may not have arrived
 *     └── NameInUse        another program publishes under the same name
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

/** A request that was not answered, or with what passes by: it may be made again. */
export class Lost extends TransportFailed {
  override name = "Lost";
  /** The time that the server asked us to stay away, at least. */
  readonly awayMs: number;

  constructor(transport: string, reason: string, awayMs = 0) {
    super(transport, reason);
    this.awayMs = awayMs;
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
  /** The server's words, without the code. */
  readonly words: string;
  /** The problem document, with all that the server says of it, where there is one. */
  readonly problem: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: number | undefined,
    message: string,
    fatal: boolean,
    problem?: Readonly<Record<string, unknown>>,
  ) {
    super(code === undefined ? message : `${message} (${code})`);
    this.code = code;
    this.fatal = fatal;
    this.words = message;
    this.problem = problem;
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

/** The server did not take a batch: none of its ticks was applied, and those after it go on. */
export class BatchRefused extends FeedError {
  override name = "BatchRefused";
  /** The number of the batch. */
  readonly sequence: number;
  /** The server's, as an HTTP status: 400 for a wrong row, 403 for what is not granted. */
  readonly code: number;
  /** The place in it of the first tick that is wrong, from 1; undefined: it is not of one. */
  readonly row: number | undefined;
  /** The place of its first tick among all that was published, from 0. */
  readonly first: number;
  /** The number of ticks in it. */
  readonly ticks: number;

  constructor(
    sequence: number,
    code: number,
    row: number | undefined,
    words: string,
    first: number,
    ticks: number,
  ) {
    const which = row === undefined || row > ticks ? "" : `, published as number ${first + row}`;
    super(`batch ${sequence} of ${ticks} ticks was refused with ${code}: ${words}${which}`);
    this.sequence = sequence;
    this.code = code;
    this.row = row;
    this.first = first;
    this.ticks = ticks;
  }
}

/** There was no room within the time for ticks that were to be published. */
export class BufferFull extends FeedError {
  override name = "BufferFull";
  /** The number of ticks of this call that were taken; the rest was not. */
  readonly taken: number;
  /** The number of ticks held. */
  readonly ticks: number;
  /** The reason why they do not get away, in words. */
  readonly reason: string;

  constructor(taken: number, ticks: number, waitedMs: number, reason: string) {
    const room = `no room came in ${waitedMs / 1_000} s: ${reason}`;
    super(
      `the buffer is full, ${ticks} ticks, and ${room}; ${taken} ticks of this call were taken`,
    );
    this.taken = taken;
    this.ticks = ticks;
    this.reason = reason;
  }
}

/** A publisher was closed before the server had said of all ticks that it has them. */
export class Undelivered extends FeedError {
  override name = "Undelivered";
  /** The number of ticks of which it is not known. */
  readonly ticks: number;
  /** The place of the first of them among all that was published, from 0. */
  readonly first: number;
  /** In words. */
  readonly reason: string;

  constructor(ticks: number, first: number, reason: string) {
    const which = `from number ${first + 1} of all published`;
    super(`${ticks} ticks may not have arrived, ${which}: ${reason}`);
    this.ticks = ticks;
    this.first = first;
    this.reason = reason;
  }
}

/** A language model did not answer, or not to the end; what came before stands in the answer's text. */
export class GenerationFailed extends FeedError {
  override name = "GenerationFailed";
  override readonly fatal = true;
  /** Of the generation; undefined: it did not begin. */
  readonly id: string | undefined;
  /** The reason, for programs: "upstream_unreachable", "interrupted" … */
  readonly code: string;
  /** The server's words. */
  readonly words: string;

  constructor(id: string | undefined, code: string, words: string) {
    const which = id === undefined ? "the generation" : `generation ${id}`;
    super(`${which} failed (${code || "no code"}): ${words || "no reason given"}`);
    this.id = id;
    this.code = code;
    this.words = words;
  }
}

/** A job ended otherwise than with its file. */
export class JobFailed extends FeedError {
  override name = "JobFailed";
  override readonly fatal = true;
  readonly id: string;
  /** "failed" or "cancelled". */
  readonly state: string;
  /** The reason, for programs. */
  readonly code: string;
  /** The server's words. */
  readonly words: string;

  constructor(id: string, state: string, code: string, words: string) {
    super(
      `job ${id} ${state === "failed" ? "failed" : "was cancelled"}: ${words || code || "no reason given"}`,
    );
    this.id = id;
    this.state = state;
    this.code = code;
    this.words = words;
  }
}

/** There was no connection for as long as the caller was willing to try. */
export class GaveUp extends FeedError {
  override name = "GaveUp";
  override readonly fatal = true;
  readonly triedMs: number;
  /** The words of the last failure. */
  readonly reason: string;

  constructor(triedMs: number, reason: string) {
    super(`nothing came for ${Math.round(triedMs / 1_000)} s; last: ${reason}`);
    this.triedMs = triedMs;
    this.reason = reason;
  }
}

/** The server has a batch of this name and number that this program has not sent. */
export class NameInUse extends FeedError {
  override name = "NameInUse";
  override readonly fatal = true;
  readonly producer: string;
  readonly sequence: number;

  constructor(producer: string, sequence: number) {
    super(
      `the server has a batch ${sequence} of producer "${producer}" that was not sent from here: ` +
        "another program publishes under this name, or an earlier one's last bytes came just now; " +
        "give each program a name of its own, or begin again",
    );
    this.producer = producer;
    this.sequence = sequence;
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
