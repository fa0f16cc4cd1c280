"""A publisher without async. Its server runs on a loop in another thread."""

import pytest

from feed import publisher_blocking
from feed.errors import InvalidTick
from feed.market.submissions import Trade
from tests.client.publishing.publishers import trades
from tests.fakes.mini_ingest import served_ingest


def test_ticks_are_published_without_a_loop() -> None:
    with served_ingest() as server:
        with publisher_blocking(server.url, producer="me") as out:
            out.open()
            assert (out.producer, out.last) == ("me", None)
            for trade in trades(1, 3):
                out.publish(trade)
            out.flush()
            assert out.counters.acknowledged >= 1
            with pytest.raises(InvalidTick):
                out.publish([Trade(symbol="A", price=float("inf"), size=1)])
        assert server.ids == [1, 2, 3]
    with pytest.raises(RuntimeError, match="a blocking publisher is used in a with block"):
        out.publish(trades(1, 1))


def test_the_blocking_variant_takes_what_publisher_takes() -> None:
    assert publisher_blocking.__name__ == "publisher_blocking"
    assert "async" in (publisher_blocking.__doc__ or "")
    with pytest.raises(TypeError, match="produser"):
        publisher_blocking("http://127.0.0.1:1", produser="me")  # type: ignore[call-arg]  # on purpose
