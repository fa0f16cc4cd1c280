"""`/metrics` of alerts: rules, firings, what they take, and what becomes of webhooks."""

import sqlite3
import time
from typing import Any

import aiohttp
import pytest

from feed.alerting.book import Book
from feed.http.app import ALERTS
from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve, trade
from tests.metrics.test_families import metrics

RULE = {"symbol": "AAPL", "field": "price", "op": ">=", "value": 0.5}
NOWHERE = {"url": "http://127.0.0.1:9/"}  # nobody listens
OUTCOMES = ("delivered", "retried", "given_up", "withdrawn")


async def ask(feed: Feed, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, feed.url(path), json=body) as answer,
    ):
        return await answer.json(content_type=None)


async def webhooks(feed: Feed) -> dict[str, float]:
    """Return how many webhooks came to which end."""
    seen = await metrics(feed)
    return {outcome: seen("feed_webhooks_total", outcome=outcome) for outcome in OUTCOMES}


async def test_every_count_of_alerts_is_there_from_the_start(serve: Serve) -> None:
    feed = await serve(alerts_max_rules=9)
    seen = await metrics(feed)
    assert (seen("feed_alert_rules"), seen("feed_alert_rules_limit")) == (0, 9)
    for name in ("rules_armed", "firings_waiting", "commit_seconds_count"):
        assert seen(f"feed_alert_{name}") == 0
    for name in (
        *("rules_suspended", "firings", "acknowledgements", "evaluated_ticks"),
        *("evaluation_seconds", "commit_failures"),
    ):
        assert seen(f"feed_alert_{name}_total") == 0
    assert seen("feed_webhooks_waiting") == 0
    assert await webhooks(feed) == dict.fromkeys(OUTCOMES, 0)


async def test_rules_are_counted_until_they_fire_and_their_alerts_until_they_are_acknowledged(
    serve: Serve,
) -> None:
    began_s = time.monotonic()
    feed = await serve()
    alerts = feed.server.app[ALERTS]
    await feed.publish(trade(1))
    for value in (0.5, 1e6):
        await ask(feed, "POST", "/v1/alerts", {**RULE, "value": value})
    assert (await metrics(feed))("feed_alert_rules_armed") == 2
    await feed.publish(trade(2), trade(3))
    await until(lambda: alerts.tally.firings)
    seen = await metrics(feed)
    assert (seen("feed_alert_rules"), seen("feed_alert_rules_armed")) == (2, 1)
    assert seen("feed_alert_evaluated_ticks_total") == 2
    assert 0 < seen("feed_alert_evaluation_seconds_total") < time.monotonic() - began_s
    assert seen("feed_alert_firings_total") == seen("feed_alert_firings_waiting") == 1
    assert seen("feed_alert_commit_seconds_count") == 1
    assert seen("feed_alert_commit_seconds_sum") > 0
    (fired,) = (await ask(feed, "GET", "/v1/firings"))["firings"]
    await ask(feed, "POST", f"/v1/firings/{fired['id']}/acknowledge")
    seen = await metrics(feed)
    assert seen("feed_alert_acknowledgements_total") == 1
    assert seen("feed_alert_firings_waiting") == 0


async def test_commits_that_fail_are_counted_whoever_wants_them(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve()
    await feed.publish(trade(1))

    async def fail(*_: object) -> None:
        raise sqlite3.OperationalError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Book, "commit", fail)
        told = await ask(feed, "POST", "/v1/alerts", RULE)
    assert told["status"] == 503
    seen = await metrics(feed)
    assert seen("feed_alert_commit_failures_total") == 1
    assert seen("feed_alert_rules") == 0


async def test_webhooks_are_counted_by_what_becomes_of_them(serve: Serve) -> None:
    feed = await serve(alerts_allow_private=True, alerts_webhook_s=0.02)
    alerts = feed.server.app[ALERTS]
    await feed.publish(trade(1))
    await ask(feed, "POST", "/v1/alerts", {**RULE, "webhook": NOWHERE})
    await feed.publish(trade(2))
    await until(lambda: alerts.tally.given_up)  # it would be tried again after half a second
    assert await webhooks(feed) == {**dict.fromkeys(OUTCOMES, 0), "given_up": 1}


async def test_a_webhook_of_a_rule_that_is_gone_is_no_failure(serve: Serve) -> None:
    feed = await serve(alerts_allow_private=True)
    alerts = feed.server.app[ALERTS]
    alerts._webhooks._first_pause_s = 0.05
    await feed.publish(trade(1))
    rule = await ask(feed, "POST", "/v1/alerts", {**RULE, "webhook": NOWHERE})
    await feed.publish(trade(2))
    await until(lambda: alerts.tally.retried)
    assert (await metrics(feed))("feed_webhooks_waiting") == 1
    await ask(feed, "DELETE", f"/v1/alerts/{rule['id']}")
    await until(lambda: alerts.tally.withdrawn)
    seen = await webhooks(feed)
    assert (seen["given_up"], seen["withdrawn"]) == (0, 1)
    await until(lambda: not alerts.sending)
