/** The totals of a client since it was made. Plain numbers; a copy of them is a value. */

import { NO_PERCENTILES, type Percentiles } from "./ages.ts";

export interface Counters {
  /** Frames received. */
  frames: number;
  /** Bytes of those frames, after decompression. */
  receivedBytes: number;
  /** Ticks received for this client's selection; a snapshot's are counted apart. */
  ticks: number;
  snapshotTicks: number;
  /** Snapshots that were complete. */
  snapshots: number;
  /** Gaps told, and the sequences that are missing in them, where both ends are of one epoch. */
  gaps: number;
  missing: number;
  /** Conflated ticks received, and how many ticks they stand for. */
  conflatedTicks: number;
  conflatedFrom: number;
  /** Words of answers received for this client's selection; states of them too. */
  words: number;
  /** Batches delivered to listeners, and ticks that were replaced by newer ones before that. */
  batches: number;
  merged: number;
  /** Messages of unknown kinds. */
  unknown: number;
  /** Problems reported; most are recovered from. */
  problems: number;
  /** Connections made again after one was lost. */
  reconnects: number;
  /** Frames that could not be understood. */
  malformed: number;
  /** Ticks dropped because they came twice. */
  duplicates: number;
  /** Age of ticks on arrival, by their own event time; meaningless where the source is not live. */
  eventAge: Percentiles;
  /** Time that frames took from the server to here, by their marks. */
  deliveryAge: Percentiles;
}

export function noCounters(): Counters {
  return {
    frames: 0,
    receivedBytes: 0,
    ticks: 0,
    snapshotTicks: 0,
    snapshots: 0,
    gaps: 0,
    missing: 0,
    conflatedTicks: 0,
    conflatedFrom: 0,
    words: 0,
    batches: 0,
    merged: 0,
    unknown: 0,
    problems: 0,
    reconnects: 0,
    malformed: 0,
    duplicates: 0,
    eventAge: NO_PERCENTILES,
    deliveryAge: NO_PERCENTILES,
  };
}
