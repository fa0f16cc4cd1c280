"""Compressed messages of clients: heard, limited, and no danger to anybody else."""

import asyncio
import zlib

import orjson
import pytest

from feed.broadcast.deflate import GZIP_HEADER
from feed.wire.disconnect import Reason
from tests.fakes.deflated_readers import DEFLATE, RSV1, connect_deflated, open_deflated
from tests.fakes.patience import until
from tests.fakes.readers import Reader
from tests.fakes.servers import Feed, ScriptedSource, Serve
from tests.fakes.websocket_reader import CLOSE, TEXT, WebSocketReader
from tests.http.compressed import address, ids, publish_frames

CONTROL_LIMIT_BYTES = 256 * 1024


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def bystanders(feed: Feed) -> list[Reader]:
    """Return subscribers that compressed trouble must not reach."""
    return [await open_deflated(name, address(feed)) for name in ("websocket-json", "sse-json")]


async def unaffected(feed: Feed, readers: list[Reader]) -> None:
    await feed.sessions_reach(len(readers))
    last = await publish_frames(feed, 1, 5)
    for reader in readers:
        assert await ids(reader, last) == list(range(1, last + 1))


async def refused(reader: WebSocketReader, code: int, reason: Reason, feed: Feed) -> None:
    """See that the connection ends with the dialect's error, a Close frame, and nothing else."""
    (error,) = orjson.loads((await reader.frame()).data)
    assert (error["T"], error["code"]) == ("error", 400)
    close = await reader.frame()
    assert close.opcode == CLOSE
    assert close.close_code == code
    reader.send_frame(CLOSE, close.data[:2])
    assert await reader.wire.rest() == b""
    await until(lambda: feed.hub.ended)
    assert dict(feed.hub.ended) == {reason: 1}


@pytest.mark.parametrize("fragments", [1, 4])
async def test_a_zip_bomb_is_too_big_when_it_is_inflated(serve: Serve, fragments: int) -> None:
    feed = await serve()
    others = await bystanders(feed)
    reader = await connect_deflated(address(feed))
    bomb = deflated(b" " * 64_000_000)
    assert len(bomb) < CONTROL_LIMIT_BYTES
    step = -(-len(bomb) // fragments)
    for part in range(fragments):
        data = bomb[part * step : (part + 1) * step]
        opcode = TEXT | RSV1 << 4 if part == 0 else 0
        reader.send_frame(opcode, data, final=part == fragments - 1)
    await refused(reader, 1009, Reason.TOO_BIG, feed)
    await unaffected(feed, others)


async def test_a_message_may_be_as_long_as_the_limit_when_it_is_inflated(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    message = orjson.dumps({"action": "subscribe", "trades": ["AAPL"]}).ljust(CONTROL_LIMIT_BYTES)
    reader.send_frame(TEXT | RSV1 << 4, deflated(message))
    assert (await reader.message())["trades"] == ["AAPL"]
    reader.send_frame(TEXT | RSV1 << 4, deflated(message + b" "))
    await refused(reader, 1009, Reason.TOO_BIG, feed)


async def test_a_plain_message_over_the_limit_is_too_big(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    reader.send_frame(TEXT, b" " * (CONTROL_LIMIT_BYTES + 1))
    await refused(reader, 1009, Reason.TOO_BIG, feed)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",  # no block type
        b"\x06\x00",  # a block of the reserved type
        b"\x4a\x04\x00\x00" * 300,
        zlib.compress(b"{}"),  # with zlib's header
        GZIP_HEADER + deflated(b"{}"),
        deflated(b'{"action":"auth"}')[3:],
    ],
)
async def test_garbage_in_the_compressed_direction_ends_the_connection(
    serve: Serve, data: bytes
) -> None:
    feed = await serve()
    others = await bystanders(feed)
    reader = await connect_deflated(address(feed))
    reader.send_frame(TEXT | RSV1 << 4, data)
    await refused(reader, 1007, Reason.PROTOCOL, feed)
    await unaffected(feed, others)


@pytest.mark.parametrize(
    ("offer", "first_byte"),
    [
        (None, TEXT | 0x40),  # RSV1, and nothing was agreed on
        (f"{DEFLATE}; server_max_window_bits=8", TEXT | 0x40),  # declined
        (DEFLATE, TEXT | 0x20),  # RSV2
        (DEFLATE, TEXT | 0x10),  # RSV3
        (DEFLATE, TEXT | 0x70),
        (DEFLATE, 0x40),  # RSV1 in a continuation of nothing
    ],
)
async def test_a_reserved_bit_that_means_nothing_breaks_the_protocol(
    serve: Serve, offer: str | None, first_byte: int
) -> None:
    feed = await serve()
    others = await bystanders(feed)
    reader = await connect_deflated(address(feed), offer)
    reader.send_frame(first_byte, deflated(b'{"action":"auth"}'))
    await refused(reader, 1002, Reason.PROTOCOL, feed)
    await unaffected(feed, others)


async def test_a_reserved_bit_in_the_middle_of_a_message_breaks_the_protocol(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    data = deflated(b'{"action":"auth"}')
    reader.send_frame(TEXT | RSV1 << 4, data[:5], final=False)
    reader.send_frame(RSV1 << 4, data[5:])
    await refused(reader, 1002, Reason.PROTOCOL, feed)


async def test_compressed_control_messages_are_heard_in_one_context(serve: Serve) -> None:
    symbols = ["S1", "S2", "S3"]
    feed = await serve(ScriptedSource(lists=symbols))
    reader = await connect_deflated(address(feed))
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    sizes = []
    for symbol in symbols:
        message = orjson.dumps({"action": "subscribe", "trades": [symbol]})
        block = (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        sizes.append(len(block))
        reader.send_frame(TEXT | RSV1 << 4, block)
        acknowledgement = await reader.message()
    assert acknowledgement["trades"] == symbols
    assert sizes[2] < sizes[0] / 2, "the last refers to the first"


async def test_an_empty_compressed_message_is_no_message_and_the_talk_goes_on(
    serve: Serve,
) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    reader.send_frame(TEXT | RSV1 << 4, b"\x00")
    assert (await reader.message())["code"] == 400
    assert (await reader.subscribe(trades=["S1"]))["trades"] == ["S1"]


async def test_a_crowd_of_bombs_holds_nobody_up(serve: Serve) -> None:
    feed = await serve()
    others = await bystanders(feed)
    bomb = deflated(b" " * 64_000_000)
    bombers = [await connect_deflated(address(feed)) for _ in range(20)]
    for reader in bombers:
        reader.send_frame(TEXT | RSV1 << 4, bomb)
    await asyncio.gather(*(reader.wire.rest() for reader in bombers))
    await until(lambda: feed.hub.ended[Reason.TOO_BIG] == 20)
    await unaffected(feed, others)
