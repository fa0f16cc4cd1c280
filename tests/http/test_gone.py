"""Clients that are gone, in whatever state they were, leave nothing behind."""

import pytest

from tests.fakes.patience import repeat_until, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, open_reader
from tests.fakes.servers import Feed, Serve, trade, trades
from tests.fakes.websocket_reader import WebSocketReader


async def nothing_is_left(feed: Feed, count: int) -> None:
    await until(lambda: not feed.hub.sessions)
    assert not feed.hub.audience.behind
    assert not list(feed.hub.broadcast.lanes)
    assert feed.hub.broadcast.lanes.index_entries == 0
    assert {reason.value.name: n for reason, n in feed.hub.ended.items()} == {"client_left": count}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_live_one(serve: Serve, transport: str) -> None:
    feed = await serve()
    readers = [await open_reader(transport, (feed.host, feed.port)) for _ in range(4)]
    await feed.sessions_reach(4)
    await feed.publish(trade(1))
    for reader in readers:
        reader.abort()
    await nothing_is_left(feed, 4)
    await feed.publish(trade(2))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_one_that_had_stopped_reading(serve: Serve, transport: str) -> None:
    feed = await serve(high_water_bytes=4_096)
    reader = await open_reader(transport, (feed.host, feed.port), receive_buffer_bytes=4_096)
    await feed.sessions_reach(1)
    for _ in repeat_until(lambda: feed.hub.audience.behind):
        await feed.publish(*trades(1, 200))
    reader.abort()
    await nothing_is_left(feed, 1)


async def test_one_that_never_read_the_headers(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*&snapshot=1&after=0")
    answer.wire.abort()
    await until(lambda: feed.hub.opened)
    await nothing_is_left(feed, 1)


@pytest.mark.parametrize("transport", ["sse", "stream", "websocket"])
async def test_one_that_had_stopped_reading_and_says_no_more(serve: Serve, transport: str) -> None:
    """Its connection stays open for as long as it likes, with what was written to it."""
    feed = await serve(high_water_bytes=4_096, keepalive_s=0.1)
    address, small = (feed.host, feed.port), 4_096
    if transport == "websocket":
        reader = await WebSocketReader.connect(address, receive_buffer_bytes=small)
        await reader.begin()
        await reader.subscribe(trades=["*"])
        wire = reader.wire
    else:
        path = f"/v1/{transport}?trades=*"
        wire = (await RawHttp.get(address, path, receive_buffer_bytes=small)).wire
    await feed.sessions_reach(1)
    [session] = feed.hub.sessions.values()
    for _ in repeat_until(lambda: feed.hub.audience.behind):
        await feed.publish(*trades(1, 200))
    wire.writer.write_eof()
    await nothing_is_left(feed, 1)
    await until(lambda: not session.subscriber.buffered_bytes())
