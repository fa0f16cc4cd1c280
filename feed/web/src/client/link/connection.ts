/**
 * A connection to the server that is kept up: fallback, reconnect, resume.
 *
 * Theory of operation: one loop. It waits until something is wanted, runs a session by each
 * transport in turn until one is read, waits as the backoff says, and begins again from the
 * position that the frames have carried it to. A change from outside (a selection, a setting, the
 * page going offline) goes into the open session or ends it, and the loop does the rest. The
 * meaning of frames is the observer's business.
 */

import type { Environment, PageChange } from "../environment.ts";
import {
  Closed,
  type FeedError,
  Malformed,
  NoCredentials,
  Refused,
  TransportFailed,
} from "../errors.ts";
import type { Credentials, Request, TransportKind } from "../transports/transport.ts";
import { Progress } from "../wire/progress.ts";
import { Selection } from "../wire/selection.ts";
import { type Expiring, isTick } from "../wire/ticks.ts";
import { Absence } from "./absence.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Backoff, LAST_CEILING_MS } from "./backoff.ts";
import { Bell } from "./bell.ts";
import { Gate } from "./gate.ts";
import {
  DEFAULT_SETTINGS,
  type Frame,
  type Link,
  type LinkObserver,
  type LinkOptions,
  type Settings,
} from "./link.ts";
import { Papers } from "./papers.ts";
import { Preference } from "./preference.ts";
import { leftUntil, Renewal } from "./renewal.ts";
import { isPositionRefused, Session } from "./session.ts";
import { INITIAL_STATUS, type LinkStatus } from "./status.ts";

/** For this time changes of the selection that need a new connection are collected. */
const COLLECT_MS = 50;
/** After this number of tries a position after which nothing can be read is given up. */
const MALFORMED_TRIES = 3;

/** The end of a round over the transports; without an error it was ended on purpose. */
interface RoundEnd {
  error: FeedError | undefined;
  received: boolean;
}

export class Connection implements Link {
  readonly #options: LinkOptions;
  readonly #observer: LinkObserver;
  readonly #environment: Environment;
  readonly #acknowledgements = new Acknowledgements();
  readonly #progress = new Progress();
  readonly #backoff: Backoff;
  readonly #gate: Gate;
  readonly #wake: Bell; // ends a wait between two sessions
  readonly #preference = new Preference();
  readonly #absence: Absence;
  readonly #papers: Papers;
  readonly #unlisten: () => void;
  settings: Settings;
  status: LinkStatus = INITIAL_STATUS;

  #selection = Selection.NOTHING;
  #revision = 0; // counts changes of the selection
  #covered = Selection.NOTHING; // its snapshot has come, so a resume needs none
  #covering = Selection.NOTHING; // its snapshot was asked for
  #session: Session | undefined;
  #renewal: Renewal | undefined; // of the session's identity
  #syncTimer: unknown; // a change of the selection is about to go out
  #closed = false;
  #wasLost = false; // the last session ended otherwise than for another selection or setting
  #stayAwayMs = 0; // before the next session, as was asked for
  #malformedTries = 0;
  #sentAwayMs: number | undefined; // told by a server that left

  constructor(
    options: LinkOptions,
    settings: Partial<Settings>,
    observer: LinkObserver,
    environment: Environment,
  ) {
    this.#options = options;
    this.settings = { ...DEFAULT_SETTINGS, ...settings };
    this.#observer = observer;
    this.#environment = environment;
    this.#backoff = new Backoff(() => environment.random());
    this.#gate = new Gate(environment);
    this.#gate.bytesPerSecond = this.settings.throttle;
    this.#wake = new Bell(environment);
    this.#papers = new Papers(options.credentials, environment);
    this.#absence = new Absence(environment, options.whenHidden, () => this.#endSession());
    this.#unlisten = environment.onChange((change) => this.#pageChanged(change));
    void this.#run();
  }

  get position(): string | undefined {
    return this.#progress.position;
  }

  /** Go on where a connection with this selection and this history stood. */
  resumeFrom(position: string, selection: Selection, history: LinkStatus): void {
    this.#progress.moveTo(position);
    this.#progress.duplicates = history.duplicates;
    this.#covered = selection;
    this.#covering = selection;
    const { connects, reconnects, malformed, duplicates } = history;
    this.status = { ...this.status, connects, reconnects, malformed, duplicates };
    this.#wasLost = connects > 0;
  }

