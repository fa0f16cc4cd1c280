/**
 * Exports: ticks, bars or a recording of a server as a file, made by a job that one watches.
 *
 *     const job = exportFile({ kind: "ring", format: "csv", trades: ["*"] }, { onProgress: draw });
 *     await job.finished();
 *     location.href = job.url;
 *
 * The job's progress is read as an event stream at its own URL. A connection that is lost is made
 * again: each state stands for all before it. The job goes on while nobody watches.
 */

import { baseOf } from "../base.ts";
import { Caller } from "../caller.ts";
import { type Environment, environment } from "../environment.ts";
import { Closed, type FeedError, JobFailed, Lost, Malformed, NoCredentials } from "../errors.ts";
import { AnswerConnection } from "../generating/connection.ts";
import { parse } from "../generating/way.ts";
import { Backoff } from "../link/backoff.ts";
import type { Url } from "../platform.ts";
import type { CredentialsSource } from "../transports/transport.ts";
import { isDeskWord, isWholeDeskWord, type JobWord } from "../wire/deskwords.ts";
import { EventSplitter } from "../wire/eventstream.ts";
import type { Channel } from "../wire/ticks.ts";

/** What is to be in the file: of each channel the symbols, `*` for all, globs for some. */
export interface ExportRequest extends Partial<Record<Channel, readonly string[]>> {
  kind: "ring" | "bars" | "recording";
  format: "csv" | "ndjson" | "parquet";
  /** Only events from this time on, and before that one: RFC 3339. */
  start?: string;
  end?: string;
  /** Of the ring: begin after it: a position, a time, or a while ago. */
  after?: string;
  /** Of bars: "1s", "1m" or "1d". */
  timeframe?: string;
  /** Of a recording: the source that plays it, where there are several. */
  source?: string;
}

export interface ExportOptions {
  url?: string | Url;
  credentials?: CredentialsSource;
  /** A connection that is silent for this time is dead (default: 20 s). */
  heartbeatMs?: number;
  /** Is told how the job stands, whenever that differs. */
  onProgress?: (job: JobWord) => void;
  /** Is told what it survives. */
  onProblem?: (error: FeedError) => void;
  environment?: Partial<Environment>;
}

const PATH = "v1/jobs";
/** The server speaks at least every 10 s, so twice that is dead. */
const HEARTBEAT_MS = 20_000;

/** Have a file made. It begins at once; `finished` says when it is there. Throws InvalidInput. */
export function exportFile(request: ExportRequest, options: ExportOptions = {}): Export {
  return new Export(request, options);
}

/** Watch a job that somebody began: another tab, or an earlier visit. */
export function watchExport(id: string, options: ExportOptions = {}): Export {
  return new Export(id, options);
}

/** Return the jobs of one's own. Throws Lost and Refused. */
export async function listExports(options: ExportOptions = {}): Promise<JobWord[]> {
  const world = environment(options.environment);
  const caller = new Caller(baseOf(options.url, world), options.credentials, world);
  const answer = await caller.once({ method: "GET", path: PATH });
  const { jobs } = answer;
  if (!Array.isArray(jobs)) {
    throw new Malformed("a list of jobs has jobs", answer);
  }
  return jobs.map(jobOf);
}

export class Export {
  readonly #caller: Caller;
  readonly #heartbeatMs: number;
  readonly #onProgress: (job: JobWord) => void;
  readonly #onProblem: (error: FeedError) => void;
  readonly #begun: Promise<void>;
  readonly #finished: Promise<JobWord>;
  #id: string | undefined;
  #job: JobWord | undefined;
  #connection: AnswerConnection | undefined;
  #abort = new AbortController();

  constructor(wanted: ExportRequest | string, options: ExportOptions) {
    const world = environment(options.environment);
    this.#caller = new Caller(baseOf(options.url, world), options.credentials, world);
    this.#heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
    this.#onProgress = options.onProgress ?? (() => {});
    this.#onProblem = options.onProblem ?? (() => {});
    this.#begun = this.#begin(wanted);
    this.#finished = this.#run();
    this.#finished.catch(() => {}); // who does not wait sees the state
  }

