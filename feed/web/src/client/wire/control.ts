/**
 * Control messages of one WebSocket connection: what is asked, what was answered.
 *
 * The wanted selection is the queue: whatever is asked while offline merges into it, and what goes
 * over the wire is the difference to what this connection was sent. Every control message gets one
 * answer, `subscription` or `error`, in order. Pure: returns messages, sends nothing.
 */

import type { Request } from "../transports/transport.ts";
import { Selection } from "./selection.ts";

export class Control {
  readonly #request: Request;
  #sent = Selection.NOTHING;
  #unanswered: number[] = [];

  constructor(request: Request) {
    this.#request = request;
  }

  /** The first messages of a connection; the first subscription carries everything a request says. */
  begin(revision: number): object[] {
    const { credentials, selection, after, snapshot, conflate, onLag, compress } = this.#request;
    this.#sent = selection;
    this.#unanswered.push(revision);
    const subscribe = {
      action: "subscribe",
      ...selection.toJSON(),
      marks: true,
      snapshot: snapshot || undefined,
      after,
      conflate: Object.keys(conflate).length > 0 ? conflate : undefined,
      on_lag: onLag,
      compress,
    };
    return credentials === undefined
      ? [subscribe]
      : [{ action: "auth", ...credentials }, subscribe];
  }

  /** What to send so that `wanted` is subscribed to; nothing when it is already. */
  change(wanted: Selection, revision: number): object[] {
    const removed = this.#sent.without(wanted);
    const added = wanted.without(this.#sent);
    const messages: object[] = [];
    if (!added.isEmpty) {
      const { conflate } = this.#request;
      messages.push({
        action: "subscribe",
        ...added.toJSON(),
        snapshot: true,
        conflate: Object.keys(conflate).length > 0 ? conflate : undefined,
      });
    }
    if (!removed.isEmpty) {
      messages.push({ action: "unsubscribe", ...removed.toJSON() });
    }
    this.#sent = wanted;
    this.#unanswered.push(...messages.map(() => revision));
    return messages;
  }

  /** Note an answer; return the revision of the selection that it answers, if it answers one. */
  answer(): number | undefined {
    return this.#unanswered.shift();
  }
}