  select(selection: Selection): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new Closed());
    }
    // What is asked for once more after it was refused for good is tried once more.
    if (!selection.equals(this.#selection) || this.status.phase === "stopped") {
      this.#selection = selection;
      this.#revision += 1;
      this.#scheduleSync();
    }
    return this.#acknowledgements.wait(this.#revision);
  }

  configure(changes: Partial<Settings>): void {
    const before = this.settings;
    this.settings = { ...before, ...changes };
    if (before.throttle !== this.settings.throttle) {
      this.#gate.bytesPerSecond = this.settings.throttle;
      this.#wakeIf("parked");
    }
    if (before.transport !== this.settings.transport) {
      this.#preference.reset();
    }
    const { throttle } = before; // not a matter of the wire
    if (JSON.stringify(before) !== JSON.stringify({ ...this.settings, throttle })) {
      this.#backoff.reset();
      this.#endSession();
    }
  }

  reconnect(delayMs = 0): void {
    this.#backoff.reset();
    this.#stayAwayMs = delayMs;
    this.#wasLost = this.status.connects > 0;
    this.#endSession();
  }

  setPaused(paused: boolean): void {
    this.#gate.paused = paused;
    this.#wakeIf("parked");
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#unlisten();
    this.#absence.stop();
    this.#environment.clearTimeout(this.#syncTimer);
    this.#endSession();
    this.#acknowledgements.rejectAll(new Closed());
    this.#rest("stopped");
  }

  /** End the open session on purpose; the next one begins at once. */
  #endSession(): void {
    this.#session?.end();
    this.#wake.ring();
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // let the caller finish setting up
    while (!this.#closed) {
      const resting = this.#restingPhase();
      if (resting !== undefined) {
        this.#stayAwayMs = 0; // there is nothing to stay away from
        this.#rest(resting);
        await this.#wake.wait();
        continue;
      }
      if (this.#stayAwayMs > 0) {
        await this.#stayAway();
        continue;
      }
      const { error, received } = await this.#round();
      if (this.#closed) {
        break;
      }
      if (error === undefined) {
        continue;
      }
      if (!received && !(error instanceof NoCredentials)) {
        this.#preference.failed();
      }
      this.#observer.onProblem(error);
      await this.#waitAfter(error);
    }
  }

  /** The phase while no connection is wanted, or undefined while one is. */
  #restingPhase(): "idle" | "hidden" | "parked" | undefined {
    if (this.#selection.isEmpty) {
      this.#acknowledgements.acknowledge(this.#revision); // nobody has to be told
      return "idle";
    }
    if (this.#absence.isAway) {
      return "hidden";
    }
    return this.#gate.isClosed ? "parked" : undefined;
  }

  /** Wait for as long as was asked for. */
  async #stayAway(): Promise<void> {
    const delayMs = this.#stayAwayMs;
    this.#stayAwayMs = 0;
    this.#rest("waiting", { retryAtMs: this.#environment.now() + delayMs });
    await this.#wake.wait(delayMs);
  }

  /** Wait until the next attempt is due. */
  async #waitAfter(error: FeedError): Promise<void> {
    const problem = error.message;
    if (error.fatal) {
      this.#acknowledgements.rejectAll(error);
      this.#rest("stopped", { problem });
      await this.#wake.wait(); // for another selection, other settings, or `reconnect`
    } else if (this.#environment.isOnline()) {
      const delayMs = this.#sentAwayMs ?? this.#backoff.next();
      this.#rest("waiting", { problem, retryAtMs: this.#environment.now() + delayMs });
      await this.#wake.wait(delayMs);
    } else {
      // Browsers are sometimes wrong about being offline, so it is tried now and then all the same.
      this.#rest("offline", { problem });
      await this.#wake.wait(LAST_CEILING_MS);
    }
  }

  /** Try the transports in turn; return how the one that was read, or the last one, ended. */
  async #round(): Promise<RoundEnd> {
    const fallbacks: string[] = [];
    const candidates = this.#preference.candidates(this.settings.transport);
    for (const kind of candidates) {
      const end = await this.#use(kind, fallbacks);
      // Nor is a lack of credentials a matter of the transport.
      const isOnly = candidates.length === 1 || end.error instanceof NoCredentials;
      if (isOnly || end.received || end.error === undefined || end.error.fatal) {
        return end;
      }
      fallbacks.push(end.error.message);
    }
    return { error: new TransportFailed("no transport", fallbacks.join("; ")), received: false };
  }

  /** Run one session. */
  async #use(kind: TransportKind, fallbacks: readonly string[]): Promise<RoundEnd> {
    let credentials: Credentials | undefined;
    try {
      credentials = await this.#papers.show();
    } catch (error) {
      if (error instanceof NoCredentials) {
        return { error, received: false };
      }
      throw error;
    }
    if (this.#closed || this.#restingPhase() !== undefined || this.#stayAwayMs > 0) {
      return { error: undefined, received: false }; // nobody wants it any more
    }
    this.#environment.clearTimeout(this.#syncTimer); // the request has the selection
    this.#syncTimer = undefined;
    const request = this.#request(credentials);
    const session = new Session(
      kind,
      request,
      this.#revision,
      this.#progress,
      this.#gate,
      this.#options,
      this.#environment,
      {
        opened: (opened) => {
          this.#cover(request.selection);
          this.#setStatus({
            phase: "live",
            ...opened,
            fallbacks: [...fallbacks],
            problem: undefined,
            subscribed: undefined,
            connectedAtMs: this.#environment.now(),
            connects: this.status.connects + 1,
            reconnects: this.status.reconnects + (this.#wasLost ? 1 : 0),
          });
          this.#wasLost = false;
        },
        told: (changes) => this.#setStatus(changes),
        frame: (frame) => this.#deliver(frame),
        answered: (revision, error) => this.#acknowledgements.acknowledge(revision, error),
        problem: (error) => this.#observer.onProblem(error),
        expiring: (expiring) => this.#renew(session, expiring),
      },
    );
    this.#session = session;
    this.#setStatus({ phase: "connecting", transport: kind, retryAtMs: undefined });
    const error = await session.run();
    this.#session = undefined;
    this.#renewal?.stop();
    this.#sentAwayMs = session.stayAwayMs;
    this.#wasLost ||= error !== undefined && this.status.connects > 0;
    if (session.received) {
      this.#preference.worked(kind);
    }
    return { error: this.#learn(error, request), received: session.received };
  }

  /** Look for other credentials before those of a session end, where a function may know them. */
  #renew(session: Session, { t }: Expiring): void {
    if (!this.#papers.canRenew) {
      return;
    }
    const nowMs = this.#environment.now();
    const leftMs = leftUntil(t, nowMs);
    this.#papers.noteEnd(nowMs + leftMs);
    this.#renewal?.stop();
    this.#renewal = new Renewal(this.#papers, leftMs, this.#environment, {
      failed: (error) => this.#observer.onProblem(error),
      found: (credentials) => {
        if (!session.refresh(credentials)) {
          this.#papers.keep(credentials);
          session.end(); // and the next one begins at once, where it stood
        }
      },
    });
  }

  /** Draw the consequences of an end for the position; return the error that remains to report. */
  #learn(error: FeedError | undefined, request: Request): FeedError | undefined {
    if (error !== undefined && isPositionRefused(error, request)) {
      if (request.after !== this.#progress.position) {
        return new Refused(error.code, error.words, true); // the caller's, and it would be sent again
      }
      this.#observer.onProblem(error);
      this.#progress.lose("refused");
      return undefined; // once more without it, at once
    }
    if (error instanceof Malformed) {
      this.#setStatus({ malformed: this.status.malformed + 1 });
      this.#malformedTries += 1;
      if (this.#malformedTries === MALFORMED_TRIES) {
        this.#malformedTries = 0;
        this.#progress.lose("malformed");
      }
    }
    return error;
  }

  #request(credentials: Credentials | undefined): Request {
    const { codec, conflate, onLag, fields, compress } = this.settings;
    const { base } = this.#options;
    const position = this.#progress.position;
    const begins = position === undefined;
    const isFirst = begins && !this.#progress.isLost; // or what came before would come again
    return {
      base,
      codec,
      selection: this.#selection,
      after: isFirst ? this.settings.after : position,
      last: isFirst ? this.settings.last : undefined,
      snapshot: begins || !this.#selection.without(this.#covered).isEmpty,
      conflate,
      onLag,
      fields,
      compress,
      credentials,
    };
  }

  /** Note that a snapshot was asked for; what is not asked for any more is not known for long. */
  #cover(selection: Selection): void {
    this.#covering = selection;
    this.#covered = this.#covered.without(this.#covered.without(selection));
  }

  #deliver(frame: Frame): void {
    for (const message of frame.messages) {
      if (isTick(message) || message.T === "mark") {
        this.#backoff.reset();
        this.#malformedTries = 0;
        break;
      }
      if (message.T === "snapshot" && message.state === "end") {
        this.#covered = this.#covering;
      }
    }
    if (this.status.duplicates !== this.#progress.duplicates) {
      this.#setStatus({ duplicates: this.#progress.duplicates });
    }
    this.#observer.onFrame(frame);
  }

  /** Let changes of the selection out together. */
  #scheduleSync(): void {
    if (this.#syncTimer === undefined) {
      const delayMs = this.#session === undefined || this.#session.canSubscribe ? 0 : COLLECT_MS;
      this.#syncTimer = this.#environment.setTimeout(() => this.#sync(), delayMs);
    }
  }

  #sync(): void {
    this.#syncTimer = undefined;
    const session = this.#session;
    if (session === undefined) {
      this.#wakeIf("idle", "stopped");
    } else if (this.#selection.isEmpty || !session.change(this.#selection, this.#revision)) {
      session.end();
    } else {
      this.#cover(this.#selection);
    }
  }

  #pageChanged(change: PageChange): void {
    this.#absence.handle(change);
    if (change === "visible" || change === "online" || change === "restored") {
      this.#session?.check();
      this.#wakeIf("waiting", "offline");
    } else if (change === "offline") {
      this.#wakeIf("waiting"); // tried once, then seen to be offline
    }
  }

  #wakeIf(...phases: LinkStatus["phase"][]): void {
    if (phases.includes(this.status.phase)) {
      this.#wake.ring();
    }
  }

  /** Show that there is no connection, and the reason. */
  #rest(phase: LinkStatus["phase"], changes: Partial<LinkStatus> = {}): void {
    this.#setStatus({
      transport: undefined,
      compression: undefined,
      connectedAtMs: undefined,
      retryAtMs: undefined,
      ...changes,
      phase,
    });
  }

  #setStatus(changes: Partial<LinkStatus>): void {
    this.status = { ...this.status, ...changes };
    this.#observer.onStatus(this.status);
  }
}
