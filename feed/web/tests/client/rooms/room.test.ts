import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FeedClient } from "../../../src/client/client.ts";
import type { Unsent } from "../../../src/client/rooms/outbox.ts";
import { type Room, room } from "../../../src/client/rooms/room.ts";
import type { RoomEvent } from "../../../src/client/rooms/state.ts";
import { ScriptedFeed } from "../../support/feed.ts";
import { BY, ScriptedRooms } from "../../support/rooms.ts";
import { Page, until } from "../../support/world.ts";

let feed: ScriptedFeed;
let rooms: ScriptedRooms;
const open: Room[] = [];

beforeEach(async () => {
  feed = await ScriptedFeed.start();
  rooms = new ScriptedRooms(feed);
});

afterEach(async () => {
  for (const one of open.splice(0)) {
    one.close();
  }
  await feed.stop();
});

function enter(name = "Ann", present = false) {
  const page = new Page();
  const world = { ...page.environment(), fetch: rooms.fetch as typeof fetch };
  const one = room(feed.origin, "desk", { name, present, environment: world });
  open.push(one);
  const words: RoomEvent[] = [];
  const refused: Unsent[] = [];
  one.on("word", ({ word }) => words.push(word));
  one.on("refused", (unsent) => refused.push(unsent));
  return { room: one, page, words, refused };
}

const texts = (one: Room) => one.messages.map(({ text }) => text);
const said = (words: RoomEvent[]) =>
  words.flatMap((word) => (word.T === "message" ? [word.text] : []));

test("rooms that share a client are left one by one", async () => {
  const environment = { ...new Page().environment(), fetch: rooms.fetch as typeof fetch };
  const client = new FeedClient({ url: feed.origin, shared: false, environment });
  const options = { client, present: false, environment };
  const [one, other] = [room(feed.origin, "desk", options), room(feed.origin, "desk", options)];
  open.push(one, other);
  const key = { rooms: ["desk"], presence: ["desk"] };
  expect(client.subscription).toEqual(key);
  one.close();
  one.close();
  expect(client.subscription).toEqual(key);
  other.close();
  expect(client.subscription).toEqual({});
  client.close();
});

