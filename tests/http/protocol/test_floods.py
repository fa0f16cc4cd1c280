"""Floods of little pieces: parsed in turns, a message at a time, and held where they come from."""

import asyncio
import gc
import socket
import zlib
from typing import Any

import orjson
import pytest

from feed.http.protocol.handler import Handler
from feed.hub.inlet import Inlet
from feed.hub.steps import Step, Steps
from feed.hub.waiting import TurnedAway
from feed.wire.disconnect import Reason
from tests.fakes.made_since import made_since
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trades
from tests.fakes.websocket_reader import CLOSE, PONG, TEXT, WebSocketReader

PATIENT: Any = {"max_control_messages_per_s": 1_000_000, "max_control_ms_per_s": 1_000_000}
MANY = [f"S{number}" for number in range(4_999)]  # an acknowledgement of them is 40 kB
EMPTY_PING = b"\x89\x80" + bytes(4)
EMPTY_FRAGMENT = b"\x00\x80" + bytes(4)
BEGINNING = b"\x01\x80" + bytes(4)  # of a text message in fragments


class Creeping:
    """A clock of CPU time on which every look takes a part of a slice."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 100_000
        return self.now_ns


async def connect(feed: Feed) -> WebSocketReader:
    reader = await WebSocketReader.connect((feed.host, feed.port))
    return await reader.begin()


def handlers(monkeypatch: pytest.MonkeyPatch) -> list[Handler]:
    """Collect the handlers that are made from now on."""
    made: list[Handler] = []
    begin = Handler.connection_made

    def note(self: Handler, transport: asyncio.BaseTransport) -> None:
        made.append(self)
        begin(self, transport)

    monkeypatch.setattr(Handler, "connection_made", note)
    return made


async def test_thousands_of_pings_in_one_piece_are_parsed_in_turns_of_the_loop(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve(**PATIENT)
    feed.hub.steps = Steps(Creeping())
    feed.hub.inlet = Inlet(feed.hub.steps)
    made = handlers(monkeypatch)
    reader = await connect(feed)
    (handler,) = made
    steps = feed.hub.steps.lengths[Step.READ]
    before = steps.count
    handler.data_received(EMPTY_PING * 2_000)
    reader.say({"action": "subscribe", "trades": ["AAPL"]})
    while (frame := await reader.frame()).opcode != TEXT:
        assert frame.opcode == PONG
    assert steps.count - before > 100
    assert feed.hub.steps.longest_ns[Step.READ] <= 3_000_000


async def test_a_flood_leaves_others_their_turns(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve(**PATIENT)
    made = handlers(monkeypatch)
    flood, other = await connect(feed), await connect(feed)
    made[0].data_received(EMPTY_PING * 40_000)
    other.say({"action": "subscribe", "trades": ["AAPL"]})
    assert (await other.message())["trades"] == ["AAPL"]
    assert made[0]._unread, "the flood is not over yet"
    flood.wire.abort()


async def test_what_is_not_asked_for_waits_and_is_counted(serve: Serve) -> None:
    """A client that does not read its answers may send no more than its own socket takes."""
    feed = await serve(high_water_bytes=16_384, **PATIENT)
    reader = await connect(feed)
    (session,) = feed.hub.sessions.values()
    for _ in range(400):
        reader.say({"action": "subscribe", "trades": MANY})
    await until(lambda: session.connection.buffered_bytes() > 16_384)
    await until(lambda: feed.hub.waiting.held_bytes > 0)
    for _ in range(200):
        reader.wire.writer.write(EMPTY_PING * 1_000)
        await asyncio.sleep(0)
    assert feed.hub.waiting.held_bytes <= 512 * 1024
    assert reader.wire.writer.transport.get_write_buffer_size() > 0, "its own socket is full"
    reader.wire.abort()
    await until(lambda: not feed.hub.sessions)
    assert feed.hub.waiting.held_bytes == 0


async def test_unfinished_messages_have_a_limit_together(serve: Serve) -> None:
    feed = await serve(max_unfinished_heads_bytes=500_000, **PATIENT)
    readers = [await connect(feed) for _ in range(3)]
    for reader in readers[:2]:
        reader.send_frame(TEXT, bytes(200_000), final=False)
    await until(lambda: feed.hub.waiting.held_bytes >= 400_000)
    assert len(feed.hub.sessions) == 3
    readers[2].send_frame(TEXT, bytes(200_000), final=False)
    assert await readers[0].wire.rest() == b""
    await until(lambda: len(feed.hub.sessions) == 2)
    assert feed.hub.waiting.turned_away == {TurnedAway.CROWDED: 1}
    assert feed.hub.waiting.held_bytes <= 500_000
    readers[1].send_frame(0, b"x")
    assert (await readers[1].message())["T"] == "error", "it was not JSON, but it was read"
    await until(lambda: feed.hub.waiting.held_bytes <= 200_000)


async def test_fragments_without_an_end_are_work_too(serve: Serve) -> None:
    feed = await serve(max_control_ms_per_s=1)
    reader = await connect(feed)
    reader.wire.writer.write(BEGINNING + EMPTY_FRAGMENT * 100_000)
    while (frame := await reader.frame()).opcode != CLOSE:
        assert orjson.loads(frame.data)[0]["T"] == "error"
    assert frame.close_code == 1008
    assert feed.hub.ended[Reason.POLICY] == 1


async def test_inflating_a_flood_of_messages_is_work_too(serve: Serve) -> None:
    feed = await serve(max_control_messages_per_s=1_000_000, max_control_ms_per_s=1)
    offer = {"Sec-WebSocket-Extensions": "permessage-deflate"}
    reader = await WebSocketReader.connect((feed.host, feed.port), headers=offer)
    deflated = zlib.compressobj(9, wbits=-15)
    data = (deflated.compress(b" " * 250_000) + deflated.flush(zlib.Z_SYNC_FLUSH))[:-4]
    message = b"\xc1\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data
    reader.wire.writer.write(message * 2_000)
    while (frame := await reader.frame()).opcode != CLOSE:
        assert frame.opcode == TEXT
    assert frame.close_code == 1008


async def test_answers_that_are_not_taken_have_a_limit_together(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve(max_unfinished_heads_bytes=4_000_000)
    begin = Handler.connection_made

    def narrow(self: Handler, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        begin(self, transport)

    monkeypatch.setattr(Handler, "connection_made", narrow)
    for first in range(1, 8_000, 1_000):
        await feed.publish(*trades(first, first + 999))
    address, path = (feed.host, feed.port), "/v1/history?limit=10000"
    slow = [await RawHttp.get(address, path, receive_buffer_bytes=4_096) for _ in range(2)]
    size_bytes = int(slow[0].headers["Content-Length"])
    assert 700_000 < size_bytes < 1_000_000
    assert feed.hub.waiting.held_bytes == 4 * size_bytes, "each, and its copy"
    quick = await RawHttp.get(address, path)
    assert len(await quick.body()) == size_bytes, "it is served, and the oldest makes room"
    assert len(await slow[0].wire.rest()) < size_bytes
    assert feed.hub.waiting.turned_away == {TurnedAway.CROWDED: 1}
    assert len(await slow[1].body()) == size_bytes
    await until(lambda: feed.hub.waiting.held_bytes == 0)


@pytest.mark.long
@pytest.mark.parametrize("sends", [EMPTY_PING * 500, BEGINNING + EMPTY_FRAGMENT * 50_000, b""])
async def test_a_websocket_that_is_gone_is_freed_at_once(serve: Serve, sends: bytes) -> None:
    feed = await serve()
    alive = made_since(Handler)
    gc.collect()
    gc.disable()
    try:
        reader = await connect(feed)
        assert len(alive()) == 1
        parsed = feed.hub.steps.lengths[Step.READ].count
        reader.wire.writer.write(sends)
        await until(lambda: not sends or feed.hub.steps.lengths[Step.READ].count > parsed)
        reader.wire.abort()
        await until(lambda: not alive())
    finally:
        gc.enable()


async def test_requests_without_end_in_one_piece_are_held_back_and_answered(serve: Serve) -> None:
    feed = await serve()
    client = await RawHttp.open((feed.host, feed.port))
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client.wire.writer.write(request * 2_000)
    for _ in range(2_000):
        await client.head()
        assert client.status == 200
        await client.body()
    await until(lambda: feed.hub.waiting.held_bytes == 0)
    (waiter,) = feed.hub.waiting.idle
    assert isinstance(waiter, Handler)
    assert not waiter._held_back
