"""The connection of a stream, in words."""

import pytest

from feed.client.events import (
    Bye,
    Connected,
    Counters,
    Disconnected,
    Event,
    FeedState,
    Gap,
    Mark,
    Notice,
    Unknown,
)
from feed.market.symbol_health import Health
from feed.market.ticks import SECOND_NS
from feed.terminal.connection_report import ConnectionReport, Rate
from feed.wire.transport import Transport
from tests.terminal.objects import NOW_NS

CONNECTED = Connected(Transport.WEBSOCKET, "http://a/v1/ws", None, {})
DOWN = FeedState(Health.SOURCE_DOWN, "sim", "silent")
UP = FeedState(Health.LIVE, "sim", "")


def connection_after(*events: Event) -> tuple[ConnectionReport, Counters]:
    """Return a connection after these events, a second apart, the last of them now."""
    counters = Counters()
    connection = ConnectionReport(counters)
    for before_s, event in zip(reversed(range(len(events))), events, strict=True):
        counters.connects += isinstance(event, Connected)
        connection.note(event, NOW_NS - before_s * SECOND_NS)
    return connection, counters


STATES: list[tuple[list[Event], str]] = [
    ([], "connecting"),
    ([Disconnected("refused", 2.0)], "NOT CONNECTED, trying again in 2.0s"),
    ([Disconnected("refused", 0.0)], "NOT CONNECTED, trying again"),
    ([CONNECTED], "live over websocket"),
    ([CONNECTED, Mark("a-1", None)], "live over websocket"),
    ([CONNECTED, DOWN], "live over websocket, SOURCE DOWN (sim: silent)"),
    ([CONNECTED, DOWN, UP], "live over websocket"),
    ([CONNECTED, Unknown({"T": "news"})], "live over websocket"),
    ([CONNECTED, Disconnected("cut", 0.5)], "LOST 0.0s ago, trying again in 0.5s"),
    (
        [CONNECTED, Disconnected("cut", 0.5), Disconnected("refused", 9.0)],
        "LOST 1.0s ago, trying again in 9.0s",
    ),
    ([CONNECTED, Disconnected("cut", 0.5), CONNECTED], "live over websocket"),
]


@pytest.mark.parametrize(("events", "words"), STATES)
def test_what_it_is_doing_is_told(events: list[Event], words: str) -> None:
    connection, _ = connection_after(*events)
    assert connection.state(NOW_NS) == words


ACCOUNTS: list[tuple[list[Event], str]] = [
    ([CONNECTED], "0 reconnects, 0 gaps"),
    ([CONNECTED, Disconnected("cut", 0.5)], "0 reconnects, 0 gaps; cut"),
    (
        [CONNECTED, Disconnected("cut", 0.5), Disconnected("refused", 1.0), CONNECTED],
        "1 reconnect, 0 gaps; 0.0s ago: back after 2.0s: refused",
    ),
    (
        [CONNECTED, Gap("a-3", "a-7", "overrun"), CONNECTED],
        "1 reconnect, 0 gaps; 1.0s ago: gap (overrun): 5 sequences, a-3 to a-7",
    ),
    (
        [CONNECTED, Gap(None, None, "no position")],
        "0 reconnects, 0 gaps; 0.0s ago: gap (no position): unknown to unknown",
    ),
    (
        [CONNECTED, Notice(407, "slow\x1b[2J client")],
        "0 reconnects, 0 gaps; 0.0s ago: the server says: slow�[2J client (407)",
    ),
    (
        [CONNECTED, Bye("shutdown", "come back")],
        "0 reconnects, 0 gaps; 0.0s ago: the server says goodbye: come back",
    ),
    (
        [Connected(Transport.SSE, "http://a/v1/sse", None, {}, ("websocket: 403",))],
        "0 reconnects, 0 gaps; 0.0s ago: not websocket: 403",
    ),
]


@pytest.mark.parametrize(("events", "words"), ACCOUNTS)
def test_the_last_thing_worth_telling_stays(events: list[Event], words: str) -> None:
    connection, _ = connection_after(*events)
    assert connection.account(NOW_NS) == words


def test_what_was_lost_is_counted() -> None:
    connection, counters = connection_after(CONNECTED)
    counters.connects, counters.gaps, counters.missing = 3, 2, 531
    assert connection.account(NOW_NS) == "2 reconnects, 2 gaps (531 sequences)"


def test_traffic_is_told_once_it_can_be_known() -> None:
    connection, counters = connection_after(CONNECTED)
    connection.sample(NOW_NS)
    assert connection.traffic() == "– ticks/s, –/s"
    counters.ticks, counters.received_bytes = 100, 6_400
    connection.sample(NOW_NS + 2 * SECOND_NS)
    assert connection.traffic() == "50 ticks/s, 3.2 kB/s"


def test_a_rate_is_over_the_last_seconds_only() -> None:
    rate = Rate()
    for second in range(20):
        rate.sample(0 if second < 10 else 100, second * SECOND_NS)
    assert rate.per_s == 0
    rate.sample(150, 20 * SECOND_NS)
    assert rate.per_s == 10


def test_a_rate_after_a_long_silence_is_over_all_of_it() -> None:
    rate = Rate()
    rate.sample(0, 0)
    rate.sample(600, 60 * SECOND_NS)
    assert rate.per_s == 10
