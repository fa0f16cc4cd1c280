"""Rules of a whole server, over HTTP, with a real book and a receiver of webhooks."""

import base64
import hashlib
import hmac
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from feed.alerting import desk
from feed.alerting.book import FILE
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS
from tests.alerting.client import RULE, Client, kill, priced, snapshot
from tests.fakes.keys import KeysFile, headers_of
from tests.fakes.patience import until
from tests.fakes.servers import Serve, trade, trades


async def test_a_rule_fires_once_and_is_told_until_it_is_acknowledged(serve: Serve) -> None:
    feed = await serve()
    client = Client(feed)
    await feed.publish(trade(1))
    rule = await client.make(note="look")
    await feed.publish(*trades(2, 4))
    (fired,) = await client.firings(1)
    assert (fired["rule"], fired["at"]) == (rule["id"], feed.position(2))
    assert (fired["symbol"], fired["note"]) == ("AAPL", "look")
    await until(lambda: feed.hub.broadcast.keyed.parts(WordChannel.ALERTS, fired["owner"]))
    assert [each["id"] for each in await snapshot(feed)] == [fired["id"]]
    assert (await client.ask("GET", f"/{rule['id']}"))[1]["state"] == "fired"
    status, told = await client.ask("POST", f"/v1/firings/{fired['id']}/acknowledge")
    assert (status, told["T"]) == (200, "acknowledged")
    assert (await client.firings(1), await snapshot(feed)) == ([], [])
    assert (await client.ask("POST", f"/v1/firings/{fired['id']}/acknowledge"))[0] == 404


async def test_rules_and_firings_are_there_after_a_restart(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path)
    client = Client(first)
    await first.publish(trade(1))
    await client.make()
    kept = await client.make(value=1e6)
    await first.publish(trade(2))
    before = await client.firings(1)
    await first.server.close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    base = sqlite3.connect(tmp_path / FILE)  # as if it had been killed before it was said
    with base:
        base.execute("UPDATE firings SET said = 0")
    base.close()

    second = await serve(state=tmp_path)
    client = Client(second)
    assert await client.firings(0) == before
    await until(lambda: second.hub.broadcast.ring.newest >= 4)
    assert (await client.ask("PATCH", f"/{kept['id']}", json={"value": 1}))[0] == 200
    await second.publish(trade(3))
    after = await client.firings(1)
    assert [each["rule"] for each in after] == [before[0]["rule"], kept["id"]]


async def test_a_firing_after_ticks_were_missing_says_so(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path, ring=16)
    await first.publish(priced(1, 10.0))
    await Client(first).make(op="<=", value=9)
    await first.publish(*(replace(trade(2), symbol="MSFT", trade_id=i) for i in range(2, 40)))
    await kill(first, tmp_path)
    second = await serve(state=tmp_path, ring=16)
    await second.publish(priced(40, 8.0))
    (fired,) = await Client(second).firings(1)
    assert fired["after_gap"] is True


async def test_what_the_ring_has_fills_windows_after_a_kill(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path)
    await first.publish(priced(1, 10.0))
    rule = await Client(first).make(op="moves_pct", value=5, window="1h")
    await first.publish(priced(2, 10.0))
    await kill(first, tmp_path)
    second = await serve(state=tmp_path)
    await second.publish(priced(3, 11.0))
    (fired,) = await Client(second).firings(1)
    assert (fired["rule"], fired["seen"], fired.get("after_gap")) == (rule["id"], "10", None)


async def test_a_rule_sees_nothing_of_before_it_was_made(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path)
    await first.publish(priced(1, 10.0))
    await Client(first).make(value=1e6)  # there is a cursor from here on
    await first.publish(priced(2, 20.0), priced(3, 10.0))
    await Client(first).make(value=15)
    crossed = await Client(first).make(op="crosses_above", value=10.5)
    await first.publish(priced(4, 11.0))
    await Client(first).firings(1)
    await first.server.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:  # as if nothing was committed
        base.execute("DELETE FROM notes WHERE name = 'memory'")
        base.execute("DELETE FROM firings")
        epoch = first.position(1).rpartition("-")[0]
        base.execute("UPDATE notes SET value = ? WHERE name = 'cursor'", (f"{epoch}-1".encode(),))
        (record,) = base.execute(
            "SELECT record FROM rules WHERE id = ?", (crossed["id"],)
        ).fetchone()
        again = orjson.dumps(orjson.loads(record) | {"armings": 0, "fired": 0, "state": "armed"})
        base.execute("UPDATE rules SET record = ? WHERE id = ?", (again, crossed["id"]))
    second = await serve(state=tmp_path)
    (fired,) = await Client(second).firings(1)
    assert (fired["rule"], fired["at"]) == (crossed["id"], first.position(4))


