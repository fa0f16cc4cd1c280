/** Server-Sent Events read by `fetch`, wherever chunks are cut. */

import { expect, test } from "vitest";
import { Malformed } from "../../../src/client/errors.ts";
import { EventSplitter } from "../../../src/client/wire/eventstream.ts";
import { MAX_MESSAGE_BYTES } from "../../../src/client/wire/splitter.ts";

const STREAM =
  "\uFEFF:\ndata: é\u2028\ndata:2\n\nevent: gap\r\nid: 1\r\ndata:\r\n\r\ndata: x\r\r:\n\n";
const EVENTS = [
  { name: "message", data: "é\u2028\n2" },
  { name: "gap", data: "" },
  { name: "message", data: "x" },
];

test("events are whole wherever chunks are cut", () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let size = 1; size <= bytes.length; size += 1) {
    const splitter = new EventSplitter();
    const events = [];
    for (let begin = 0; begin < bytes.length; begin += size) {
      events.push(...splitter.push(bytes.subarray(begin, begin + size)));
    }
    expect(events).toEqual(EVENTS);
  }
});

test("an event without an end is refused", () => {
  const splitter = new EventSplitter();
  expect(() => splitter.push(new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(97))).toThrow(Malformed);
});
