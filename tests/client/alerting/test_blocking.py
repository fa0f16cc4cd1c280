"""Alerts without async. Their server runs on a loop in another thread."""

import pytest

import feed
from tests.client.rooms.served import served_feed
from tests.fakes.servers import trade


def test_a_rule_is_made_fires_and_is_acknowledged_without_async() -> None:
    with served_feed() as server, feed.alerts_blocking(server.url) as alerts:
        rule = alerts.create("AAPL", "price", ">=", 1, note="x")
        assert alerts.change(rule["id"], note="y")["note"] == "y"
        alerts.open()
        server.do(server.feed.publish(trade(1)))
        firing = next(alerts)
        assert (firing["rule"], firing.get("note")) == (rule["id"], "y")
        assert [each["id"] for each in alerts.firings] == [firing["id"]]
        alerts.acknowledge(firing["id"])
        assert not alerts.firings
        alerts.remove(rule["id"])
        assert alerts.list() == ()


def test_they_are_used_in_a_block() -> None:
    with pytest.raises(RuntimeError, match="blocking alerts is used in a with block"):
        feed.alerts_blocking("http://127.0.0.1:9").list()


def test_a_block_is_entered_once_and_ended_all_the_same() -> None:
    alerts = feed.alerts_blocking("http://127.0.0.1:9")
    with alerts, pytest.raises(RuntimeError, match="blocking alerts is in a with block already"):
        alerts.__enter__()
    with pytest.raises(RuntimeError, match="alerts are entered once"):
        alerts.__enter__()
    with pytest.raises(RuntimeError, match="blocking alerts is used in a with block"):
        alerts.list()
