import { decode } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import { Malformed } from "../../../src/client/errors.ts";
import { decodeFrame } from "../../../src/client/wire/codec.ts";
import { MessagePackSplitter } from "../../../src/client/wire/messagepack.ts";
import { LineSplitter } from "../../../src/client/wire/ndjson.ts";
import { MAX_MESSAGE_BYTES, type Splitter } from "../../../src/client/wire/splitter.ts";
import { encode, trade } from "../../support/feed.ts";

const utf8 = new TextEncoder();
const frames = [
  [trade("AAPL", 1), { T: "mark", pos: "e-1" }],
  [
    {
      T: "s",
      S: "MÜR.DE",
      sc: "H",
      sm: "Halt — größer 🙂",
      rc: "",
      rm: "",
      t: "2026-01-02T03:04:05Z",
    },
  ],
  [{ T: "mark", pos: "e-2" }],
];

function concat(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function decodeAll(splitter: Splitter, chunks: Uint8Array[], codec: "json" | "msgpack"): unknown[] {
  return chunks.flatMap((chunk) => splitter.push(chunk)).map((value) => decodeFrame(value, codec));
}

const streams = {
  json: {
    bytes: concat(frames.map((frame) => utf8.encode(`${JSON.stringify(frame)}\n`))),
    make: () => new LineSplitter(),
  },
  msgpack: {
    bytes: concat(frames.map((frame) => encode(frame, "msgpack") as Uint8Array)),
    make: () => new MessagePackSplitter(),
  },
} as const;

describe.each(["json", "msgpack"] as const)("%s", (codec) => {
  const { bytes, make } = streams[codec];
  const whole = decodeAll(make(), [bytes], codec);

  test("a stream in one chunk gives every frame", () => {
    expect(whole).toHaveLength(frames.length);
  });

  test("a cut at any byte, even within a character, changes nothing", () => {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(decodeAll(make(), chunks, codec)).toEqual(whole);
    }
  });

  test("byte by byte changes nothing", () => {
    const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(decodeAll(make(), chunks, codec)).toEqual(whole);
  });

  test("a message in progress is pending until it is complete", () => {
    const splitter = make();
    splitter.push(bytes.subarray(0, bytes.length - 1));
    expect(splitter.pendingBytes).toBeGreaterThan(0);
    splitter.push(bytes.subarray(bytes.length - 1));
    expect(splitter.pendingBytes).toBe(0);
  });

  test("a message without end is refused instead of held for ever", () => {
    const splitter = make();
    const endless = new Uint8Array(64 * 1024).fill(0x20);
    if (codec === "msgpack") {
      splitter.push(Uint8Array.of(0xdd, 0x7f, 0xff, 0xff, 0xff)); // an array of two billion
    }
    const push = () => {
      for (let bytes = 0; bytes <= MAX_MESSAGE_BYTES; bytes += endless.length) {
        splitter.push(endless);
      }
    };
    expect(push).toThrow(Malformed);
  });
});

describe("MessagePack formats", () => {
  // Header bytes by hand, from the specification's table; every one followed by the value 7.
  const fill = (count: number) => new Array<number>(count).fill(0x01);
  const values: Record<string, number[]> = {
    "positive fixint": [0x7f],
    "negative fixint": [0xe0],
    nil: [0xc0],
    false: [0xc2],
    true: [0xc3],
    fixstr: [0xa3, 0x61, 0x62, 0x63],
    "str 8": [0xd9, 2, 0x61, 0x62],
    "str 16": [0xda, 0, 2, 0x61, 0x62],
    "str 32": [0xdb, 0, 0, 0, 2, 0x61, 0x62],
    "bin 8": [0xc4, 2, 1, 2],
    "bin 16": [0xc5, 0, 2, 1, 2],
    "bin 32": [0xc6, 0, 0, 0, 2, 1, 2],
    "empty bin 8": [0xc4, 0],
    "float 32": [0xca, ...fill(4)],
    "float 64": [0xcb, ...fill(8)],
    "uint 8": [0xcc, 255],
    "uint 16": [0xcd, ...fill(2)],
    "uint 32": [0xce, ...fill(4)],
    "uint 64": [0xcf, ...fill(8)],
    "int 8": [0xd0, 255],
    "int 16": [0xd1, ...fill(2)],
    "int 32": [0xd2, ...fill(4)],
    "int 64": [0xd3, ...fill(8)],
    "fixext 1": [0xd4, 5, ...fill(1)],
    "fixext 2": [0xd5, 5, ...fill(2)],
    "fixext 4": [0xd6, 5, ...fill(4)],
    "fixext 8": [0xd7, 5, ...fill(8)],
    "fixext 16": [0xd8, 5, ...fill(16)],
    "ext 8": [0xc7, 3, 5, ...fill(3)],
    "empty ext 8": [0xc7, 0, 5],
    "ext 16": [0xc8, 0, 3, 5, ...fill(3)],
    "ext 32": [0xc9, 0, 0, 0, 3, 5, ...fill(3)],
    fixarray: [0x93, 1, 2, 3],
    "empty fixarray": [0x90],
    "array 16": [0xdc, 0, 2, 1, 2],
    "empty array 16": [0xdc, 0, 0],
    "array 32": [0xdd, 0, 0, 0, 2, 1, 2],
    fixmap: [0x81, 0xa1, 0x61, 1],
    "empty fixmap": [0x80],
    "map 16": [0xde, 0, 1, 0xa1, 0x61, 1],
    "map 32": [0xdf, 0, 0, 0, 1, 0xa1, 0x61, 1],
    nested: [0x92, 0x81, 0xa1, 0x61, 0x92, 0x90, 0x80, 0xdc, 0, 1, 0xc4, 1, 9],
  };

  test.each(Object.entries(values))("%s ends where it ends", (_, bytes) => {
    const stream = Uint8Array.from([...bytes, 0x07]);
    expect(new MessagePackSplitter().push(stream)).toEqual([
      Uint8Array.from(bytes),
      Uint8Array.of(7),
    ]);
    const single = new MessagePackSplitter();
    const parts = Array.from(stream, (byte) => single.push(Uint8Array.of(byte)));
    expect(parts.flat()).toEqual([Uint8Array.from(bytes), Uint8Array.of(7)]);
    expect(() => decode(Uint8Array.from(bytes))).not.toThrow();
  });

  test("the byte that is never used is refused", () => {
    expect(() => new MessagePackSplitter().push(Uint8Array.of(0x92, 0xc1))).toThrow(/0xc1/);
  });
});

test("an empty line is no frame", () => {
  expect(new LineSplitter().push(utf8.encode("\n\n[]\n"))).toEqual([utf8.encode("[]")]);
});
