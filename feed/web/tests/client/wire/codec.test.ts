import { describe, expect, test } from "vitest";
import { Malformed } from "../../../src/client/errors.ts";
import { decodeFrame } from "../../../src/client/wire/codec.ts";
import type { Message } from "../../../src/client/wire/ticks.ts";
import { encode, trade } from "../../support/feed.ts";

const utf8 = new TextEncoder();
const frame = [trade("AAPL", 1), { T: "mark", pos: "e-1" }];

test("a tick is the same in JSON and in MessagePack, nanoseconds included", () => {
  expect(decodeFrame(encode(frame, "msgpack"), "msgpack")).toEqual(frame);
  expect(decodeFrame(encode(frame, "json"), "json")).toEqual(frame);
});

test("JSON is read from text and from bytes", () => {
  expect(decodeFrame(utf8.encode(JSON.stringify(frame)), "json")).toEqual(frame);
});

test("an object alone is a frame of one message", () => {
  const gap = { T: "gap", from: "e-1", to: "e-2", reason: "overrun" };
  expect(decodeFrame(JSON.stringify(gap), "json")).toEqual([gap]);
});

test("a message of an unknown kind is handed on", () => {
  expect(decodeFrame('[{"T":"zz","q":1}]', "json")).toEqual([{ T: "zz", q: 1 }]);
});

test("timestamps of 32 and 96 bits are read too", () => {
  const tick = [0x91, 0x83, 0xa1, 0x54, 0xa1, 0x74, 0xa1, 0x53, 0xa1, 0x41, 0xa1, 0x74];
  const short = [0xd6, 0xff, 0, 0, 0, 1];
  const long = [0xc7, 12, 0xff, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  const time = (stamp: number[]) => {
    const [message] = decodeFrame(Uint8Array.from([...tick, ...stamp]), "msgpack") as Message[];
    return (message as { t: string }).t;
  };
  expect(time(short)).toBe("1970-01-01T00:00:01.000000000Z");
  expect(time(long)).toBe("1969-12-31T23:59:59.000000005Z");
});

describe("what is no frame is refused with words that help", () => {
  const bad: [string, string | Uint8Array, "json" | "msgpack", RegExp][] = [
    ["a page", "<!DOCTYPE html><title>Sign in</title>", "json", /HTML page.*Sign in/],
    ["a cut frame", '[{"T":"t","S":"AA', "json", /not JSON/],
    ["broken UTF-8", Uint8Array.of(0x5b, 0xc3, 0x28, 0x5d), "json", /not UTF-8.*5b c3 28 5d/],
    ["a number", "[1]", "json", /array of objects/],
    ["an object without T", '[{"S":"A"}]', "json", /array of objects/],
    ["a tick without a time", '[{"T":"t","S":"A"}]', "json", /ticks have S and t/],
    ["text in place of MessagePack", "[]", "msgpack", /text where MessagePack/],
    ["MessagePack cut in two", Uint8Array.of(0x92, 0x81, 0xa1), "msgpack", /not MessagePack/],
    ["two values at once", Uint8Array.of(0x90, 0x90), "msgpack", /not MessagePack/],
    ["a timestamp of 2 bytes", Uint8Array.of(0x91, 0xd5, 0xff, 1, 2), "msgpack", /4, 8 or 12/],
  ];
  test.each(bad)("%s", (_, payload, codec, words) => {
    expect(() => decodeFrame(payload, codec)).toThrow(Malformed);
    expect(() => decodeFrame(payload, codec)).toThrow(words);
  });
});
