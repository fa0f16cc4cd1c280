/** The common parts of splitters: bytes in, whole messages out, wherever the chunks are cut. */

/** The longest message that is waited for. The server's frames are 256 KiB at most. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export interface Splitter {
  /** Bytes of a message that has begun and not ended. */
  readonly pendingBytes: number;

  /**
   * Take a chunk; return the messages that it completes, in order.
   *
   * Throws Malformed when the bytes cannot be a message; the stream cannot go on then.
   */
  push(chunk: Uint8Array): Uint8Array[];
}

/** Chunks that belong to one message, joined only once it is complete. */
export class ChunkList {
  #chunks: Uint8Array[] = [];
  bytes = 0;

  add(chunk: Uint8Array): void {
    if (chunk.length > 0) {
      this.#chunks.push(chunk);
      this.bytes += chunk.length;
    }
  }

  /** Return all chunks and a last one as one array, and forget them. */
  takeWith(last: Uint8Array): Uint8Array {
    if (this.#chunks.length === 0) {
      return last;
    }
    this.add(last);
    const joined = new Uint8Array(this.bytes);
    let offset = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, offset);
      offset += chunk.length;
    }
    this.#chunks = [];
    this.bytes = 0;
    return joined;
  }

  /** The first bytes, for an error message. */
  head(): Uint8Array {
    return this.#chunks[0]?.subarray(0, 64) ?? new Uint8Array();
  }
}
