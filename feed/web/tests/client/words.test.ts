import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Receiver, type Words } from "../../src/client/receiver.ts";
import { Texts } from "../../src/client/texts.ts";
import { decodeFrame } from "../../src/client/wire/codec.ts";
import { Progress } from "../../src/client/wire/progress.ts";
import { Selection } from "../../src/client/wire/selection.ts";
import type { Message } from "../../src/client/wire/ticks.ts";
import type { Generated, Generation, Token, Word } from "../../src/client/wire/words.ts";
import { encode, ScriptedFeed, trade } from "../support/feed.ts";
import { Browser } from "../support/locks.ts";
import { Record, until } from "../support/world.ts";

const ID = `gen_${"0".repeat(32)}`;
const OTHER = `gen_${"1".repeat(32)}`;
const t = "2026-01-02T03:04:05.000000001Z";

function begin(id = ID, n = 0, text = ""): Generation {
  return { T: "generation", id, n, model: "market", text, state: "running", t };
}

function token(n: number, text: string, id = ID): Token {
  return { T: "token", id, n, text, t };
}

const over: Generated = { T: "generated", id: ID, n: 3, state: "stop", completion_tokens: 2, t };
const border = (state: "begin" | "end"): Message => ({ T: "snapshot", state, pos: "e-1" });

describe("a selection of words", () => {
  test("names ids one by one, and takes them back", () => {
    const both = Selection.of({ trades: ["*"], generations: [ID, OTHER] });
    expect(both.entries).toBe(3);
    expect(both.without(Selection.of({ generations: [OTHER] })).toJSON()).toEqual({
      trades: ["*"],
      generations: [ID],
    });
    expect(both.includes(token(1, "x"))).toBe(true);
    expect(Selection.of({ trades: ["*"], generations: [OTHER] }).includes(token(1, "x"))).toBe(
      false,
    );
  });

  test.each(["*", "AAPL", "", `${ID}0`, ID.toUpperCase(), `gen_${"g".repeat(32)}`])(
    "refuses %j",
    (key) => {
      expect(() => Selection.of({ generations: [key] })).toThrow(/gen_ and 32 hexadecimal digits/);
    },
  );
});

test.each([
  { ...token(1, "x"), id: 1 },
  { ...token(1, "x"), n: "1" },
  { ...token(1, "x"), n: 1.5 },
  { ...token(1, "x"), text: undefined },
  { ...begin(), state: "lost" },
  { ...over, state: null },
])("what is no word is malformed: %j", (word) => {
  expect(() => decodeFrame(JSON.stringify([word]), "json")).toThrow(/words what their T says/);
});

test.each(["json", "msgpack"] as const)("words are the same in %s", (codec) => {
  const words: Word[] = [begin(), token(1, 'a "\u2028" ß'), over];
  expect(decodeFrame(encode(words, codec), codec)).toEqual(words);
});

test("words of a frame that goes back are dropped", () => {
  const progress = new Progress();
  progress.moveTo("e-5");
  expect(progress.advance([token(1, "a"), trade("A", 1)], "e-4")).toEqual([]);
  expect(progress.duplicates).toBe(2);
});

test("a receiver tells words in order, states apart, and those of its selection alone", () => {
  const told: Words[] = [];
  const nothing = (): void => {};
  const receiver = new Receiver({
    tick: nothing,
    words: (words) => told.push(words),
    gap: nothing,
    snapshot: nothing,
    conflation: nothing,
    subscription: nothing,
    feed: nothing,
    warning: nothing,
    age: nothing,
    unknown: () => expect.unreachable(),
  });
  receiver.selection = Selection.of({ trades: ["*"], generations: [ID] });
  const state = begin(ID, 1, "one ");
  const messages = [
    ...[border("begin"), state, begin(OTHER, 5, "else"), border("end")],
    ...[token(2, "two"), trade("A", 1), token(6, "more", OTHER), over],
  ];
  receiver.receive({
    ...{ payload: "", codec: "json", altered: false, receivedMs: 0 },
    ...{ messages, position: "e-9" },
  });
  expect(told).toEqual([
    { words: [state], isSnapshot: true, position: "e-9" },
    { words: [token(2, "two"), over], isSnapshot: false, position: "e-9" },
  ]);
  expect(receiver.counters).toMatchObject({ words: 3, ticks: 1, unknown: 0 });
  const late = receiver.known(Selection.of({ generations: [ID, OTHER] }));
  expect(late).toEqual([
    { ...state, ...over, T: "generation", text: "one two" },
    begin(OTHER, 6, "elsemore"),
  ]);
});

test("of texts that are known a token changes nothing twice, and the oldest give way", () => {
  const texts = new Texts();
  const [id, ...others] = Array.from({ length: 65 }, (_, n) => `gen_${`${n}`.padStart(32, "0")}`);
  for (const word of [token(1, "lost", id), begin(id), token(1, "a", id), token(1, "a", id)]) {
    texts.update(word);
  }
  texts.update(begin(id)); // an older state than what is known
  const all = Selection.of({ generations: [id as string, ...others] });
  expect(texts.of(all).map(({ text }) => text)).toEqual(["a"]);
  for (const other of others) {
    texts.update(begin(other));
  }
  expect(texts.of(all).map((state) => state.id)).toEqual(others);
});

describe("a client", () => {
  let feed: ScriptedFeed;
  const records: Record[] = [];

  beforeEach(async () => {
    feed = await ScriptedFeed.start();
  });

  afterEach(async () => {
    for (const record of records.splice(0)) {
      record.client.close();
    }
    await feed.stop();
  });

  function say(position: string, ...messages: object[]): void {
    for (const subscriber of feed.subscribers) {
      subscriber.send([...messages, { T: "mark", pos: position }], position);
    }
  }

  function listen(record: Record): Word[] {
    records.push(record);
    const heard: Word[] = [];
    record.client.on("words", ({ words }) => heard.push(...words));
    return heard;
  }

  test("subscribes to an answer over a WebSocket, hears it, and stands behind it", async () => {
    const record = new Record(feed.origin, { transport: "websocket", shared: false });
    const heard = listen(record);
    record.client.subscribe({ generations: [ID] });
    await until(() => expect(feed.controls).toHaveLength(1));
    expect(feed.controls[0]).toMatchObject({ action: "subscribe", generations: [ID] });
    say("epoch1-4", begin(), token(1, "a"), token(2, "b"), over);
    await until(() => expect(heard).toHaveLength(4));
    expect(record.client.position).toBe("epoch1-4");
    expect(record.client.counters).toMatchObject({ words: 4, unknown: 0, malformed: 0 });
    expect(record.client.subscription).toEqual({ generations: [ID] });
  });

  test("of a shared connection that asks later begins with the text so far", async () => {
    const browser = new Browser();
    const leader = new Record(feed.origin, { transport: "stream" }, browser.tab());
    const heard = listen(leader);
    leader.client.subscribe({ generations: [ID] });
    await until(() => expect(feed.subscribers.size).toBe(1));
    say("epoch1-2", begin(), token(1, "so "), token(2, "far"));
    await until(() => expect(heard).toHaveLength(3));
    const late = new Record(feed.origin, { transport: "stream" }, browser.tab());
    const heardLate = listen(late);
    late.client.subscribe({ generations: [ID] });
    await until(() => expect(heardLate).toHaveLength(1));
    expect(heardLate).toEqual([begin(ID, 2, "so far")]);
    say("epoch1-3", over);
    await until(() => expect([heard.length, heardLate.length]).toEqual([4, 2]));
    expect(heardLate[1]).toEqual(over);
  });
});