async def test_an_orderly_restart_misses_nothing(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path)
    await first.publish(priced(1, 10.0))
    await Client(first).make(op="crosses_above", value=10.5)
    await Client(first).make(op="moves_pct", value=5, window="1h")
    await first.publish(priced(2, 10.0))
    await first.server.close()
    second = await serve(state=tmp_path)
    await second.publish(priced(3, 11.0))
    fired = await Client(second).firings(2)
    assert [(each["op"], each["seen"]) for each in fired] == [
        ("crosses_above", "11"),
        ("moves_pct", "10"),
    ]
    assert not any(each.get("after_gap") for each in fired)


async def test_the_price_of_when_a_rule_is_made_is_crossed_from(serve: Serve) -> None:
    feed = await serve()
    client = Client(feed)
    await feed.publish(priced(1, 10.0))
    await client.make(op="crosses_above", value=10.5)
    await feed.publish(priced(2, 11.0))
    (fired,) = await client.firings(1)
    assert fired["at"] == feed.position(2)


async def test_a_cooldown_outlasts_a_kill(serve: Serve, tmp_path: Path) -> None:
    first = await serve(state=tmp_path)
    await first.publish(trade(1))
    await Client(first).make(op="crosses_above", value=10, once=False, cooldown_s=3_600)
    await first.publish(priced(2, 9.0), priced(3, 11.0))
    await Client(first).firings(1)
    await kill(first, tmp_path)
    second = await serve(state=tmp_path)
    await second.publish(priced(4, 9.0), priced(5, 11.0))
    await until(lambda: Client(second).alerts.tally.evaluated >= 2)
    assert len(await Client(second).firings(0)) == 1


async def test_rules_rest_while_too_many_alerts_wait(serve: Serve) -> None:
    feed = await serve(alerts_max_firings_per_identity=1)
    client = Client(feed)
    await feed.publish(trade(1))
    await client.make()
    await feed.publish(trade(2))
    await client.firings(1)
    rule = await client.make()
    await feed.publish(trade(3))
    await until(lambda: client.alerts.tally.suspended == 1)
    _, told = await client.ask("GET", f"/{rule['id']}")
    assert (told["state"], told["why"][:13]) == ("suspended", "1 alerts of y")
    (fired,) = await client.firings(1)
    await client.ask("POST", f"/v1/firings/{fired['id']}/acknowledge")
    assert (await client.ask("PATCH", f"/{rule['id']}", json={"note": "again"}))[1][
        "state"
    ] == "armed"


