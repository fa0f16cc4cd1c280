import { afterEach, beforeEach, expect, test } from "vitest";
import { ScriptedFeed } from "../../support/feed.ts";
import { Page, Record, until } from "../../support/world.ts";

const KEY = { key: "fk_0123456789abcdef", secret: "fs_secret" };

let feed: ScriptedFeed;
let record: Record | undefined;

beforeEach(async () => {
  feed = await ScriptedFeed.start();
});

afterEach(async () => {
  record?.client.close();
  await feed.stop();
});

test("a key is shown first over a WebSocket, and in a header to a stream", async () => {
  record = new Record(feed.origin, { transport: "websocket", credentials: KEY });
  await record.client.subscribe({ trades: ["AAPL"] });
  expect(feed.controls[0]).toEqual({ action: "auth", ...KEY });
  record.client.configure({ transport: "stream" });
  await until(() => expect(feed.authorizations).toContain("Bearer fk_0123456789abcdef.fs_secret"));
  expect(feed.requests.join()).not.toContain(KEY.secret);
});

test("a function is asked anew for each connection", async () => {
  let asked = 0;
  const credentials = async () => {
    asked += 1;
    return { token: `a.b.${asked}` };
  };
  record = new Record(feed.origin, { transport: "stream", credentials });
  await record.client.subscribe({ trades: ["AAPL"] });
  feed.cut();
  await until(() => expect(feed.authorizations).toEqual(["Bearer a.b.1", "Bearer a.b.2"]));
});

test("a function that fails is told and asked again", async () => {
  let asked = 0;
  const credentials = () => {
    asked += 1;
    if (asked === 1) {
      throw new Error("signed out");
    }
    return { token: "a.b.c" };
  };
  record = new Record(feed.origin, { transport: "websocket", credentials });
  await record.client.subscribe({ trades: ["AAPL"] });
  expect(record.problems).toEqual(["there are no credentials: signed out"]);
  expect(feed.controls[0]).toEqual({ action: "auth", token: "a.b.c" });
});

test("a client that is closed while its credentials come does not connect", async () => {
  let tell: ((token: { token: string }) => void) | undefined;
  const credentials = () =>
    new Promise<{ token: string }>((resolve) => {
      tell = resolve;
    });
  record = new Record(feed.origin, { transport: "websocket", credentials });
  record.client.subscribe({ trades: ["AAPL"] }).catch(() => {});
  await until(() => expect(tell).toBeDefined());
  record.client.close();
  tell?.({ token: "a.b.c" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(feed.requests).toEqual([]);
});

test("an EventSource shows a ticket, which it is given for the credential", async () => {
  feed.answers.set("/v1/tickets", (response) => {
    response.writeHead(201, { "Content-Type": "application/json" }).end('{"ticket":"once"}');
  });
  record = new Record(feed.origin, { transport: "sse", credentials: KEY });
  await record.client.subscribe({ trades: ["AAPL"] });
  expect(feed.authorizations).toEqual(["Bearer fk_0123456789abcdef.fs_secret"]);
  expect(feed.requests[0]).toBe("/v1/tickets");
  expect(feed.requests[1]).toMatch(/^\/v1\/sse\?.*&ticket=once$/);
  expect(feed.requests.join()).not.toContain(KEY.secret);
});

test("a credential that gets no ticket is refused in the server's words", async () => {
  feed.answers.set("/v1/tickets", (response) => {
    response
      .writeHead(401, { "Content-Type": "application/problem+json" })
      .end('{"detail":"the key was revoked"}');
  });
  record = new Record(feed.origin, { transport: "sse", credentials: KEY });
  record.client.subscribe({ trades: ["AAPL"] }).catch(() => {});
  await until(() => expect(record?.problems[0]).toContain("the key was revoked"));
  expect(feed.requests).toEqual(["/v1/tickets"]);
});

test("a client that is closed while its ticket comes does not connect", async () => {
  let answer = () => {};
  feed.answers.set("/v1/tickets", (response) => {
    answer = () => response.writeHead(204).end();
  });
  const page = new Page().environment();
  let answered = 0;
  let made = 0;
  const environment = {
    fetch: async (...request: Parameters<typeof fetch>) => {
      const response = await fetch(...request);
      answered += 1;
      return response;
    },
    EventSource: class extends (page.EventSource as typeof EventSource) {
      constructor(url: string | URL) {
        super(url);
        made += 1;
      }
    },
  };
  record = new Record(feed.origin, { transport: "sse", credentials: KEY, environment });
  record.client.subscribe({ trades: ["AAPL"] });
  await until(() => expect(feed.requests).toEqual(["/v1/tickets"]));
  record.client.close();
  answer();
  await until(() => expect(answered).toBe(1));
  expect(made).toBe(0);
});

test("a server without identities gives no ticket, and needs none", async () => {
  feed.answers.set("/v1/tickets", (response) => response.writeHead(204).end());
  record = new Record(feed.origin, { transport: "sse", credentials: KEY });
  await record.client.subscribe({ trades: ["AAPL"] });
  expect(feed.requests[1]).not.toContain("ticket");
});
