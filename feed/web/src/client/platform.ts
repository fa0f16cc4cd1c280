/**
 * The web's types, where the compiler knows them.
 *
 * Declarations of this package name none of them directly, so that programs without DOM types
 * (`lib: ["es2022"]`, in Node or a worker) compile too: there each is as much as we need of it.
 */

/** The type of a global value; `Else` where there is none of that name. */
type Global<Name extends string, Else> = typeof globalThis extends { [key in Name]: infer Value }
  ? Value
  : Else;

/** The type that a global constructor makes; `Else` where there is none of that name. */
type Made<Name extends string, Else> = typeof globalThis extends {
  [key in Name]: { prototype: infer Instance };
}
  ? Instance
  : Else;

/** A global constructor that takes a URL or a name first. */
type Constructor<Name extends string> = Global<Name, new (url: string, more?: never) => object>;

export type Fetch = Global<"fetch", (url: string, options?: never) => Promise<unknown>>;
export type WebSocketConstructor = Constructor<"WebSocket">;
export type EventSourceConstructor = Constructor<"EventSource">;
export type BroadcastChannelConstructor = Constructor<"BroadcastChannel">;
export type Locks = Made<"LockManager", { request: unknown }>;
export type Signal = Made<"AbortSignal", { readonly aborted: boolean }>;
export type Abort = Made<"AbortController", { readonly signal: Signal; abort(): void }>;
export type Url = Made<"URL", { readonly href: string }>;
export type Query = Made<"URLSearchParams", { append(name: string, value: string): void }>;

/** As much of `ReadableStream` as a reader needs. */
export interface Readable<T> {
  getReader(): Reader<T>;
}

/** As much of `ReadableStreamDefaultReader`. */
export interface Reader<T> {
  read(): Promise<{ done: false; value: T } | { done: true; value?: T | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

/** As much of `WritableStream` as a writer needs. */
export interface Writable<T> {
  getWriter(): Writer<T>;
}

/** As much of `WritableStreamDefaultWriter`. */
export interface Writer<T> {
  readonly closed: Promise<unknown>;
  write(chunk: T): Promise<void>;
}
