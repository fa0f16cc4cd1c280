"""Alerts of a real server, also through a proxy that cuts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from inspect import signature
from typing import Any

import pytest

import feed
from feed.client.alerting.alerts import Alerts
from feed.client.alerting.errors import Unanswered
from feed.client.alerting.making import make
from feed.client.backoff import Backoff
from feed.client.errors import GaveUp, Refused
from feed.errors import InvalidParameter
from feed.settings.options import Settings
from tests.client.rooms.served import base_of
from tests.client.rooms.test_real_server import nobody, soon
from tests.client.test_arguments import BAD, URL
from tests.fakes.chaos import ChaosProxy
from tests.fakes.patience import until
from tests.fakes.servers import Feed, start_feed, trade

RULES = 40
UNKNOWN = "rule_" + "0" * 32


@pytest.fixture
async def server() -> AsyncIterator[Feed]:
    async with AsyncExitStack() as servers:
        yield await start_feed(servers, None, Settings(port=0))


def hasty(port: int, **options: Any) -> Alerts:
    """Return alerts that come back at once, however often their connection is cut."""
    return make(f"http://127.0.0.1:{port}", backoff=Backoff(soon), **options)


async def ticks(server: Feed, *prices: float) -> None:
    for number, price in enumerate(prices, 1):
        await server.publish(replace(trade(number), price=price))


async def test_a_rule_is_made_fires_and_is_acknowledged(server: Feed) -> None:
    async with feed.alerts(base_of(server)) as alerts:
        rule = await alerts.create("AAPL", "price", ">=", 200, note="high")
        assert (rule["state"], rule["once"], rule["fired"]) == ("armed", True, 0)
        await ticks(server, 199.0, 201.5, 202.0)
        firing = await anext(alerts)
        assert (firing["rule"], firing["symbol"], firing["seen"]) == (rule["id"], "AAPL", "201.5")
        assert [each["id"] for each in alerts.firings] == [firing["id"]]
        async with feed.alerts(base_of(server)) as late:
            await late.open()
            assert [each["id"] for each in late.firings] == [firing["id"]]
            await alerts.acknowledge(firing["id"])
            assert not alerts.firings
            await until(lambda: not late.firings)
        with pytest.raises(Refused, match="alert"):
            await alerts.acknowledge(firing["id"])


async def test_rules_are_changed_listed_and_removed(server: Feed) -> None:
    async with feed.alerts(base_of(server)) as alerts:
        rule = await alerts.create(
            "AAPL", "volume", ">=", 10, window="5m", once=False, cooldown_s=5, note="x"
        )
        changed = await alerts.change(rule["id"], value=20, note=None)
        assert (changed["value"], changed["window"], changed["note"]) == (20, "5m", "")
        assert [each["id"] for each in await alerts.list()] == [rule["id"]]
        await alerts.remove(rule["id"])
        assert await alerts.list() == ()
        for refused in (alerts.remove(UNKNOWN), alerts.change(UNKNOWN, value=1)):
            with pytest.raises(Refused) as error:
                await refused
            assert error.value.code == 404
        with pytest.raises(Refused, match="expires"):
            await alerts.create("AAPL", "price", ">=", 1, expires="tomorrow")


async def test_pages_of_rules_are_put_together(
    server: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feed.client.alerting.alerts._PAGE", "2")
    async with feed.alerts(base_of(server)) as alerts:
        made = [(await alerts.create("AAPL", "price", ">=", n))["id"] for n in range(1, 6)]
        assert [each["id"] for each in await alerts.list()] == sorted(made)


async def test_each_firing_comes_once_through_a_proxy_that_cuts(server: Feed) -> None:
    async with (
        hasty(server.port) as direct,
        ChaosProxy(server.port, seed=2, mean_bytes=300, spared_bytes=4_000) as proxy,
        hasty(proxy.port) as alerts,
    ):
        for number in range(RULES):
            await direct.create("AAPL", "price", ">=", 200 + number)
        rules: set[str] = set()
        for price in range(204, 200 + RULES, 5):
            await ticks(server, float(price))
            firings = [await anext(alerts) for _ in range(5)]
            rules |= {firing["rule"] for firing in firings}
            for firing in firings:
                await alerts.acknowledge(firing["id"])
        assert len(rules) == RULES
        await until(lambda: not alerts.firings)
        connections = proxy.connections
    assert connections > 5
    assert [firing async for firing in alerts] == []


async def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feed.client.alerting.alerts.PATIENCE_S", 0.02)
    async with nobody() as proxy, hasty(proxy.port) as alerts:
        with pytest.raises(Unanswered, match="it may be done or not"):
            await alerts.create("AAPL", "price", ">=", 1)
        with pytest.raises(Unanswered, match="there is no answer"):
            await alerts.list()


async def test_a_limit_is_a_refusal() -> None:
    async with AsyncExitStack() as servers:
        few = Settings(port=0, alerts_max_rules_per_identity=1)
        server = await start_feed(servers, None, few)
        async with feed.alerts(base_of(server)) as alerts:
            await alerts.create("AAPL", "price", ">=", 1)
            with pytest.raises(Refused) as error:
                await alerts.create("AAPL", "price", ">=", 2)
            assert error.value.code == 429


async def test_what_ends_the_stream_ends_iteration() -> None:
    async with nobody() as proxy, hasty(proxy.port, give_up_after_s=0.0) as alerts:
        for waits in (alerts.open, alerts.__anext__, alerts.list):
            with pytest.raises(GaveUp):
                await waits()


async def test_they_are_entered_once_and_used_in_their_block(server: Feed) -> None:
    alerts = feed.alerts(base_of(server))
    with pytest.raises(RuntimeError, match="used in an `async with` block"):
        await alerts.open()
    async with alerts:
        with pytest.raises(RuntimeError, match="entered once"):
            await alerts.__aenter__()


def test_every_argument_is_checked_at_the_call() -> None:
    checked = set(signature(feed.alerts).parameters) - {"on_event"}
    assert signature(feed.alerts_blocking).parameters == signature(feed.alerts).parameters
    calls: tuple[Any, ...] = (feed.alerts, feed.alerts_blocking)
    for name in checked:
        for value in BAD[name]:
            for call in calls:
                with pytest.raises(InvalidParameter) as error:
                    call(**{"url": URL, name: value})
                assert error.value.parameter == name


@pytest.mark.parametrize(
    ("rule", "parameter"),
    [
        (("A?", "price", ">=", 1), "symbol"),
        ((7, "price", ">=", 1), "symbol"),
        (("A", "prize", ">=", 1), "field"),
        (("A", "price", "is", 1), "op"),
        (("A", "price", ">=", float("nan")), "value"),
        (("A", "health", "is", 1), "value"),
        (("A", "price", "moves_pct", 1), "window"),
    ],
)
async def test_a_rule_that_no_server_takes_is_refused_at_the_call(
    rule: Any, parameter: str
) -> None:
    with pytest.raises(InvalidParameter) as error:
        await feed.alerts(URL).create(*rule)
    assert error.value.parameter == parameter


@pytest.mark.parametrize("id_", ["", "rule_", "rule_a/b", "..", "alert_7", None, "rule_é"])
async def test_an_id_that_is_none_is_refused_at_the_call(id_: Any) -> None:
    with pytest.raises(InvalidParameter, match="rule"):
        await feed.alerts(URL).remove(id_)
