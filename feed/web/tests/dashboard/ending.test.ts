import { expect, test } from "vitest";
import { Refused, TransportFailed } from "../../src/client/index.ts";
import { Ending } from "../../src/dashboard/ui/ending.ts";

test("the end of a visit says its reason", () => {
  const closed = new TransportFailed(
    "websocket",
    "closed with code 1008: the identity has expired",
  );
  const due = new Refused(401, "not authenticated: auth is due", true);
  const revoked = new Refused(402, "auth failed: the identity is not accepted any more", true);
  expect(new Ending().note(closed)).toBeUndefined();
  expect(new Ending().note(due)).toBe("your visit has ended");
  expect(new Ending().note(revoked)).toBe("your key is not accepted any more");
  const ending = new Ending();
  ending.note(closed);
  expect(ending.note(due)).toBe("your key has expired");
});
