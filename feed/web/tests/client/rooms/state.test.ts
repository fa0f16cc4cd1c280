import { expect, test } from "vitest";
import { RoomState } from "../../../src/client/rooms/state.ts";
import type { DeskWord } from "../../../src/client/wire/deskwords.ts";

const by = `own_${"0".repeat(32)}`;
const said = { room: "desk", from: "anonymous", by };
const at = (second: number) => `2026-01-02T03:04:0${second}.000000000Z`;
const message = (id: string, text: string, second = 1): DeskWord => ({
  ...{ T: "message", id, text, t: at(second), ...said },
});
const entry = (symbol: string, place: number, version = 1): DeskWord => ({
  ...{ T: "entry", symbol, version, place, note: "", t: at(1), ...said },
});

test("what comes twice is news once, and words of another room are none", () => {
  const state = new RoomState("desk");
  const edited: DeskWord = { T: "edited", id: "1", text: "b", t: at(2), ...said };
  const deleted: DeskWord = { T: "deleted", id: "1", t: at(3), ...said };
  const words = [message("1", "a"), edited, deleted];
  for (const word of words) {
    expect(state.take([word], false, 0)).toEqual([word]);
    expect(state.take([word], false, 0)).toEqual([]);
  }
  expect(state.messages).toEqual([]);
  expect(state.take([{ ...message("2", "x"), room: "other" } as DeskWord], false, 0)).toEqual([]);
  expect(state.take([edited], false, 0)).toEqual([]); // of what is not known
});

test("a snapshot says what is gone, of the channels that it tells of", () => {
  const state = new RoomState("desk");
  const present: DeskWord = { T: "present", since: at(1), connections: 1, t: at(1), ...said };
  state.take([message("1", "a"), message("2", "b"), entry("A", 1), present], true, 0);
  expect(state.endSnapshot(false)).toEqual([]);
  expect(state.take([message("2", "b"), message("3", "c", 0)], true, 0)).toHaveLength(1);
  expect(state.endSnapshot(false)).toMatchObject([
    { T: "deleted", id: "1" },
    { T: "removed", symbol: "A" },
  ]);
  expect(state.messages.map(({ text }) => text)).toEqual(["c", "b"]);
  expect(state.members).toHaveLength(1);
  expect(state.endSnapshot(true)).toHaveLength(3);
  expect([state.messages, state.members, state.entries]).toEqual([[], [], []]);
});

test("entries stand by their places, and versions outlive what is removed", () => {
  const state = new RoomState("desk");
  state.take([entry("B", 2), entry("A", 3), entry("C", 1)], false, 0);
  expect(state.entries.map(({ symbol }) => symbol)).toEqual(["C", "B", "A"]);
  state.take(
    [entry("A", 0, 2), { T: "removed", symbol: "B", version: 2, t: at(2), ...said }],
    false,
    0,
  );
  expect(state.entries.map(({ symbol }) => symbol)).toEqual(["A", "C"]);
  expect(["A", "B", "Z"].map((symbol) => state.version(symbol))).toEqual([2, 2, 0]);
});

test("who types has stopped after three seconds", () => {
  const state = new RoomState("desk");
  const typing: DeskWord = { T: "typing", t: at(1), ...said, name: "Ann" };
  expect(state.take([typing, typing], false, 1_000)).toHaveLength(2);
  expect(state.typing(3_999)).toEqual([typing]);
  expect(state.typing(4_000)).toEqual([]);
});
