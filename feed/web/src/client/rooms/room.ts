/**
 * A room: what a desk says to itself, and the list that it keeps together.
 *
 *     const desk = room("http://127.0.0.1:8080", "desk", { name: "Ann" });
 *     desk.on("word", ({ word }) => render(word));
 *     await desk.say("AAPL looks thin");
 *     await desk.list.add("AAPL", { note: "before the open" });
 *
 * It is read over the connection of a `FeedClient`, with a snapshot first and resumed by position;
 * what is said goes by HTTP, one after the other, and again until the server has it. So both go by
 * any transport, and over a connection that tabs share.
 */

import { baseOf } from "../base.ts";
import { Caller, randomId } from "../caller.ts";
import { FeedClient, type FeedClientOptions } from "../client.ts";
import { Emitter } from "../emitter.ts";
import { type Environment, environment } from "../environment.ts";
import { Closed, type FeedError, InvalidInput, Refused } from "../errors.ts";
import { holdsOf } from "../holds.ts";
import type { Url } from "../platform.ts";
import {
  DESK_KEYS,
  type EntryWord,
  isDeskWord,
  isRoomName,
  type MessageWord,
  type PresentWord,
  type TypingWord,
} from "../wire/deskwords.ts";
import { entriesWith } from "./expected.ts";
import { SharedList } from "./list.ts";
import { type Action, Outbox, type Sent, type Unsent } from "./outbox.ts";
import { Presence } from "./presence.ts";
import { type RoomEvent, RoomState } from "./state.ts";

export interface RoomOptions {
  /** What an anonymous one calls itself: at most 32 characters. */
  name?: string;
  /** The client whose connection it is read over; by default one of its own. */
  client?: FeedClient;
  /** Who asks, where the server wants to know; as of `FeedClient`. */
  credentials?: FeedClientOptions["credentials"];
  /** Be among the members (default: true). */
  present?: boolean;
  /** Parts that stand in for the browser's, for tests and for Node. */
  environment?: Partial<Environment>;
}

export interface RoomEvents {
  /** Something was said, or somebody came or went: each is told once. */
  word: { word: RoomEvent; isSnapshot: boolean };
  /** Something about the room, or what is unsent, differs. */
  change: undefined;
  /** The server does not take something that was said here; it stays among `unsent`. */
  refused: Unsent;
  /** Something went wrong that it survives. */
  problem: FeedError;
}

/** Open a room of a server. Throws InvalidInput. */
export function room(url: string | Url | undefined, name: string, options: RoomOptions = {}): Room {
  return new Room(url, name, options);
}

const LONGEST_NAME = 32;

export class Room {
  readonly name: string;
  /** The list that it keeps: added to, noted, moved and removed from by all. */
  readonly list: SharedList;
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #state: RoomState;
  readonly #outbox: Outbox;
  readonly #environment: Environment;
  readonly #caller: Caller;
  readonly #client: FeedClient;
  readonly #isOwnClient: boolean;
  readonly #presence: Presence;
  readonly #unlisten: (() => void)[];
  /** A gap over epochs was told: the snapshot that follows is all there is. */
  #isStartedOver = false;
  #isLoaded = false;
  #by: string | undefined;
  readonly #ownName: string | undefined;
  readonly #said = new Set<string>();

