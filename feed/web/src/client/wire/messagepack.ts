/**
 * MessagePack values out of a stream of bytes, wherever the chunks are cut.
 *
 * Theory of operation: a value ends when nothing is owed any more. Every header says how many bytes
 * and how many further values it owes, so two counters are the whole state; nesting needs no stack,
 * and no byte is looked at twice. Decodes nothing: the bytes of a whole value go to the codec.
 *
 * Source: the MessagePack specification, "Formats".
 */

import { Malformed } from "../errors.ts";
import { ChunkList, MAX_MESSAGE_BYTES, type Splitter } from "./splitter.ts";

export class MessagePackSplitter implements Splitter {
  readonly #held = new ChunkList();
  /** Values still owed until the outermost one is complete; 0 between two values. */
  #values = 0;
  /** Bytes still owed that need no look. */
  #skip = 0;
  /** The header in progress whose length bytes are still coming, and those that were read. */
  #header = 0;
  #lengthBytes = 0;
  #length = 0;

  get pendingBytes(): number {
    return this.#held.bytes;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    const values: Uint8Array[] = [];
    let begin = 0;
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - offset);
        this.#skip -= step;
        offset += step;
      } else {
        this.#take(chunk[offset] as number);
        offset += 1;
      }
      if (this.#values === 0 && this.#skip === 0 && this.#lengthBytes === 0) {
        values.push(this.#held.takeWith(chunk.subarray(begin, offset)));
        begin = offset;
      }
    }
    this.#held.add(chunk.subarray(begin));
    if (this.#held.bytes + this.#skip > MAX_MESSAGE_BYTES) {
      throw new Malformed(`a value is longer than ${MAX_MESSAGE_BYTES} bytes`, this.#held.head());
    }
    return values;
  }

  /** Look at one byte: a header, or a length byte of the header before. */
  #take(byte: number): void {
    if (this.#lengthBytes > 0) {
      this.#length = this.#length * 256 + byte;
      this.#lengthBytes -= 1;
      if (this.#lengthBytes === 0) {
        this.#owe(this.#header, this.#length);
      }
      return;
    }
    this.#values = Math.max(this.#values, 1) - 1;
    if (byte <= 0x7f || byte >= 0xe0) {
      return; // fixint
    }
    if (byte <= 0x8f) {
      this.#values += 2 * (byte & 0x0f); // fixmap
    } else if (byte <= 0x9f) {
      this.#values += byte & 0x0f; // fixarray
    } else if (byte <= 0xbf) {
      this.#skip = byte & 0x1f; // fixstr
    } else {
      const header = HEADERS[byte - 0xc0] as Header;
      if (header === NEVER) {
        throw new Malformed("0xc1 is never used in MessagePack", this.#held.head());
      }
      this.#header = byte;
      this.#lengthBytes = header.lengthBytes;
      this.#length = 0;
      this.#skip = header.skip;
    }
  }

  /** Note the bytes and values that a header owes, now that its length is known. */
  #owe(byte: number, length: number): void {
    if (byte === 0xdc || byte === 0xdd) {
      this.#values += length; // array
    } else if (byte === 0xde || byte === 0xdf) {
      this.#values += 2 * length; // map
    } else if (byte >= 0xc7 && byte <= 0xc9) {
      this.#skip = length + 1; // ext: its type, then its bytes
    } else {
      this.#skip = length; // str, bin
    }
  }
}

/** The bytes after a header byte: those of a length, or those that need no look. */
interface Header {
  readonly lengthBytes: number;
  readonly skip: number;
}

const length = (lengthBytes: number): Header => ({ lengthBytes, skip: 0 });
const skip = (bytes: number): Header => ({ lengthBytes: 0, skip: bytes });
const NEVER = skip(0);

/** 0xc0 to 0xdf, in the order of the specification's table. */
// biome-ignore format: one line for each group of formats
const HEADERS: readonly Header[] = [
  skip(0), NEVER, skip(0), skip(0),               // nil, never used, false, true
  length(1), length(2), length(4),                // bin 8, 16, 32
  length(1), length(2), length(4),                // ext 8, 16, 32
  skip(4), skip(8),                               // float 32, 64
  skip(1), skip(2), skip(4), skip(8),             // uint 8 to 64
  skip(1), skip(2), skip(4), skip(8),             // int 8 to 64
  skip(2), skip(3), skip(5), skip(9), skip(17),   // fixext 1 to 16: type and bytes
  length(1), length(2), length(4),                // str 8, 16, 32
  length(2), length(4),                           // array 16, 32
  length(2), length(4),                           // map 16, 32
];
