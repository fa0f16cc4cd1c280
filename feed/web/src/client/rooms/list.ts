/**
 * The list that a room keeps: symbols in an order, each with a note.
 *
 * Each change says which version of the entry it is of. Where somebody else was faster it is refused,
 * and the refusal tells how the entry is now.
 */

import type { Action, ListOp, Outbox, Sent } from "./outbox.ts";
import type { RoomState } from "./state.ts";

export class SharedList {
  readonly #state: RoomState;
  readonly #outbox: Outbox;
  readonly #do: (action: Action) => Promise<Sent>;

  constructor(state: RoomState, outbox: Outbox, act: (action: Action) => Promise<Sent>) {
    this.#state = state;
    this.#outbox = outbox;
    this.#do = act;
  }

  /** Add a symbol before another one, by default at the end. As `say`, also in what it throws. */
  add(symbol: string, { before, note }: { before?: string; note?: string } = {}): Promise<Sent> {
    return this.#change("add", symbol, before, note);
  }

  remove(symbol: string): Promise<Sent> {
    return this.#change("remove", symbol);
  }

  /** Move a symbol before another one, by default to the end. */
  move(symbol: string, before?: string): Promise<Sent> {
    return this.#change("move", symbol, before);
  }

  /** Note something on a symbol, in place of what was noted. */
  note(symbol: string, note: string): Promise<Sent> {
    return this.#change("note", symbol, undefined, note);
  }

  #change(op: ListOp, symbol: string, before?: string, note?: string): Promise<Sent> {
    const version = this.#outbox.version(symbol, this.#state.version(symbol));
    return this.#do({ kind: "list", op, symbol, before, note, version });
  }
}