async def test_what_fires_together_is_settled_in_turns(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_MOST_SETTLED", 2)
    feed = await serve()
    client = Client(feed)
    await feed.publish(trade(1))
    made = [(await client.make(value=number))["id"] for number in range(1, 6)]
    settled: list[int] = []
    settle = client.alerts._settle

    def settling() -> None:
        before = len(client.alerts._pending)
        settle()
        settled.append(before - len(client.alerts._pending))

    monkeypatch.setattr(client.alerts, "_settle", settling)
    await feed.publish(trade(2))
    assert [each["rule"] for each in await client.firings(5)] == made
    assert max(settled) == 2
    last = made[-1]  # whatever waits is told as what fired it, before a rule is changed
    await client.ask("PATCH", f"/{last}", json={"note": "again"})
    await feed.publish(trade(3))
    await client.firings(6)


async def test_pages_go_on_behind_a_rule_that_is_deleted(serve: Serve) -> None:
    feed = await serve()
    client = Client(feed)
    await feed.publish(trade(1))
    made = sorted([(await client.make(value=1e6))["id"] for _ in range(3)])
    _, page = await client.ask("GET", "?limit=1")
    assert ([each["id"] for each in page["rules"]], page["after"]) == (made[:1], made[0])
    await client.ask("DELETE", f"/{made[0]}")
    _, page = await client.ask("GET", f"?limit=2&after={made[0]}")
    assert ([each["id"] for each in page["rules"]], page["after"]) == (made[1:], None)


async def test_nobody_who_makes_no_rule_has_a_book(serve: Serve, tmp_path: Path) -> None:
    feed = await serve(state=tmp_path)
    await feed.publish(trade(1))
    await feed.server.close()
    assert not (tmp_path / FILE).exists()


async def test_a_file_that_is_no_book_is_set_aside(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"something else" * 100)
    feed = await serve(state=tmp_path)
    await feed.publish(trade(1))
    await Client(feed).make()
    assert (tmp_path / f"{FILE}.aside-1").read_bytes() == b"something else" * 100


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"symbol": "AAPLE"}, "did you mean AAPL"),
        ({"value": -1, "field": "spread_bp"}, "more than 0"),
        ({"value": "much"}, "finite number"),
        ({"op": "is"}, "crosses_above"),
        ({"prise": 1}, "the keys"),
        ({"window": "5m"}, "none, but for"),
        ({"expires": "2001-01-01T00:00:00Z"}, "still to come"),
        ({"webhook": {"url": "http://127.1/"}}, "public address"),
        ({"webhook": {"url": "https://example.com/", "secret": "x"}}, "whsec_"),
        ({"cooldown_s": 0}, "greater than or equal to 1"),
    ],
)
async def test_a_rule_that_is_not_accepted_is_refused(
    serve: Serve, asked: dict[str, Any], words: str
) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    status, told = await Client(feed).ask("POST", json={**RULE, **asked})
    assert (status, words in told["detail"]) == (400, True), told


async def test_rules_are_ones_own_granted_and_not_too_many(serve: Serve, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.json")
    ann, bob = keys.add("ann"), keys.add("bob", symbols=["MSFT"])
    feed = await serve(keys=keys.path, alerts_max_rules_per_identity=2)
    hers, his = Client(feed, headers_of(ann)), Client(feed, headers_of(bob))
    await feed.publish(trade(1))
    rule = await hers.make(value=1e6)
    assert (await his.ask("GET", f"/{rule['id']}"))[0] == 404
    assert (await his.ask("DELETE", f"/{rule['id']}"))[0] == 404
    assert (await his.ask("POST", json=RULE))[0] == 403
    other = await hers.make(value=0.5)
    status, told = await hers.ask("POST", json=RULE)
    assert (status, told["limit"]) == (429, 2)
    _, page = await hers.ask("GET", "?limit=1")
    first = min(rule["id"], other["id"])
    assert (page["rules"][0]["id"], page["after"]) == (first, first)
    keys.revoke(ann)
    feed.hub.identities.authenticators[0].look()
    feed.hub.identities.authenticators[0].look()
    await feed.publish(trade(2))
    await until(lambda: hers.alerts.tally.suspended == 1)
    assert hers.alerts.tally.firings == 0


async def test_a_webhook_is_signed_and_tried_again_until_it_is_taken(serve: Serve) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), await request.read()))
        if len(heard) == 1:
            raise web.HTTPFound("/elsewhere")
        return web.Response(status=500 if len(heard) == 2 else 204)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        feed = await serve(alerts_allow_private=True)
        client = Client(feed)
        client.alerts._webhooks._first_pause_s = 0.01
        await feed.publish(trade(1))
        rule = await client.make(webhook={"url": f"http://127.0.0.1:{port}/"})
        assert "secret" not in (await client.ask("GET", f"/{rule['id']}"))[1]["webhook"]
        await feed.publish(trade(2))
        await until(lambda: client.alerts.tally.delivered == 1)
        assert (len(heard), client.alerts.tally.retried) == (3, 2)
        headers, body = heard[-1]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(rule["webhook"]["secret"].removeprefix("whsec_"))
        digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"
        assert orjson.loads(body)["data"]["id"] == headers["webhook-id"]
        (known,) = client.alerts.of(ANONYMOUS)
        await until(lambda: known.webhook == "delivered")
    finally:
        await runner.cleanup()
