import { afterEach, beforeEach, expect, test } from "vitest";
import { type Alerts, alerts } from "../../../src/client/alerts/alerts.ts";
import { FeedClient } from "../../../src/client/client.ts";
import type { DeskWord } from "../../../src/client/wire/deskwords.ts";
import { ScriptedFeed } from "../../support/feed.ts";
import { Page, until } from "../../support/world.ts";

const owner = `own_${"0".repeat(32)}`;
const RULE = { symbol: "AAPL", field: "price", op: ">=", value: 200 } as const;
const t = "2026-01-02T03:04:05.000000001Z";

let feed: ScriptedFeed;
let mine: Alerts;
const calls: string[] = [];
const answers: [number, object][] = [];
const told: string[] = [];

const firing = (id: string): DeskWord => ({
  ...{ T: "alert", owner, id, rule: "rule_1", symbol: "AAPL", field: "price", op: ">=", t },
  ...{ value: "200", seen: "200.5", at: "epoch1-1" },
});
const acknowledged = (id: string): DeskWord => ({
  ...{ T: "acknowledged", owner, id, rule: "rule_1", t },
});

beforeEach(async () => {
  feed = await ScriptedFeed.start();
  const fetched = async (input: string | URL | Request, init?: RequestInit) => {
    const { pathname, search } = new URL(String(input));
    calls.push(`${init?.method} ${pathname}${search} ${init?.body ?? ""}`.trim());
    const [status, document] = answers.shift() ?? [200, {}];
    return new Response(status === 204 ? null : JSON.stringify(document), { status });
  };
  mine = alerts(feed.origin, { environment: { ...new Page().environment(), fetch: fetched } });
  mine.on("firing", ({ id }) => told.push(id));
  mine.on("acknowledged", ({ id }) => told.push(`-${id}`));
  await until(() => expect(feed.controls).toHaveLength(1));
});

afterEach(async () => {
  mine.close();
  for (const list of [calls, answers, told]) {
    list.length = 0;
  }
  await feed.stop();
});

test("each firing is given once, over reconnects, repeats and snapshots", async () => {
  expect(feed.controls[0]).toMatchObject({ alerts: ["*"] });
  feed.say(firing("a"), firing("a"), firing("b"));
  await until(() => expect(told).toEqual(["a", "b"]));
  feed.restart("epoch2");
  feed.say(firing("a"), firing("c")); // restated
  await until(() => expect(told).toEqual(["a", "b", "c"]));
  feed.say(acknowledged("a"), acknowledged("a"), firing("a"));
  await until(() => expect(told).toEqual(["a", "b", "c", "-a"]));
  expect(mine.firings.map(({ id }) => id)).toEqual(["b", "c"]);
});

test("alerts that share a client are left one by one", () => {
  const environment = new Page().environment();
  const client = new FeedClient({ url: feed.origin, shared: false, environment });
  const [one, other] = [alerts(feed.origin, { client }), alerts(feed.origin, { client })];
  one.close();
  one.close();
  expect(client.subscription).toEqual({ alerts: ["*"] });
  other.close();
  expect(client.subscription).toEqual({});
  client.close();
});

test("rules are made, listed, changed and removed, and firings acknowledged", async () => {
  const rule = { id: "rule_1", ...RULE };
  const pages = [
    { rules: [rule], after: "rule_1" },
    { rules: [rule], after: null },
  ];
  answers.push([201, rule], ...pages.map((page): [number, object] => [200, page]));
  answers.push([200, rule], [204, {}], [200, {}]);
  expect(await mine.create(RULE)).toEqual(rule);
  expect(await mine.list()).toEqual([rule, rule]);
  await mine.change("rule_1", { value: 201 });
  await mine.remove("rule_1");
  await mine.acknowledge("alert_1");
  expect(calls).toEqual([
    `POST /v1/alerts ${JSON.stringify(RULE)}`,
    "GET /v1/alerts?limit=1000",
    "GET /v1/alerts?limit=1000&after=rule_1",
    'PATCH /v1/alerts/rule_1 {"value":201}',
    "DELETE /v1/alerts/rule_1",
    "POST /v1/firings/alert_1/acknowledge {}",
  ]);
});

test("a rule that the server does not take is refused in its words", async () => {
  answers.push([400, { title: "Bad Request", detail: "value: NaN is not accepted" }], [200, {}]);
  await expect(mine.create({ ...RULE, value: Number.NaN })).rejects.toThrow(
    "value: NaN is not accepted (400)",
  );
  await expect(mine.list()).rejects.toThrow("a list of alerts has rules");
});
