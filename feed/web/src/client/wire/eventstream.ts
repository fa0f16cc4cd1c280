/**
 * Events out of a stream of bytes, wherever the chunks are cut: Server-Sent Events read by `fetch`.
 *
 * Source: WHATWG HTML §9.2.6. Ids and reconnection times are not read: answers have numbers of their
 * own. Decodes no JSON.
 */

import { Malformed } from "../errors.ts";
import { MAX_MESSAGE_BYTES } from "./splitter.ts";

export interface ServerEvent {
  /** "message" for one without a name. */
  name: string;
  data: string;
}

export class EventSplitter {
  readonly #decoder = new TextDecoder(); // takes away the byte order mark, and keeps half characters
  #rest = "";
  #name = "";
  #data: string[] = [];
  #size = 0;

  /** Take a chunk; return the events that it completes. Throws Malformed for one without an end. */
  push(chunk: Uint8Array): ServerEvent[] {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    const held = text.endsWith("\r") ? "\r" : ""; // it may be half of the end of a line
    const lines = text.slice(0, text.length - held.length).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + held;
    const events: ServerEvent[] = [];
    for (const line of lines) {
      if (line !== "") {
        this.#read(line);
        continue;
      }
      if (this.#data.length > 0) {
        events.push({ name: this.#name || "message", data: this.#data.join("\n") });
      }
      this.#name = "";
      this.#data = [];
      this.#size = 0;
    }
    if (this.#rest.length + this.#size > MAX_MESSAGE_BYTES) {
      throw new Malformed(`an event is longer than ${MAX_MESSAGE_BYTES}`, this.#rest.slice(0, 64));
    }
    return events;
  }

  #read(line: string): void {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === "event") {
      this.#name = value;
    }
  }
}
