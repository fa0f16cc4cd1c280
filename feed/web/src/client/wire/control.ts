/**
 * Control messages of one WebSocket connection: requests, and their answers.
 *
 * The wanted selection is the queue: requests while offline merge into it, and the messages that go
 * over the wire are the difference to what this connection was sent. Every control message gets one
 * answer, `subscription` or `error`, in order. Pure: returns messages, sends nothing.
 */

import type { Credentials, Request } from "../transports/transport.ts";
import { Selection } from "./selection.ts";

export class Control {
  readonly #request: Request;
  #sent = Selection.NOTHING;
  #unanswered: number[] = [];

  constructor(request: Request) {
    this.#request = request;
  }

  /** The first messages of a connection; its subscription carries the whole request. */
  begin(revision: number): object[] {
    const { credentials, selection, after, last, snapshot, conflate } = this.#request;
    const { onLag, fields, compress } = this.#request;
    this.#sent = selection;
    this.#unanswered.push(revision);
    const subscribe = {
      action: "subscribe",
      ...selection.toJSON(),
      marks: true,
      snapshot: snapshot || undefined,
      after,
      last,
      conflate: Object.keys(conflate).length > 0 ? conflate : undefined,
      on_lag: onLag,
      fields,
      compress,
    };
    return credentials === undefined
      ? [subscribe]
      : [{ action: "auth", ...credentials }, subscribe];
  }

  /**
   * The messages that subscribe to `wanted`; none where it is subscribed to already, and then the
   * answer that is due last answers this revision too.
   */
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
    if (messages.length === 0 && !this.isAnswered) {
      this.#unanswered[this.#unanswered.length - 1] = revision;
    }
    this.#unanswered.push(...messages.map(() => revision));
    return messages;
  }

  /** The messages that show other credentials of the same identity; not answered in order. */
  refresh(credentials: Credentials): object[] {
    return [{ action: "auth", ...credentials }];
  }

  /** Whether no answer is due. */
  get isAnswered(): boolean {
    return this.#unanswered.length === 0;
  }

  /** Note an answer; return the revision of the selection that it answers, if it answers one. */
  answer(): number | undefined {
    return this.#unanswered.shift();
  }
}