  constructor(url: string | Url | undefined, name: string, options: RoomOptions) {
    if (!isRoomName(name)) {
      throw new InvalidInput("room", name, DESK_KEYS.rooms.shape);
    }
    if ([...(options.name ?? "x")].length > LONGEST_NAME || options.name?.trim() === "") {
      throw new InvalidInput("name", options.name, `1 to ${LONGEST_NAME} printable characters`);
    }
    this.name = name;
    this.#ownName = options.name;
    this.#environment = environment(options.environment);
    this.#state = new RoomState(name);
    this.#outbox = new Outbox(name, options.name);
    const base = baseOf(url, this.#environment);
    this.#caller = new Caller(base, options.credentials, this.#environment);
    this.#isOwnClient = options.client === undefined;
    this.#client = options.client ?? this.#makeClient(base, options);
    this.list = new SharedList(this.#state, this.#outbox, (action) => this.#do(action));
    this.#presence = new Presence(name, options.name, this.#caller, (error) =>
      this.#emitter.emit("problem", error),
    );
    this.#unlisten = this.#listen();
    const keys = { rooms: [name], presence: [name] };
    this.#client.subscribe(holdsOf(this.#client).add(keys)).catch((error: FeedError) => {
      if (!(error instanceof Closed)) {
        this.#emitter.emit("problem", error);
      }
    });
    void this.#send();
    if (options.present ?? true) {
      this.#presence.enter();
    }
  }

  /** What was said, the oldest first; a message that was deleted is not among it. */
  get messages(): readonly MessageWord[] {
    return this.#state.messages;
  }

  /** Who is there. */
  get members(): readonly PresentWord[] {
    return this.#state.members;
  }

  /** The list of the room as the server has it, in its order. */
  get entries(): readonly EntryWord[] {
    return this.#state.entries;
  }

  /** The same as it will be once all that waits here has arrived. */
  get expected(): readonly EntryWord[] {
    return entriesWith(this.#state.entries, this.#outbox.unsent);
  }

  /** Who has been typing within the last three seconds. */
  get typing(): readonly TypingWord[] {
    return this.#state.typing(this.#environment.now());
  }

  /** What was said here and waits to be sent, or was refused, in order. */
  get unsent(): readonly Unsent[] {
    return this.#outbox.unsent;
  }

  /** Whether the history is here. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** By what programs know who speaks from here, `by` of its words; undefined: not told yet. */
  get by(): string | undefined {
    return this.#by;
  }

  /** Call `listener` for every event of this name; the returned function ends that. */
  on<Name extends keyof RoomEvents>(
    name: Name,
    listener: (event: RoomEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  /**
   * Say something, at any time: while away it waits, and is sent once there is a connection.
   *
   * Resolves once the server has it. Throws InvalidInput and, where too much waits, LimitExceeded. The
   * promise is rejected with Refused where the server says no, with Closed when the room is closed
   * before; it may be left alone.
   */
  say(text: string): Promise<Sent> {
    return this.#do({ kind: "say", text });
  }

  /** Let a message of one's own read otherwise; as `say`. */
  edit(message: string, text: string): Promise<Sent> {
    return this.#do({ kind: "edit", message, text });
  }

  /** Delete a message of one's own, wherever it is kept; as `say`. */
  remove(message: string): Promise<Sent> {
    return this.#do({ kind: "remove", message });
  }

  /** Tell that somebody types here; to be called as often as they do. */
  type(): void {
    this.#presence.type();
  }

  /** Forget something unsent. */
  discard(id: string): void {
    if (this.#outbox.discard(id, new Closed())) {
      this.#emitter.emit("change", undefined);
    }
  }

  /** Leave. What waits to be sent is not any more; `unsent` says what that is. */
  close(): void {
    if (this.#caller.isClosed) {
      return;
    }
    for (const end of this.#unlisten) {
      end();
    }
    this.#presence.leave();
    this.#caller.close();
    this.#outbox.close(new Closed());
    if (this.#isOwnClient) {
      this.#client.close();
    } else {
      const keys = { rooms: [this.name], presence: [this.name] };
      this.#client.unsubscribe(holdsOf(this.#client).remove(keys));
    }
  }

  #makeClient(base: string, { credentials, environment }: RoomOptions): FeedClient {
    return new FeedClient({
      url: base,
      ...(credentials === undefined ? {} : { credentials }),
      ...(environment === undefined ? {} : { environment }),
    });
  }

  #listen(): (() => void)[] {
    const client = this.#client;
    return [
      client.on("words", ({ words, isSnapshot }) => {
        const desk = words.filter(isDeskWord);
        const news = this.#state.take(desk, isSnapshot, this.#environment.now());
        this.#tell(news, isSnapshot);
      }),
      client.on("snapshot", () => {
        const news = this.#state.endSnapshot(this.#isStartedOver);
        this.#isStartedOver = false;
        this.#isLoaded = true;
        this.#tell(news, true);
        this.#emitter.emit("change", undefined);
      }),
      client.on("gap", ({ missing }) => {
        if (missing === undefined) {
          this.#isStartedOver = true;
          this.#outbox.startOver();
        }
      }),
      client.on("status", ({ phase }) => {
        if (phase === "connecting") {
          this.#state.restart();
        } else if (phase === "live") {
          this.#caller.wake();
        }
      }),
      client.on("problem", (error) => this.#emitter.emit("problem", error)),
      this.#environment.onChange((change) => {
        if (change === "online" || change === "visible" || change === "restored") {
          this.#caller.wake();
        } else if (change === "left") {
          this.#presence.leave();
        }
        if (change === "restored") {
          this.#presence.enter();
        }
      }),
    ];
  }

  #tell(news: readonly RoomEvent[], isSnapshot: boolean): void {
    for (const word of news) {
      this.#learn(word);
      this.#emitter.emit("word", { word, isSnapshot });
    }
    if (news.length > 0) {
      this.#emitter.emit("change", undefined);
    }
  }

  /** Learn who the server takes one for: from what was said here, or under one's own name. */
  #learn(word: RoomEvent): void {
    const isSaid = word.T === "message" && this.#said.delete(word.id);
    const isNamed = this.#ownName !== undefined && word.name === this.#ownName;
    if (isSaid || (isNamed && this.#by === undefined)) {
      this.#by = word.by;
    }
  }

  #do(action: Action): Promise<Sent> {
    if (this.#caller.isClosed) {
      return Promise.reject(new Closed());
    }
    const id = randomId();
    const done = this.#outbox.add(id, action, this.#environment.now());
    if (action.kind === "say") {
      this.#said.add(id);
    }
    done.catch(() => {}); // who does not wait is told by "refused"
    this.#caller.wake();
    this.#emitter.emit("change", undefined);
    return done;
  }

  /** Send what waits, one after the other, until it is closed. */
  async #send(): Promise<void> {
    const caller = this.#caller;
    const onProblem = (error: FeedError) => this.#emitter.emit("problem", error);
    while (!caller.isClosed) {
      const next = this.#outbox.next;
      if (next === undefined) {
        await caller.rest();
        continue;
      }
      try {
        const answer = await caller.untilAnswered(this.#outbox.callFor(next), onProblem);
        this.#outbox.settle(next.id, answer);
      } catch (error) {
        if (error instanceof Closed) {
          return;
        }
        if (!(error instanceof Refused)) {
          throw error;
        }
        const refused = this.#outbox.refuse(next.id, error);
        if (refused !== undefined) {
          this.#emitter.emit("refused", refused);
        }
      }
      this.#emitter.emit("change", undefined);
    }
  }
}
