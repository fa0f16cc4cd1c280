"""Ten thousand subscribers, five thousand symbols: metrics neither grow nor hold the loop."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from feed.broadcast.fan_out import Target
from feed.broadcast.payload_key import PayloadKey
from feed.hub.census import take_census
from feed.market.ticks import Channel
from feed.wire.compression import Compression
from feed.wire.delimiter import Delimiter
from feed.wire.disconnect import Reason
from feed.wire.framing import Framing, SseFraming, StreamFraming, WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.selection import Selection
from feed.wire.websocket_frame import Opcode
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, quote, trade

if TYPE_CHECKING:
    from feed.hub.connection import Connection

pytestmark = pytest.mark.long

SUBSCRIBERS = 10_000
SYMBOLS = [f"S{number}" for number in range(5_000)]
LONG_S = 3_600  # nobody who holds bytes back is sent away, however long a busy machine takes


@dataclass
class NoSocket:
    """A connection that takes everything, or holds everything back."""

    held_bytes: int = 0
    closing: bool = False
    peer: str = ""
    place: str = ""
    target: Target | None = None

    def write(self, data: bytes | memoryview) -> None:
        pass

    def write_last(self, data: bytes) -> None:
        pass

    def buffered_bytes(self) -> int:
        return self.held_bytes

    def outstanding_bytes(self) -> int:
        return self.held_bytes

    def sent_bytes(self) -> int | None:
        return None


def _ways() -> Iterator[tuple[PayloadKey, Framing, Compression | None]]:
    """Yield what subscribers ask for: each something else, over all transports."""
    for number in range(SUBSCRIBERS):
        first = number % len(SYMBOLS)
        selection = Selection.of(
            {Channel.TRADES: SYMBOLS[first : first + 3], Channel.QUOTES: [SYMBOLS[first]]}
        )
        kind = number % 4
        if kind == 0:
            yield PayloadKey(selection, JSON, marks=True), WebSocketFraming(Opcode.TEXT), None
        elif kind == 1:
            yield (
                PayloadKey(selection, JSON, marks=False),
                SseFraming(base64=False, chunked=True),
                Compression(),
            )
        elif kind == 2:
            stream = StreamFraming(Delimiter.NONE, chunked=True)
            yield PayloadKey(selection, MESSAGE_PACK, marks=True), stream, None
        else:
            binary = WebSocketFraming(Opcode.BINARY)
            yield PayloadKey(selection, MESSAGE_PACK, marks=False), binary, Compression()


async def populate(feed: Feed) -> None:
    hub = feed.hub
    for number, (key, framing, compression) in enumerate(_ways()):
        socket = NoSocket(held_bytes=100_000 if number % 100 == 0 else 0)
        session = hub.open(
            cast("Connection", socket), key, framing, lambda _: None, compression=compression
        )
        hub.subscriptions.release(session)
    await feed.publish(*(trade(1, symbol) for symbol in SYMBOLS))
    await feed.publish(*(quote(1, symbol) for symbol in SYMBOLS))


async def scrape(feed: Feed) -> str:
    answer = await RawHttp.get((feed.host, feed.port), "/metrics")
    return (await answer.body()).decode()


def series(text: str) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_number_of_series_is_fixed(serve: Serve) -> None:
    feed = await serve(ring=1 << 14, slow_timeout_s=LONG_S)
    idle = series(await scrape(feed))
    await populate(feed)
    for reason in (Reason.SLOW, Reason.POLICY):
        feed.hub.disconnect(next(iter(feed.hub.sessions.values())), reason)
    busy = await scrape(feed)
    assert series(busy) == idle
    assert len(idle) < 900
    assert 'feed_connections{codec="msgpack",transport="stream"} 2500.0' in busy


async def test_a_scrape_lets_others_run_in_between(serve: Serve) -> None:
    feed = await serve(ring=1 << 14, slow_timeout_s=LONG_S)
    await populate(feed)
    turns = 0
    done = False

    async def count() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    found = await take_census(feed.hub)
    done = True
    await counting
    assert turns > SUBSCRIBERS / 1_000, "looked at in slices"
    assert found.held_bytes == 100 * 100_000
    assert found.largest_held_bytes == 100_000
    assert len(found.lags_ticks) == 100
