/**
 * The outbox: what was published and is not safe yet, in numbered batches.
 *
 * Rows come one by one and wait; a batch is made of them when it is sent, and keeps its number from
 * then on. It leaves when the server has said that it would survive (`durable`), or, where the
 * server keeps nothing, that it was applied, or that it is refused. Whatever has not left is sent
 * again on the next connection, in the same order, under the same numbers: the server applies each
 * once. Numbers go on behind the last that the server knows of this producer; a batch that is called
 * a duplicate though it was never sent before is somebody else's. Knows no socket and no clock.
 */

import { BatchRefused, NameInUse } from "../errors.ts";
import type { Ack, Greeting, Refusal } from "./messages.ts";
import type { Row } from "./rows.ts";

/** Rows that go out together. */
export interface NumberedBatch {
  readonly sequence: number;
  readonly rows: readonly Row[];
  readonly bytes: number;
  /** The place of the first of them among all that was published, from 0. */
  readonly first: number;
  /** How often it was sent, over all connections. */
  sends: number;
  applied: boolean;
}

/**
 * Sent and not answered, at most: at the beginning of a connection, and after many answers.
 *
 * It doubles with each answer, so that a connection that is cut again and again makes progress, and
 * is not spent on what went before. One batch is sent in any case.
 */
const FIRST_WINDOW_BYTES = 32 * 1024;
const LAST_WINDOW_BYTES = 4 * 1024 * 1024;

export class Outbox {
  readonly producer: string;
  readonly #batchTicks: number;
  readonly #batchBytes: number;
  /** The number of rows held, and their bytes. */
  ticks = 0;
  bytes = 0;
  /** The number of rows that ever came. */
  published = 0;
  /** Of the newest tick that the server has told of. */
  position: string | undefined;
  /** The number of the newest batch that the server is known to have applied. */
  last: number | undefined;
  #keeps = true;
  #mostTicks: number;
  #next: number | undefined;
  #numberedHere = true;
  #rows: Row[] = [];
  /** By number, in order of publication. */
  readonly #held = new Map<number, NumberedBatch>();
  #due: NumberedBatch[] = [];
  /** Sent on this connection and not answered: their numbers and bytes. */
  readonly #unanswered = new Map<number, number>();
  #unansweredBytes = 0;
  /** Of those, at which nothing more is sent. */
  #windowBytes = FIRST_WINDOW_BYTES;
  /** Acknowledged on this connection, in order, since the last one that is durable. */
  #acked: number[] = [];

  constructor(producer: string, batchTicks: number, batchBytes: number) {
    this.producer = producer;
    this.#batchTicks = batchTicks;
    this.#batchBytes = batchBytes;
    this.#mostTicks = batchTicks;
  }

  /** How many of the rows that were published first are off our hands, without a gap. */
  get safe(): number {
    for (const batch of this.#held.values()) {
      return batch.first;
    }
    return this.published - this.#rows.length;
  }

  /** The number of rows that are in no batch yet. */
  get waiting(): number {
    return this.#rows.length;
  }

  /** Whether nothing that was sent on this connection waits for an answer. */
  get isIdle(): boolean {
    return this.#unanswered.size === 0;
  }

  /** Whether waiting longer would not make the next batch any larger. */
  get isFullBatch(): boolean {
    return this.#rows.length >= this.#mostTicks || this.#due.length > 0;
  }

  /** Where the rows that are held are stuck, in words. */
  get state(): string {
    let applied = 0;
    for (const batch of this.#held.values()) {
      applied += batch.applied ? batch.rows.length : 0;
    }
    return applied === 0
      ? `${this.ticks} ticks are not acknowledged`
      : `${applied} ticks are applied and not durable yet, ${this.ticks - applied} not acknowledged`;
  }

  holds(sequence: number): boolean {
    return this.#held.has(sequence);
  }

