/** The golden bytes that this parser shares with the server and the Python client: `tests/golden`. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type CodecName, decodeFrame } from "../../src/client/wire/codec.ts";
import { MessagePackSplitter } from "../../src/client/wire/messagepack.ts";
import { LineSplitter } from "../../src/client/wire/ndjson.ts";

/** Text in `utf8`, anything else in `hex`. */
interface Written {
  utf8?: string;
  hex?: string;
}

interface FrameVector extends Written {
  name: string;
  transport: string;
  codec: string;
  chunked: boolean;
  event: string | null;
  messages: unknown[];
}

interface TickVector {
  name: string;
  object: unknown;
  arrays: Record<string, Written>;
}

const CODECS: readonly string[] = ["json", "msgpack"];
const folder = new URL("../../../../tests/golden/", import.meta.url);

function bytesOf({ utf8, hex }: Written): Uint8Array {
  return Uint8Array.from(utf8 === undefined ? Buffer.from(hex ?? "", "hex") : Buffer.from(utf8));
}

/** What stands behind the header of an unmasked WebSocket frame (RFC 6455 §5.2). */
function payloadOf(frame: Uint8Array): Uint8Array {
  const short = (frame[1] as number) & 0x7f;
  return frame.subarray(short < 126 ? 2 : short === 126 ? 4 : 10);
}

// The package is tested by itself too, away from the checkout.
describe.skipIf(!existsSync(fileURLToPath(folder)))("golden bytes", () => {
  const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  const { ticks } = read("ticks.json") as { ticks: TickVector[] };
  const { frames, bodies } = read("frames.json") as {
    frames: FrameVector[];
    bodies: Record<string, string[]>;
  };
  const known = frames.filter(({ codec, chunked }) => CODECS.includes(codec) && !chunked);
  const arrays = ticks.flatMap(({ name, object, arrays }) =>
    (CODECS as CodecName[]).map((codec) => ({ name, object, codec, written: arrays[codec] ?? {} })),
  );

  test.each(arrays)("$codec: $name", ({ object, codec, written }) => {
    expect(decodeFrame(bytesOf(written), codec)).toEqual([object]);
  });

  test.each(known.filter(({ transport }) => transport === "websocket"))("$name", (vector) => {
    const payload = payloadOf(bytesOf(vector));
    const text = vector.codec === "json" ? new TextDecoder().decode(payload) : payload;
    expect(decodeFrame(text, vector.codec as CodecName)).toEqual(vector.messages);
  });

  // EventSource is the browser's; what it hands over is decoded here.
  const events = known.filter(
    ({ transport, messages }) => transport === "sse" && messages.length > 0,
  );
  test.each(events)("$name", ({ utf8, codec, event, messages }) => {
    const data = /^data: (.*)$/m.exec(utf8 ?? "")?.[1] ?? "";
    const binary = codec === "msgpack" && event === null;
    const payload = binary ? Uint8Array.from(Buffer.from(data, "base64")) : data;
    expect(decodeFrame(payload, binary ? "msgpack" : "json")).toEqual(messages);
  });

  const streams = Object.entries(bodies).filter(([name]) => /^stream (json|msgpack)$/.test(name));
  test.each(streams)("%s, cut anywhere", (name, parts) => {
    const codec: CodecName = name.endsWith("json") ? "json" : "msgpack";
    const vectors = parts.map((part) => frames.find((frame) => frame.name === part) as FrameVector);
    const stream = Uint8Array.from(vectors.flatMap((vector) => [...bytesOf(vector)]));
    const expected = vectors.map(({ messages }) => messages);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const splitter = codec === "json" ? new LineSplitter() : new MessagePackSplitter();
      const values = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((chunk) =>
        splitter.push(chunk),
      );
      expect(values.map((value) => decodeFrame(value, codec))).toEqual(expected);
      expect(splitter.pendingBytes).toBe(0);
    }
  });

  test("both codecs and all kinds of messages are among them", () => {
    expect(streams).toHaveLength(2);
    expect(events.length).toBeGreaterThan(10);
    const kinds = new Set(ticks.map(({ object }) => (object as { T: string }).T));
    expect([...kinds].sort()).toEqual(["b", "b1s", "q", "s", "t", "u"]);
  });
});
