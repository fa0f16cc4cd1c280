"""A server that leaves: whom it tells what on each transport, and what newcomers hear meanwhile."""

import asyncio
import time
from typing import Any

import pytest

from feed.broadcast.departure import LONGEST_AWAY_MS
from tests.fakes.messages import Message
from tests.fakes.patience import PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader, open_unread
from tests.fakes.servers import Feed, Serve
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Ended
from tests.http.talk import connect


async def last_messages(reader: Reader, within: float = 30.0) -> list[Message]:
    """Return what a subscriber is told up to the end of its connection."""
    told: list[Message] = []
    async with asyncio.timeout(within):
        while True:
            try:
                told += (await reader.read())[0]
            except Ended:
                return told


def leaving_of(told: list[Message]) -> int:
    """Return the time of the one `leaving`, behind which nothing but a goodbye stands."""
    kinds = [message["T"] for message in told]
    assert kinds in (["leaving"], ["leaving", "bye"])
    (retry_ms,) = (message["retry_ms"] for message in told if message["T"] == "leaving")
    assert type(retry_ms) is int
    return retry_ms


@pytest.mark.parametrize("drain_s", [0.0, 0.3])
async def test_every_transport_is_told_a_time_of_its_own(serve: Serve, drain_s: float) -> None:
    feed = await serve()
    readers = [await open_reader(name, (feed.host, feed.port)) for name in TRANSPORTS]
    listening = [asyncio.create_task(last_messages(reader)) for reader in readers]
    feed.hub.departure.begin(drain_s)
    await (feed.hub.departure.drain() if drain_s else feed.hub.departure.finish())
    assert not feed.hub.sessions
    times = []
    for name, reader, told in zip(
        TRANSPORTS, readers, await asyncio.gather(*listening), strict=True
    ):
        times.append(leaving_of(told))
        if isinstance(reader, WebSocketReader):
            assert reader.frames[-1].close_code == 1012, name
        else:
            assert told[-1]["reason"] == "shutdown", name
    assert len(set(times)) > len(times) // 2
    assert max(times) <= LONGEST_AWAY_MS


async def test_an_event_source_is_told_by_its_own_field(serve: Serve) -> None:
    feed = await serve()
    reader = await open_reader("sse-json", (feed.host, feed.port))
    assert isinstance(reader, SseReader)
    await feed.hub.departure.finish()
    leaving = await reader.event()
    (time_told,) = [leaving.retry_ms]
    assert leaving.name == "leaving"
    assert leaving.data == f'{{"T":"leaving","retry_ms":{time_told}}}'
    assert (await reader.event()).name == "bye"


async def test_clients_of_the_dialect_learn_it_by_the_close_code_alone(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["AAPL"])
    await feed.hub.departure.finish()
    frame = await reader.frame()
    assert frame.close_code == 1012


@pytest.mark.parametrize("transport", ["websocket-protobuf", "sse-json", "stream-json"])
async def test_newcomers_are_sent_away_with_a_time(serve: Serve, transport: str) -> None:
    feed = await serve()
    feed.hub.departure.begin(20.0)
    if transport.startswith("websocket"):
        headers = {"Sec-WebSocket-Protocol": "feed.protobuf"}
        reader: Any = await WebSocketReader.connect((feed.host, feed.port), headers=headers)
        assert (await reader.message())["msg"] == "connected"
    else:
        reader = await open_unread(transport, (feed.host, feed.port))
    assert 250 <= leaving_of(await last_messages(reader)) <= 20_250


async def test_it_is_not_ready_and_says_when_to_ask_again(serve: Serve) -> None:
    feed = await serve()
    feed.hub.departure.begin(10.0)
    answer = await RawHttp.get((feed.host, feed.port), "/readyz")
    assert answer.status == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 11


async def test_a_drain_ends_as_soon_as_nobody_is_left(serve: Serve) -> None:
    feed = await serve()
    readers = [await open_reader("stream-json", (feed.host, feed.port)) for _ in range(4)]
    feed.hub.departure.begin(600.0)
    draining = asyncio.create_task(feed.hub.departure.drain())
    for reader in readers:
        reader.abort()
    began_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        await draining
    assert time.monotonic() - began_s < 300, "half of the span"


async def test_ingest_that_stopped_gives_no_sequence_any_more(serve: Serve) -> None:
    feed: Feed = await serve()
    newest = feed.hub.broadcast.ring.newest
    await feed.ingest.stop()
    await feed.ingest.stop()
    assert (feed.side.up, feed.source.closed) == (False, 1)
    assert feed.hub.broadcast.ring.newest == newest
