/**
 * The receiver of frames: counts them, remembers the newest state, tells events.
 *
 * Knows nothing of connections. A frame of a shared connection may carry what other tabs asked for:
 * all of it is remembered, because this tab may have to lead one day, and only what this client
 * selected is delivered.
 */

import { Ages } from "./ages.ts";
import { type Counters, noCounters } from "./counters.ts";
import type { Frame } from "./link/link.ts";
import { Newest } from "./newest.ts";
import { Parts } from "./parts.ts";
import { Texts } from "./texts.ts";
import { Warnings } from "./warnings.ts";
import { isDeskWord } from "./wire/deskwords.ts";
import { distance } from "./wire/position.ts";
import { Selection } from "./wire/selection.ts";
import {
  CHANNEL_OF_KIND,
  type FeedState,
  type Gap,
  isTick,
  type SubscriptionState,
  type Tick,
  type Warning,
} from "./wire/ticks.ts";
import { timeMs } from "./wire/time.ts";
import { isWord, type Word } from "./wire/words.ts";

/** A gap with its numbers. */
export interface GapReport extends Gap {
  /** The number of missing sequences, over all symbols; undefined where it spans epochs. */
  missing: number | undefined;
}

/** Words that came together, in order. */
export interface Words {
  words: readonly Word[];
  /** Whether these are states, such as a text so far, rather than news. */
  isSnapshot: boolean;
  /** The position after the last of them. */
  position: string | undefined;
}

/** The listener for the content of frames. */
export interface ReceiverHost {
  tick(tick: Tick, isSnapshot: boolean): void;
  words(words: Words): void;
  gap(gap: GapReport): void;
  snapshot(position: string | undefined): void;
  conflation(ticks: number, standFor: number): void;
  subscription(state: SubscriptionState): void;
  feed(state: FeedState): void;
  warning(warning: Warning): void;
  /** The age of one tick, of a sample of them. */
  age(ageMs: number): void;
  unknown(message: { T: string }): void;
}

/** The most ticks of a frame whose ages are taken: reading a time costs as much as the rest. */
const SAMPLED_TICKS = 16;

export class Receiver {
  readonly #host: ReceiverHost;
  readonly #newest = new Newest();
  readonly #texts = new Texts();
  readonly #parts = new Parts();
  readonly #warnings = new Warnings();
  readonly #eventAges = new Ages();
  readonly #deliveryAges = new Ages();
  readonly counters: Counters = noCounters();
  #inSnapshot = false;
  #selection = Selection.NOTHING;

  constructor(host: ReceiverHost) {
    this.#host = host;
  }

  get newest(): Newest {
    return this.#newest;
  }

  /** All that is known of a selection: the newest ticks, the texts so far, the parts of rooms. */
  known(selection: Selection): (Tick | Word)[] {
    return [
      ...this.#newest.of(selection),
      ...this.#texts.of(selection),
      ...this.#parts.of(selection),
    ];
  }

  get selection(): Selection {
    return this.#selection;
  }

  /** Deliver this from now on; what is known not to come of it is told at once. */
  set selection(selection: Selection) {
    this.#selection = selection;
    for (const warning of this.#warnings.recall(selection)) {
      this.#host.warning(warning);
    }
  }

  /** All warnings that the connection was given, for a tab that joins. */
  get warnings(): Warning[] {
    return this.#warnings.all();
  }

  /** Bring the ages in the counters up to date. */
  refreshAges(nowMs: number): void {
    this.counters.eventAge = this.#eventAges.percentiles(nowMs);
    this.counters.deliveryAge = this.#deliveryAges.percentiles(nowMs);
  }

  /** Note that a connection begins: a snapshot that was cut off is not going on. */
  restart(): void {
    this.#inSnapshot = false;
    this.#warnings.restart();
  }

  receive(frame: Frame): void {
    const { counters } = this;
    counters.frames += 1;
    counters.receivedBytes += frame.payload.length;
    const sampleEvery = Math.ceil(frame.messages.length / SAMPLED_TICKS);
    let conflated = 0;
    let standFor = 0;
    let words: Word[] = [];
    // What a tab is told of by another does not end the snapshot that comes over the wire.
    const isNested = frame.payload.length === 0 && this.#inSnapshot;
    const tell = (): void => {
      if (words.length > 0) {
        const { position } = frame;
        this.#host.words({ words, isSnapshot: this.#inSnapshot, position });
        words = [];
      }
    };
    for (const [index, message] of frame.messages.entries()) {
      if (isTick(message)) {
        this.#newest.update(message);
        this.#warnings.came(message, CHANNEL_OF_KIND[message.T]);
        if (!this.#selection.includes(message)) {
          continue;
        }
        if (this.#inSnapshot) {
          counters.snapshotTicks += 1;
        } else {
          counters.ticks += 1;
          // A bar's time is its beginning, which says nothing of how long its delivery took.
          if (index % sampleEvery === 0 && !("o" in message)) {
            const ageMs = this.#eventAges.record(timeMs(message.t), frame.receivedMs);
            if (ageMs !== undefined) {
              this.#host.age(ageMs);
            }
          }
          if (message.T === "t" && message.n !== undefined) {
            conflated += 1;
            standFor += message.n;
          }
        }
        this.#host.tick(message, this.#inSnapshot);
      } else if (isWord(message)) {
        if (isDeskWord(message)) {
          this.#parts.update(message, this.#inSnapshot);
        } else {
          this.#texts.update(message);
        }
        if (this.#selection.includes(message)) {
          counters.words += 1;
          words.push(message);
        }
      } else {
        tell();
        if (!(isNested && message.T === "snapshot")) {
          this.#receiveOther(message, frame.receivedMs);
        }
      }
    }
    tell();
    if (conflated > 0) {
      counters.conflatedTicks += conflated;
      counters.conflatedFrom += standFor;
      this.#host.conflation(conflated, standFor);
    }
  }

  #receiveOther(
    message: Exclude<Frame["messages"][number], Tick | Word>,
    receivedMs: number,
  ): void {
    switch (message.T) {
      case "mark":
        if (message.t !== undefined) {
          this.#deliveryAges.record(timeMs(message.t), receivedMs);
        }
        break;
      case "gap":
        this.#receiveGap(message);
        break;
      case "snapshot":
        this.#inSnapshot = message.state === "begin";
        this.#parts.beginSnapshot();
        if (message.state === "end") {
          this.counters.snapshots += 1;
          this.#host.snapshot(message.pos);
        }
        break;
      case "subscription":
        this.#host.subscription(message);
        break;
      case "feed":
        this.#host.feed(message);
        break;
      case "warning":
        this.#receiveWarning(message);
        break;
      case "success":
      case "expiring":
      case "error":
      case "leaving":
      case "bye":
        break; // the session's business
      default:
        this.counters.unknown += 1;
        this.#host.unknown(message);
    }
  }

  #receiveWarning(heard: Warning): void {
    const warning = this.#warnings.take(heard, this.#selection);
    if (warning !== undefined) {
      this.#host.warning(warning);
    }
  }

  #receiveGap(gap: Gap): void {
    const between = distance(gap.from, gap.to);
    const missing = between === undefined ? undefined : between + 1;
    this.counters.gaps += 1;
    this.counters.missing += missing ?? 0;
    this.#host.gap({ ...gap, missing });
  }
}
