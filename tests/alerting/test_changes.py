"""Rules that are changed, deleted or lost while they fire, and owners who see only their own."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from feed.alerting.book import FILE
from feed.alerting.request import RuleRequest
from feed.errors import InvalidInput
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS
from tests.alerting.client import RULE, Client, priced
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, headers_of
from tests.fakes.patience import until
from tests.fakes.servers import Serve, trade


async def test_what_fired_before_a_change_is_told_of_the_rule_as_it_was(serve: Serve) -> None:
    feed = await serve()
    client = Client(feed)
    await feed.publish(trade(1))
    rule = await client.make(value=5)
    client.alerts._evaluation._take([priced(2, 6.0)], feed.hub.broadcast.ring.newest + 1)
    changed = RuleRequest.of({**RULE, "value": 1_000})
    await client.alerts.change(rule["id"], changed, ANONYMOUS)  # before the firing is looked at
    (fired,) = await client.firings(1)
    assert (fired["value"], fired["seen"]) == ("5", "6")
    assert (await client.ask("GET", f"/{rule['id']}"))[1]["state"] == "armed"
    await feed.publish(priced(3, 1_000.0), priced(4, 1_000.0))
    assert [each["value"] for each in await client.firings(2)] == ["5", "1000"]


async def test_a_rule_that_is_changed_when_it_expires_is_armed(serve: Serve) -> None:
    hand = HandClock()
    feed = await serve(clock=hand.clock)
    client = Client(feed)
    await feed.publish(trade(1))
    rule = await client.make(value=1e6, expires="2023-11-14T22:13:30Z")  # 10 s later
    hand.pass_s(11)
    client.alerts._evaluation.flush()
    left = RuleRequest.of({**RULE, "value": 5})
    await client.alerts.change(rule["id"], left, ANONYMOUS)  # before the end is looked at
    await feed.publish(priced(2, 6.0))
    assert len(await client.firings(1)) == 1


async def test_a_rule_is_deleted_once_and_not_changed_meanwhile(
    serve: Serve, tmp_path: Path
) -> None:
    feed = await serve(state=tmp_path)
    client = Client(feed)
    await feed.publish(trade(1))
    rule = await client.make(value=1e6)
    alerts, changed = client.alerts, RuleRequest.of({**RULE, "value": 2e6})
    done = await asyncio.gather(
        alerts.remove(rule["id"], ANONYMOUS),
        alerts.change(rule["id"], changed, ANONYMOUS),
        alerts.remove(rule["id"], ANONYMOUS),
        return_exceptions=True,
    )
    assert [type(each).__name__ for each in done] == ["NoneType", "UnknownRule", "UnknownRule"]
    with closing(sqlite3.connect(tmp_path / FILE)) as base:
        assert base.execute("SELECT count(*) FROM rules").fetchone() == (0,)


async def test_a_time_of_day_that_steps_back_does_not_lengthen_a_cooldown(
    serve: Serve, tmp_path: Path
) -> None:
    hand = HandClock()
    first = await serve(clock=hand.clock, state=tmp_path)
    await first.publish(trade(1))
    await Client(first).make(op="crosses_above", value=10, once=False, cooldown_s=60)
    await first.publish(priced(2, 9.0), priced(3, 11.0))
    await Client(first).firings(1)
    await first.server.close()
    hand.step_s(-86_400)
    second = await serve(clock=hand.clock, state=tmp_path)
    hand.pass_s(61)
    await second.publish(priced(4, 9.0), priced(5, 11.0))
    assert len(await Client(second).firings(1)) == 2


async def test_a_rule_may_last_to_the_end_of_the_calendar(serve: Serve, tmp_path: Path) -> None:
    ends = "9999-12-31T23:59:59Z"
    first = await serve(state=tmp_path)
    await first.publish(trade(1))
    rule = await Client(first).make(value=1e6, expires=ends)
    await first.server.close()
    second = Client(await serve(state=tmp_path))
    assert (await second.ask("GET", f"/{rule['id']}"))[1]["expires"] == ends


async def test_nobody_sees_rules_and_firings_of_others(serve: Serve, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.json")
    ann, bob = keys.add("ann"), keys.add("bob")
    feed = await serve(keys=keys.path)
    hers, his = Client(feed, headers_of(ann)), Client(feed, headers_of(bob))
    await feed.publish(trade(1))
    rule = await hers.make()
    await feed.publish(trade(2))
    (fired,) = await hers.firings(1)
    await until(lambda: feed.hub.broadcast.keyed.parts(WordChannel.ALERTS, fired["owner"]))
    asked: list[tuple[str, str, int]] = [
        ("GET", f"/{rule['id']}", 404),
        ("PATCH", f"/{rule['id']}", 404),
        ("DELETE", f"/{rule['id']}", 404),
        ("POST", f"/v1/firings/{fired['id']}/acknowledge", 404),
        ("GET", "/v1/admin/alerts", 403),
        ("GET", "/v1/firings", 200),
        ("GET", "", 200),
        ("GET", "/v1/snapshot?alerts=*", 200),
        ("GET", f"/v1/history?alerts=*&after={feed.position(0)}", 200),
        ("GET", f"/v1/snapshot?alerts={fired['owner']}", 400),
        ("GET", f"/v1/history?alerts={fired['owner']}", 400),
        ("GET", f"/v1/sse?alerts={fired['owner']}", 400),
        ("GET", f"/v1/stream?alerts={fired['owner']}", 400),
    ]
    for method, path, wanted in asked:
        more: dict[str, Any] = {} if method == "GET" else {"json": {"value": 1}}
        status, told = await his.ask(method, path, **more)
        assert status == wanted, (path, told)
        if status == 200:
            assert rule["id"] not in orjson.dumps(told).decode(), path


async def test_a_webhook_is_not_tried_again_once_its_owner_may_not_come_in(
    serve: Serve, tmp_path: Path
) -> None:
    heard: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.Response(status=500)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    keys = KeysFile(tmp_path / "keys.json")
    ann = keys.add("ann")
    try:
        feed = await serve(keys=keys.path, alerts_allow_private=True)
        client = Client(feed, headers_of(ann))
        client.alerts._webhooks._first_pause_s = 0.05
        await feed.publish(trade(1))
        await client.make(webhook={"url": f"http://127.0.0.1:{runner.addresses[0][1]}/"})
        await feed.publish(trade(2))
        await until(lambda: bool(heard))
        keys.revoke(ann)
        for _ in range(2):
            feed.hub.identities.authenticators[0].look()
        await until(lambda: client.alerts.tally.withdrawn == 1)
        await until(lambda: client.alerts.sending == 0)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"null", b"1", b'"x"', b"{", b"\xff", b"", b"[" * 10_000),
        *(b'{"value": NaN}', b'{"value": 1e999}', b'{"symbol": ["AAPL"]}', b'{"webhook": []}'),
        *(b'{"value": true}', b'{"value": 1' + b"0" * 400 + b"}", b'{"expires": 5}'),
        *(b'{"note": "\\u202e"}', b'{"window": "25h"}', b'{"once": "yes"}', b'{"value": 1e16}'),
        *(b'{"value": 1, "field": "health"}', b'{"value": {}}', b'{"id": "x"}', b'{"field": null}'),
        *(b'{"expires": "0000-00-00T00:00:00Z"}', b'{"cooldown_s": 1e300}'),
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_nonsense_is_no_rule(body: bytes) -> None:
    with pytest.raises((InvalidInput, orjson.JSONDecodeError)):
        _read(body)


def _read(body: bytes) -> RuleRequest:
    document = orjson.loads(body)
    return RuleRequest.of({**RULE, **document} if isinstance(document, dict) else document)