  /** Take rows, to be numbered here. */
  add(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#rows.push(row);
    }
    this.#count(rows);
  }

  /** Take rows that are one batch of the caller's number; none of this number is held. */
  addBatch(sequence: number, rows: readonly Row[]): void {
    this.#numberedHere = false;
    const batch = makeBatch(sequence, rows, this.published);
    this.#held.set(sequence, batch);
    this.#due.push(batch);
    this.#count(rows);
  }

  /** Begin a connection: all that is held is to be sent on it. Throws NameInUse. */
  connect({ last, keeps, most_ticks }: Greeting): void {
    if (this.#numberedHere) {
      if (this.#next === undefined) {
        this.#next = (last ?? 0) + 1;
      } else if ((last ?? 0) >= this.#next) {
        throw new NameInUse(this.producer, last ?? 0);
      }
    }
    if (last !== null) {
      this.last = Math.max(last, this.last ?? 0);
    }
    this.#keeps = keeps;
    this.#mostTicks = Math.max(1, Math.min(this.#batchTicks, most_ticks));
    this.#due = [...this.#held.values()];
    for (const batch of this.#due) {
      batch.applied = false; // it was not durable, and may be lost
    }
    this.#unanswered.clear();
    this.#unansweredBytes = 0;
    this.#windowBytes = FIRST_WINDOW_BYTES;
    this.#acked = [];
  }

  /** Return the batch to send now; undefined: there is nothing to send, or enough on its way. */
  nextBatch(): NumberedBatch | undefined {
    if (this.#unansweredBytes >= this.#windowBytes) {
      return undefined;
    }
    const batch = this.#due.shift() ?? this.#makeBatch();
    if (batch !== undefined) {
      batch.sends += 1;
      this.#unanswered.set(batch.sequence, batch.bytes);
      this.#unansweredBytes += batch.bytes;
    }
    return batch;
  }

  /** Note that a batch was applied. Throws NameInUse where we had never sent it. */
  acknowledge({ sequence, pos, durable, duplicate }: Ack): void {
    const batch = this.#held.get(sequence);
    if (batch === undefined || batch.sends === 0) {
      return;
    }
    if (duplicate && batch.sends === 1 && this.#numberedHere) {
      throw new NameInUse(this.producer, sequence);
    }
    this.#answered(sequence);
    batch.applied = true;
    this.last = Math.max(sequence, this.last ?? 0);
    this.position = pos ?? this.position;
    if (durable || !this.#keeps) {
      this.#drop(batch);
    }
    if (this.#keeps) {
      this.#acked.push(sequence);
      const first = this.#acked.findIndex((number) => this.#held.has(number));
      this.#acked = first < 0 ? [] : first === 0 ? this.#acked : this.#acked.slice(first);
    }
  }

  /** Note that all batches acknowledged on this connection up to this one would survive. */
  settle(sequence: number): void {
    const end = this.#acked.indexOf(sequence);
    for (const settled of this.#acked.splice(0, end + 1)) {
      const batch = this.#held.get(settled);
      if (batch !== undefined) {
        this.#drop(batch);
      }
    }
  }

  /** Let go of a batch that was refused; return what to tell. */
  refuse({ sequence, code, row, msg }: Refusal): BatchRefused | undefined {
    const batch = sequence === null ? undefined : this.#held.get(sequence);
    if (batch === undefined || batch.sends === 0) {
      return undefined;
    }
    this.#answered(batch.sequence);
    this.#drop(batch);
    const { first, rows } = batch;
    return new BatchRefused(batch.sequence, code, row ?? undefined, msg, first, rows.length);
  }

  #makeBatch(): NumberedBatch | undefined {
    if (this.#rows.length === 0 || this.#next === undefined) {
      return undefined;
    }
    let count = 0;
    let bytes = 0;
    for (const row of this.#rows) {
      if (count >= this.#mostTicks || (count > 0 && bytes + row.bytes > this.#batchBytes)) {
        break;
      }
      count += 1;
      bytes += row.bytes;
    }
    const first = this.published - this.#rows.length;
    const batch = makeBatch(this.#next, this.#rows.splice(0, count), first);
    this.#held.set(batch.sequence, batch);
    this.#next += 1;
    return batch;
  }

  #answered(sequence: number): void {
    const bytes = this.#unanswered.get(sequence);
    if (bytes !== undefined) {
      this.#unanswered.delete(sequence);
      this.#unansweredBytes -= bytes;
      this.#windowBytes = Math.min(LAST_WINDOW_BYTES, 2 * this.#windowBytes);
    }
  }

  #count(rows: readonly Row[]): void {
    this.ticks += rows.length;
    this.published += rows.length;
    this.bytes += sizeOf(rows);
  }

  #drop(batch: NumberedBatch): void {
    this.#held.delete(batch.sequence);
    this.ticks -= batch.rows.length;
    this.bytes -= batch.bytes;
  }
}

/** The bytes of rows. */
export function sizeOf(rows: readonly Row[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0);
}

function makeBatch(sequence: number, rows: readonly Row[], first: number): NumberedBatch {
  return { sequence, rows, bytes: sizeOf(rows), first, sends: 0, applied: false };
}
