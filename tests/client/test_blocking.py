"""The stream without async. Its server runs on a loop in another thread."""

import asyncio
from collections.abc import Iterator

import pytest

from feed.client import connect_blocking
from feed.client.errors import NotAFeed
from feed.client.events import Batch, Connected, Disconnected
from tests.client.objects import ids_of
from tests.client.streams import answer
from tests.fakes.mini_feed import FeedThread


@pytest.fixture
def server() -> Iterator[FeedThread]:
    with FeedThread() as thread:
        yield thread


def test_batches_come_in_a_for_loop(server: FeedThread) -> None:
    with connect_blocking(server.feed.url, trades="*", after="0") as stream:
        server.do(server.feed.publish(20))
        ids: list[int] = []
        for batch in stream:
            ids += ids_of(batch)
            if len(ids) == 20:
                break
        assert ids == list(range(1, 21))
        assert stream.position == "aaaa-20"
        assert stream.counters.ticks == 20
    server.do(server.feed.connections(0))


def test_events_and_reconnects_come_too(server: FeedThread) -> None:
    with connect_blocking(server.feed.url, trades="*", after="0") as stream:
        stream.open()
        events = stream.events()
        assert isinstance(next(events), Connected)
        server.do(server.feed.publish(1))
        assert isinstance(next(events), Batch)
        server.cut()
        assert isinstance(next(events), Disconnected)
        assert isinstance(next(events), Connected)


def test_frames_come_too(server: FeedThread) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed (the extra `clients`)")
    with connect_blocking(server.feed.url, trades="*", after="0") as stream:
        server.do(server.feed.publish(3))
        tables = next(stream.frames("pandas"))
        assert list(tables["trades"]["trade_id"]) == [1, 2, 3]


def test_errors_are_raised_where_one_waits(server: FeedThread) -> None:
    server.feed.answers.append(answer(200, "<html>"))
    with (
        connect_blocking(server.feed.url, trades="*", transport="sse") as stream,
        pytest.raises(NotAFeed),
    ):
        next(stream)


def test_a_loop_that_runs_already_is_no_hindrance(server: FeedThread) -> None:
    async def in_a_notebook() -> int:
        with connect_blocking(server.feed.url, trades="*", after="0") as stream:
            return len(next(stream))

    server.do(server.feed.publish(2))
    assert asyncio.run(in_a_notebook()) == 2


def test_it_is_used_in_a_with_block() -> None:
    stream = connect_blocking("http://127.0.0.1:1", trades="*")
    with pytest.raises(RuntimeError, match="with block"):
        next(stream)


def test_a_closed_stream_ends_its_loop(server: FeedThread) -> None:
    with connect_blocking(server.feed.url, trades="*") as stream:
        stream.open()
        stream._thread.wait(stream.stream.close())
        assert [event for event in stream.events() if isinstance(event, Batch)] == []
        assert list(stream) == []


def test_the_blocking_variant_takes_what_connect_takes() -> None:
    assert connect_blocking.__name__ == "connect_blocking"
    assert "async" in (connect_blocking.__doc__ or "")
    with pytest.raises(TypeError, match="tardes"):
        connect_blocking("http://127.0.0.1:1", tardes="*")  # type: ignore[call-arg]