describe("a room", () => {
  test("tells late comers what was said, and everybody what is", async () => {
    const ann = enter("Ann");
    await until(() => expect(feed.controls).toHaveLength(1));
    expect(feed.controls[0]).toMatchObject({ rooms: ["desk"], presence: ["desk"] });
    const { pos } = await ann.room.say("<b>one</b>");
    expect(pos).toBe("epoch1-1");
    await until(() => expect(texts(ann.room)).toEqual(["<b>one</b>"]));
    const bob = enter("Bob");
    await until(() => expect(texts(bob.room)).toEqual(["<b>one</b>"]));
    await bob.room.say("two");
    await until(() => expect(texts(ann.room)).toEqual(["<b>one</b>", "two"]));
    expect(said(ann.words)).toEqual(said(bob.words));
    const [first, second] = ann.room.messages;
    await ann.room.edit(first?.id ?? "", "uno");
    await bob.room.remove(second?.id ?? "");
    await until(() => expect([texts(ann.room), texts(bob.room)]).toEqual([["uno"], ["uno"]]));
    expect(ann.room.messages[0]?.edited).toBeDefined();
  });

  test("sends what was said while away once, in order, when it is back", async () => {
    const ann = enter();
    const bob = enter("Bob");
    await ann.room.say("before");
    rooms.isDown = true;
    feed.cut();
    const done = ["one", "two", "three"].map((text) => ann.room.say(text));
    const listed = ann.room.list.add("AAPL");
    const noted = ann.room.list.note("AAPL", "thin");
    expect(ann.room.unsent.map(({ action }) => action.kind)).toEqual([
      ...["say", "say", "say"],
      ...["list", "list"],
    ]);
    expect(ann.room.expected.map(({ symbol, note }) => [symbol, note])).toEqual([["AAPL", "thin"]]);
    expect(ann.room.entries).toEqual([]);
    rooms.isDown = false;
    rooms.loses = 2; // of the first one twice: it is done, and sent again
    ann.page.change("online");
    await Promise.all([...done, listed, noted]);
    const all = ["before", "one", "two", "three"];
    await until(() => expect([said(ann.words), said(bob.words)]).toEqual([all, all]));
    await until(() => expect(bob.room.entries).toMatchObject([{ symbol: "AAPL", note: "thin" }]));
    expect(bob.room.entries[0]?.version).toBe(2);
    expect(rooms.calls.filter((call) => call.endsWith(" one"))).toHaveLength(3);
    expect(ann.room.unsent).toEqual([]);
  });

  test("says what could not be sent, and why, and goes on behind it", async () => {
    const ann = enter();
    rooms.refusals.push([429, { detail: "slowly" }], [403, { detail: "not granted: rooms=desk" }]);
    await expect(ann.room.say("secret")).rejects.toThrow("not granted: rooms=desk (403)");
    expect(ann.refused).toMatchObject([{ action: { text: "secret" }, refused: { code: 403 } }]);
    await ann.room.say("public");
    expect(ann.room.unsent.map(({ action }) => action)).toEqual([{ kind: "say", text: "secret" }]);
    ann.room.discard(ann.room.unsent[0]?.id ?? "");
    expect(ann.room.unsent).toEqual([]);
    expect(() => ann.room.say("")).toThrow("1 to 4,000 characters");
    expect(() => ann.room.say("\ud800")).toThrow("valid Unicode");
    expect(() => room(feed.origin, "../x")).toThrow("room");
  });

  test("tells a conflict of its list with the entry as it is now", async () => {
    const [ann, bob] = [enter("Ann"), enter("Bob")];
    await ann.room.list.add("AAPL", { note: "a" });
    await until(() => expect(bob.room.entries).toHaveLength(1));
    rooms.isDown = true;
    const late = bob.room.list.note("AAPL", "of Bob");
    late.catch(() => {});
    const removed = bob.room.list.add("MSFT");
    await new Promise(setImmediate);
    rooms.isDown = false;
    await ann.room.list.note("AAPL", "of Ann");
    bob.page.change("online");
    await expect(late).rejects.toThrow("somebody was faster");
    await removed;
    expect(bob.refused).toMatchObject([{ entry: { symbol: "AAPL", note: "of Ann", version: 2 } }]);
    await until(() => expect(bob.room.expected).toMatchObject([{ note: "of Ann" }, {}]));
    await ann.room.list.remove("AAPL");
    await ann.room.list.add("AAPL");
    await until(() => expect(bob.room.entries).toHaveLength(2));
  });

  test("adds what was removed before it came", async () => {
    const ann = enter("Ann");
    await ann.room.list.add("AAPL");
    await ann.room.list.remove("AAPL");
    const late = enter("Bob");
    await until(() => expect(late.room.isLoaded).toBe(true));
    const added = late.room.list.add("AAPL");
    const noted = late.room.list.note("AAPL", "back");
    await Promise.all([added, noted]);
    await until(() => expect(ann.room.entries).toMatchObject([{ symbol: "AAPL", note: "back" }]));
    expect(late.room.unsent).toEqual([]);
  });

  test("has members, one of whom is oneself, until they leave", async () => {
    const ann = enter("Ann", true);
    const bob = enter("Bob", true);
    const names = (one: Room) => one.members.map(({ name }) => name);
    await until(() => expect(names(ann.room)).toEqual(["Ann", "Bob"]));
    expect(ann.room.by).toBe(BY);
    bob.room.type();
    bob.room.type();
    await until(() => expect(ann.room.typing).toMatchObject([{ name: "Bob" }]));
    await bob.room.say("done");
    await until(() => expect([texts(ann.room), ann.room.typing]).toEqual([["done"], []]));
    expect(rooms.calls.filter((call) => call.endsWith("typing"))).toHaveLength(1);
    bob.room.close();
    await until(() => expect(names(ann.room)).toEqual(["Ann"]));
  });

  test("forgets what a server that began anew does not know", async () => {
    const ann = enter();
    await ann.room.say("old");
    await until(() => expect(texts(ann.room)).toEqual(["old"]));
    feed.restart("epoch2");
    await until(() => expect(texts(ann.room)).toEqual([]));
    expect(ann.words.at(-1)).toMatchObject({ T: "deleted", room: "desk" });
    rooms.say("new", "m1");
    await until(() => expect(texts(ann.room)).toEqual(["new"]));
  });
});
