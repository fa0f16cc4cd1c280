import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Inbox } from "../../../src/client/transports/inbox.ts";
import { range, until } from "../../support/world.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("what was read is let go of, also where there is always more to read", async () => {
  const inbox = new Inbox(() => {});
  const read: WeakRef<object>[] = [];
  const push = (first: number) => {
    const arrival = { payload: String(first), codec: "json" as const };
    read.push(new WeakRef(arrival));
    inbox.push(arrival);
  };
  push(0);
  for (const next of range(1, 100)) {
    push(next);
    expect((await inbox.read())?.payload).toBe(String(next - 1));
  }
  await until(() => {
    collectGarbage();
    expect(read.filter((one) => one.deref() !== undefined).length).toBeLessThan(10);
  });
});
