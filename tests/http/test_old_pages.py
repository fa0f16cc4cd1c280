"""Finite requests for what is older than the ring: read from a log, and as from a larger ring."""

import asyncio
from array import array
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from feed.broadcast.archive import Stretch
from feed.broadcast.upstream import Upstream
from feed.errors import SourceError
from feed.http import old_pages
from feed.hub.archivist import Archivist
from feed.market.ticks import Tick
from feed.wire.messages import GapReason
from feed.wire.position import Position
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, quote, trade

RING = 64
HOLE = 30


@dataclass
class Log:
    """A log in memory, of batches of seven.

    Attributes:
        first: the oldest sequence in it.
        is_away: it cannot be read.
    """

    first: int = 1
    is_away: bool = False
    unreadable: int = 0
    stale_batches: int = 0
    unheard_buckets: int = 0
    batches: list[tuple[int, list[Tick]]] = field(default_factory=list)

    async def recount(self, after: Position) -> AsyncGenerator[Stretch, None]:
        if self.is_away:
            raise SourceError("the log is away")
        for first, events in self.batches:
            if first + len(events) <= max(after.sequence + 1, self.first):
                continue
            stamps = array("q", [first]) * len(events)
            is_oldest = first == self.first > 1
            yield Stretch(first, events, stamps, is_oldest=is_oldest)
            await asyncio.sleep(0)
        yield Stretch(0, [], ends=True)


@asynccontextmanager
async def archived(feed: Feed, log: Log) -> AsyncIterator[Archivist]:
    """Let the archive of a feed be read from a log."""
    archivist = Archivist(feed.hub.broadcast, feed.hub.catch_up, feed.hub.clock)
    reading = asyncio.create_task(archivist.run(log))
    try:
        yield archivist
    finally:
        reading.cancel()


async def fill(feed: Feed, log: Log, count: int) -> None:
    """Publish so many events, trades and quotes, with a hole behind every second batch."""
    ring = feed.hub.broadcast.ring
    while ring.newest < count:
        first = ring.newest + 1
        events: list[Tick] = [
            trade(n, "MSFT" if n % 5 else "AAPL") if n % 2 else quote(n)
            for n in range(first, first + 7)
        ]
        log.batches.append((first, events))
        await feed.publish(*events)
        if len(log.batches) % 2 == 0:
            feed.hub.cutter.cut()
            Upstream(feed.hub.audience).skip(
                ring.newest + HOLE, GapReason.LOST, feed.hub.clock.mono_ns(), feed.hub.sessions
            )
    feed.hub.cutter.cut()


async def pages(feed: Feed, target: str, after: str) -> list[Any]:
    """Read on to the end; return ticks, and gaps where they are told."""
    told: list[Any] = []
    while after:
        answer = await RawHttp.get((feed.host, feed.port), f"{target}&after={after}")
        assert answer.status == 200, await answer.body()
        page = await answer.document()
        answer.wire.abort()
        if "gap" in page:
            told.append([page["gap"][key].partition("-")[2] for key in ("from", "to")])
        told += page["ticks"]
        after = page["next"]
    return told


@pytest.mark.parametrize(
    "target",
    [
        "/v1/history?trades=*&quotes=*&limit=50",
        "/v1/history?trades=AAPL&limit=1000",
        "/v1/history?trades=AAPL&limit=20&fields=i",
    ],
)
@pytest.mark.parametrize("after", [0, 40, 600])
async def test_history_is_what_a_larger_ring_would_have_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, target: str, after: int
) -> None:
    monkeypatch.setattr(old_pages, "MOST_PAGES", 2)
    small, large, log = await serve(ring=RING), await serve(ring=1 << 12), Log()
    await fill(small, log, 1_500)
    await fill(large, Log(), 1_500)
    async with archived(small, log) as archivist:
        found = await pages(small, target, small.position(after))
        assert archivist.archive.requests > 0
        assert found == await pages(large, target, large.position(after))
    assert len(found) > 10


async def test_what_the_log_has_evicted_is_the_gap_of_the_first_page(serve: Serve) -> None:
    feed, log = await serve(ring=RING), Log()
    await fill(feed, log, 600)
    log.batches = log.batches[4:]
    log.first = log.batches[0][0]
    async with archived(feed, log):
        found = await pages(feed, "/v1/history?trades=*&limit=5", feed.position(2))
    assert found[0] == ["3", str(log.first - 1)]
    assert found[1]["i"] == log.first + (log.first % 2 == 0)


async def test_a_log_that_is_away_is_a_503_and_holds_up_nobody(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_pages, "PATIENCE_S", 60.0)
    feed, log = await serve(ring=RING), Log(is_away=True)
    await fill(feed, log, 600)
    async with archived(feed, log) as archivist:
        target = f"/v1/history?trades=*&after={feed.position(3)}"
        asking = [
            asyncio.create_task(RawHttp.get((feed.host, feed.port), target)) for _ in range(5)
        ]
        await until(lambda: archivist.archive.requests == len(asking))
        snapshot = await RawHttp.get((feed.host, feed.port), "/v1/snapshot?trades=*")
        assert snapshot.status == 200  # with two in line, and no more, it would not be answered
        monkeypatch.setattr(old_pages, "PATIENCE_S", 0.0)
        answer = await RawHttp.get((feed.host, feed.port), target)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert b"cannot be read from the stream now" in await answer.body()
        for each in asking[1:]:
            each.cancel()
        log.is_away = False
        assert (await asking[0]).status == 200


async def test_a_page_that_begins_in_the_ring_asks_no_log(serve: Serve) -> None:
    feed, log = await serve(ring=1 << 12), Log(is_away=True)
    await fill(feed, log, 600)
    async with archived(feed, log) as archivist:
        assert await pages(feed, "/v1/history?trades=*&limit=9", feed.position(3))
        assert archivist.archive.requests == 0