  /** Of the job; undefined until the server has taken it. */
  get id(): string | undefined {
    return this.#id;
  }

  /** How it stands, as was told last. */
  get job(): JobWord | undefined {
    return this.#job;
  }

  /** Where the file is once the job is done. */
  get url(): string | undefined {
    return this.#id === undefined
      ? undefined
      : new URL(`${PATH}/${this.#id}/file`, this.#caller.base).href;
  }

  /**
   * Resolve once the file is there.
   *
   * Throws JobFailed where it failed or was cancelled, Refused where the server does not take the job or
   * does not know it any more, Closed where one closed it before.
   */
  finished(): Promise<JobWord> {
    return this.#finished;
  }

  /** Stop the job once the server has taken it, and remove its file. Throws Lost and Refused. */
  async cancel(): Promise<void> {
    await this.#begun;
    await this.#caller.once({ method: "DELETE", path: `${PATH}/${this.#id}` });
  }

  /** Do not watch it any more: the job goes on. */
  close(): void {
    this.#caller.close();
    this.#connection?.close();
    this.#abort.abort();
  }

  async #begin(wanted: ExportRequest | string): Promise<void> {
    if (typeof wanted === "string") {
      this.#id = wanted;
    } else {
      // Once: a job whose answer is lost may have begun, and another one would make the file twice.
      const call = { method: "POST", path: PATH, body: wanted } as const;
      const job = jobOf(await this.#caller.once(call));
      this.#id = job.id;
      this.#take(job);
    }
  }

  async #run(): Promise<JobWord> {
    await this.#begun;
    const backoff = new Backoff(() => this.#caller.environment.random());
    while (!this.#isOver && !this.#caller.isClosed) {
      try {
        await this.#watch(backoff);
      } catch (error) {
        if (!(error instanceof Lost || error instanceof NoCredentials)) {
          throw error;
        }
        if (!this.#isOver && !this.#caller.isClosed) {
          this.#onProblem(error);
          await this.#caller.rest(backoff.next() + (error instanceof Lost ? error.awayMs : 0));
        }
      }
    }
    const job = this.#job;
    if (job === undefined || !this.#isOver) {
      throw new Closed();
    }
    if (job.state !== "done") {
      throw new JobFailed(job.id, job.state, job.code ?? "", job.msg ?? "");
    }
    return job;
  }

  get #isOver(): boolean {
    return this.#job !== undefined && isOver(this.#job);
  }

  /** Read one connection, to its end or that of the job. */
  async #watch(backoff: Backoff): Promise<void> {
    const { base, environment } = this.#caller;
    this.#abort = new AbortController();
    const wanted = { path: `${PATH}/${this.#id}`, query: {}, body: undefined };
    const credentials = await this.#caller.credentials();
    const connection = await AnswerConnection.open(
      ...([base, wanted, credentials, environment, this.#abort] as const),
    );
    this.#connection = connection;
    try {
      const splitter = new EventSplitter();
      while (!this.#isOver && !this.#caller.isClosed) {
        for (const { data } of splitter.push(await connection.read(this.#heartbeatMs))) {
          for (const word of [parse(data)].flat()) {
            if ((word as { T?: unknown } | null)?.T === "job") {
              this.#take(jobOf(word));
              backoff.reset();
            }
          }
        }
      }
    } finally {
      connection.close();
    }
  }

  /** Take a state; one that is older than what is known changes nothing. */
  #take(job: JobWord): void {
    const before = this.#job;
    if (before !== undefined && (isOver(before) || (!isOver(job) && job.done < before.done))) {
      return;
    }
    this.#job = job;
    this.#onProgress(job);
  }
}

function isOver({ state }: JobWord): boolean {
  return state !== "queued" && state !== "running";
}

/** The job of an answer. Throws Malformed. */
function jobOf(answer: unknown): JobWord {
  const job = { ...(answer as object), T: "job" };
  if (!isDeskWord(job) || !isWholeDeskWord(job)) {
    throw new Malformed("a job has an id and a state", answer);
  }
  return job as JobWord;
}
