"""One of our own servers as the upstream: its positions carry over cuts, and nothing is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from feed.broadcast.ring import RingBuffer
from feed.http.app import HUB, INGEST, make_app
from feed.ingest import strand
from feed.market.ticks import Kind, Tick, Trade
from feed.settings.options import Settings
from feed.sources.alpaca.options import AlpacaOptions
from feed.sources.alpaca.source import AlpacaSource
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, FeedServer, Serve, bar, quote, status, trade, trades
from tests.fakes.wire import Wire


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strand, "_FIRST_BACKOFF_S", 0.02)


class Follower:
    """A server whose source is another of our servers."""

    def __init__(self, server: FeedServer, source: AlpacaSource) -> None:
        app = server.app
        assert app is not None
        assert server.port is not None
        self.hub, self.ingest = app[HUB], app[INGEST]
        self.source = source
        self.address = "127.0.0.1", server.port

    @property
    def ring(self) -> RingBuffer:
        return self.hub.broadcast.ring

    @property
    def told(self) -> list[Tick]:
        return list(self.ring.read(self.ring.oldest - 1, self.ring.newest))

    def numbers(self) -> list[int]:
        """The ids of the trades that it has told."""
        return [tick.trade_id for tick in self.told if isinstance(tick, Trade)]

    async def get(self, path: str) -> Any:
        return await (await RawHttp.get(self.address, path)).document()


@asynccontextmanager
async def following(feed: Feed, path: str = "/v1/ws", **options: Any) -> AsyncIterator[Follower]:
    """Serve what a server tells."""
    source = AlpacaOptions(place=feed.url(path, "ws"), **options).make()
    assert isinstance(source, AlpacaSource)
    server = FeedServer(await make_app(Settings(port=0), source))
    async with server:
        follower = Follower(server, source)
        await until(lambda: source.account.connected)
        try:
            yield follower
        finally:
            Wire.abort_all()


def _is_past(follower: Follower, sequence: int) -> bool:
    return follower.ring.newest > sequence


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_every_kind_comes_as_it_was(serve: Serve, codec: str) -> None:
    feed = await serve()
    sent: list[Tick] = [
        *(trade(1), quote(2), bar(), bar(kind=Kind.UPDATED_BAR), bar(kind=Kind.SECOND_BAR)),
        *(status(), trade((1 << 62) + 1, "BTC/USD")),
    ]
    channels = "trades,quotes,bars,updatedBars,secondBars,statuses"
    async with following(feed, channels=channels, upstream_codec=codec) as follower:
        await feed.publish(*sent)
        await until(lambda: len(follower.told) >= len(sent))
        assert isinstance(sent[-1], Trade)
        sent[-1].exact_id = str((1 << 62) + 1)  # not every parser keeps it otherwise
        assert follower.told == sent
        assert follower.source.rows_skipped == {"unreadable": 0, "invalid": 0}


async def test_over_cuts_and_restarts_of_the_link_nothing_is_lost_and_nothing_comes_twice(
    serve: Serve,
) -> None:
    feed = await serve()
    async with following(feed) as follower:
        account = follower.source.account
        for start in range(1, 1_001, 100):
            await feed.publish(*trades(start, start + 49))
            for session in list(feed.hub.sessions.values()):  # at any point of a delivery
                session.connection.transport.abort()
            for number in range(start + 50, start + 100, 10):
                await feed.publish(*trades(number, number + 9))
            await until(lambda: account.connected)
        await until(lambda: follower.ring.newest and follower.numbers()[-1] == 1_000)
        assert follower.numbers() == list(range(1, 1_001))
        assert account.resumed == account.connections - 1 >= 2
        assert account.gaps == 0
        [source] = (await follower.get("/v1/status"))["sources"]
        assert source["upstream"]["resumed"] == account.resumed
        assert source["upstream"]["url"] == feed.url("/v1/ws", "ws")
        metrics = (await (await RawHttp.get(follower.address, "/metrics")).body()).decode()
        labels = 'outcome="resumed",source="alpaca"'
        assert f"feed_upstream_connections_total{{{labels}}} {account.resumed}.0" in metrics


async def test_a_cut_amid_the_pieces_of_a_batch_costs_none_and_doubles_none(serve: Serve) -> None:
    feed = await serve()
    async with following(feed) as follower:
        for start in range(1, 10_001, 1_000):  # each batch is several messages
            before = follower.ring.newest
            giving = feed.source.give(trades(start, start + 999))
            await until(partial(_is_past, follower, before))
            for session in list(feed.hub.sessions.values()):
                session.connection.transport.abort()
            await giving
        await until(lambda: follower.ring.newest and follower.numbers()[-1] == 10_000)
        assert follower.numbers() == list(range(1, 10_001))
        assert follower.source.account.resumed >= 2


async def test_what_the_upstream_no_longer_has_is_a_gap_that_is_told(serve: Serve) -> None:
    feed = await serve(ring=16)
    async with following(feed) as follower:
        account = follower.source.account
        await feed.publish(*trades(1, 10))
        await until(lambda: follower.ring.newest == 10)
        [session] = feed.hub.sessions.values()
        session.connection.transport.abort()
        await feed.publish(*trades(11, 100))
        await until(lambda: account.gaps == 1)
        await feed.publish(*trades(101, 110))
        await until(lambda: follower.numbers()[-1] == 110)
        numbers = follower.numbers()
        assert numbers == sorted(set(numbers))
        assert account.gaps == 1
        assert numbers[:10] == list(range(1, 11))
        assert 11 not in numbers


async def test_a_refusal_is_in_the_status_with_its_words(serve: Serve) -> None:
    feed = await serve(max_connections=1)
    async with following(feed) as first, following_anyhow(feed) as second:
        await until(lambda: second.source.account.refusals["406"] > 0)
        [source] = (await second.get("/v1/status"))["sources"]
        assert "refuses with 406: connection limit exceeded" in source["last_error"]
        assert (source["given_up"], source["up"]) == (False, False)
        assert first.source.account.connected


@asynccontextmanager
async def following_anyhow(feed: Feed) -> AsyncIterator[Follower]:
    """Serve what a server would tell that may refuse."""
    source = AlpacaOptions(place=feed.url("/v2/iex", "ws")).make()
    assert isinstance(source, AlpacaSource)
    server = FeedServer(await make_app(Settings(port=0), source))
    async with server:
        yield Follower(server, source)
