/**
 * One source for each server and identity: the elements of a page that read the same share it.
 *
 * It lives as long as an element uses it. Two elements have the same identity where they have the
 * same token callback, or none.
 */

export type TokenCallback = () => string | Promise<string>;

export class Sources<Source extends { close(): void }> {
  readonly #make: (base: string, token: TokenCallback | undefined) => Source;
  readonly #users = new Map<Source, number>();
  readonly #byServer = new Map<string, Map<TokenCallback | undefined, Source>>();

  constructor(make: (base: string, token: TokenCallback | undefined) => Source) {
    this.#make = make;
  }

  /** Return the source of a server for an identity; it is made for the first who asks. */
  take(base: string, token: TokenCallback | undefined): Source {
    const ofServer = this.#byServer.get(base) ?? new Map<TokenCallback | undefined, Source>();
    this.#byServer.set(base, ofServer);
    const source = ofServer.get(token) ?? this.#make(base, token);
    ofServer.set(token, source);
    this.#users.set(source, (this.#users.get(source) ?? 0) + 1);
    return source;
  }

  /** Return the source that is there already. */
  peek(base: string, token: TokenCallback | undefined): Source | undefined {
    return this.#byServer.get(base)?.get(token);
  }

  /** Give a source back; it is closed with the last. */
  release(source: Source): void {
    const left = (this.#users.get(source) ?? 0) - 1;
    if (left > 0) {
      this.#users.set(source, left);
      return;
    }
    this.#users.delete(source);
    for (const [base, ofServer] of this.#byServer) {
      for (const [token, known] of ofServer) {
        if (known === source) {
          ofServer.delete(token);
        }
      }
      if (ofServer.size === 0) {
        this.#byServer.delete(base);
      }
    }
    source.close();
  }
}
