/**
 * Lines out of a stream of bytes, wherever the chunks are cut.
 *
 * Lines are split before they are decoded, so a chunk may end within a UTF-8 character: a line feed
 * is never part of another character (RFC 3629 §3). Empty lines are skipped. Decodes nothing.
 */

import { Malformed } from "../errors.ts";
import { ChunkList, MAX_MESSAGE_BYTES, type Splitter } from "./splitter.ts";

const LINE_FEED = 0x0a;

export class LineSplitter implements Splitter {
  readonly #held = new ChunkList();

  get pendingBytes(): number {
    return this.#held.bytes;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let begin = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, begin);
      if (end < 0) {
        break;
      }
      const line = this.#held.takeWith(chunk.subarray(begin, end));
      if (line.length > 0) {
        lines.push(line);
      }
      begin = end + 1;
    }
    this.#held.add(chunk.subarray(begin));
    if (this.#held.bytes > MAX_MESSAGE_BYTES) {
      throw new Malformed(`a line is longer than ${MAX_MESSAGE_BYTES} bytes`, this.#held.head());
    }
    return lines;
  }
}
