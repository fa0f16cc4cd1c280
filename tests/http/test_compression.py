"""Compression on the wire: what is agreed, what is shared, and what no client can do with it."""

import asyncio
import itertools
import zlib
from urllib.parse import quote as url_quote

import orjson
import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.headers import build_extension, parse_extension
from websockets.typing import ExtensionName

from feed.broadcast.deflate import GZIP_HEADER, KEYFRAME_EVERY
from feed.broadcast.deflated_lane import DeflatedLane
from feed.broadcast.lane import Lane
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from tests.fakes.deflated_readers import (
    DEFLATE,
    FLUSH_TAIL,
    RSV1,
    DeflateReader,
    GzipHttp,
    connect_deflated,
    open_deflated,
    salted_trades,
)
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader
from tests.fakes.servers import Feed, Serve, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import LineReader
from tests.fakes.websocket_reader import CLOSE, PING, PONG, TEXT, WebSocketReader
from tests.fakes.wire import Ended

EACH = pytest.mark.parametrize("transport", TRANSPORTS)
CONTROL_LIMIT_BYTES = 256 * 1024


def address(feed: Feed) -> tuple[str, int]:
    return feed.host, feed.port


async def ids(reader: Reader, count: int) -> list[int]:
    """Read so many trades, and whatever the last of them came with."""
    got: list[int] = []
    while len(got) < count:
        messages, _ = await reader.read()
        got += [message["i"] for message in messages if message["T"] == "t"]
    return got


async def publish_frames(feed: Feed, first: int, frames: int, ticks: int = 3) -> int:
    """Publish so many batches, each a frame; return the last number."""
    for _ in range(frames):
        await feed.publish(*salted_trades(first, first + ticks - 1))
        first += ticks
    return first - 1


def lane_of(feed: Feed, compression: Compression | None) -> Lane:
    """Return the one lane with trades that is compressed so."""
    (lane,) = (
        lane
        for lane in feed.hub.broadcast.lanes
        if lane.compression == compression and lane.payload.key.selection.symbols
    )
    return lane


async def subscribe(reader: DeflateReader) -> DeflateReader:
    await reader.subscribe(trades=["*"])
    return reader


# What is agreed on

_OFFERS = [
    {
        "server_no_context_takeover": alone,
        "client_no_context_takeover": forgets,
        "server_max_window_bits": bits,
        "client_max_window_bits": client_bits,
    }
    for alone, forgets, bits, client_bits in itertools.chain(
        itertools.product([False, True], [False], [None, *range(9, 16)], [True]),
        itertools.product([False, True], [True], [None, 10], [None, True, 10]),
    )
]


@pytest.mark.parametrize("offer", _OFFERS, ids=str)
async def test_what_is_agreed_on_is_what_was_offered_and_what_comes(
    serve: Serve, offer: dict[str, bool | int | None]
) -> None:
    feed = await serve()
    factory = ClientPerMessageDeflateFactory(**offer)  # type: ignore[arg-type]  # a table
    extension = (ExtensionName(DEFLATE), factory.get_request_params())
    reader = await connect_deflated(address(feed), build_extension([extension]))
    assert reader.agreed is not None
    ((name, parameters),) = parse_extension(reader.agreed)
    assert name == DEFLATE
    factory.process_response_params(parameters, [])  # raises where a client would give up
    await subscribe(reader)
    await feed.sessions_reach(1)
    last = await publish_frames(feed, 1, 2 * KEYFRAME_EVERY + 2, ticks=8)
    assert await ids(reader, last) == list(range(1, last + 1))
    assert {block.rsv for block in reader.blocks[-2 * KEYFRAME_EVERY :]} == {RSV1}


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        (f"{DEFLATE}; server_max_window_bits=8, {DEFLATE}", Compression()),
        (
            f"{DEFLATE}; unknown=1, {DEFLATE}; server_max_window_bits=10",
            Compression(window_bits=10),
        ),
        (f"x-webkit-deflate-frame, {DEFLATE}", Compression()),
        (f"{DEFLATE}; server_no_context_takeover, {DEFLATE}", Compression(shared=False)),
        (
            f'foo; bar="a, b; c", {DEFLATE} ;  server_max_window_bits=11',
            Compression(window_bits=11),
        ),
        (f'{DEFLATE}; server_max_window_bits="12"', Compression(window_bits=12)),
    ],
)
async def test_of_several_offers_the_first_that_can_be_met_is_taken(
    serve: Serve, offer: str, agreed: Compression
) -> None:
    feed = await serve()
    await subscribe(await connect_deflated(address(feed), offer))
    assert isinstance(lane_of(feed, agreed), DeflatedLane)


@pytest.mark.parametrize(
    "offer",
    [
        f"{DEFLATE}; server_max_window_bits=8",  # zlib cannot
        f"{DEFLATE}; server_max_window_bits=7",
        f"{DEFLATE}; server_max_window_bits=16",
        f"{DEFLATE}; server_max_window_bits=012",  # RFC 7692 §7.1.2.1: no leading zeroes
        f"{DEFLATE}; server_max_window_bits",  # the same: an offer has a value
        f"{DEFLATE}; server_max_window_bits=",
        f"{DEFLATE}; server_max_window_bits=-12",
        f"{DEFLATE}; server_max_window_bits=١٢",
        f"{DEFLATE}; server_max_window_bits={'9' * 5_000}",
        f"{DEFLATE}; server_max_window_bits=10; server_max_window_bits=12",
        f"{DEFLATE}; server_no_context_takeover=1",
        f"{DEFLATE}; client_max_window_bits=99",
        f"{DEFLATE}; unknown",
        f"{DEFLATE};",
        f"x-{DEFLATE}",
        f"{DEFLATE}-ish",
        f"other; {DEFLATE}",
        f'other; is="{DEFLATE}"',
        "permessage-bzip2",
        "x-webkit-deflate-frame",
        ",,;;==",
        '"',
        f"{DEFLATE} " * 1_000,
    ],
)
async def test_what_cannot_be_met_is_declined_and_all_is_plain(serve: Serve, offer: str) -> None:
    feed = await serve()
    other = await subscribe(await connect_deflated(address(feed)))
    reader = await connect_deflated(address(feed), offer)
    assert reader.agreed is None
    await subscribe(reader)
    await feed.sessions_reach(2)
    await publish_frames(feed, 1, 2)
    assert await ids(reader, 6) == await ids(other, 6) == [1, 2, 3, 4, 5, 6]
    assert {frame.rsv for frame in reader.frames} == {0}
    assert other.blocks[-1].rsv == RSV1


async def test_who_offers_nothing_gets_nothing(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed), None)
    assert reader.agreed is None
    await subscribe(reader)
    await publish_frames(feed, 1, 1)
    assert await ids(reader, 3) == [1, 2, 3]
    assert {frame.rsv for frame in reader.frames} == {0}


@pytest.mark.parametrize("bits", range(9, 13))
async def test_a_small_window_is_kept_where_a_large_one_would_reach_further_back(
    serve: Serve, bits: int
) -> None:
    feed = await serve()
    small = await subscribe(
        await connect_deflated(address(feed), f"{DEFLATE}; server_max_window_bits={bits}")
    )
    # With so many readers a lane takes the effort of a large window.
    large = [await subscribe(await connect_deflated(address(feed))) for _ in range(33)]
    await feed.sessions_reach(34)
    await publish_frames(feed, 1, 4, ticks=80)
    assert await ids(small, 320) == list(range(1, 321))
    assert await ids(large[0], 320) == list(range(1, 321))
    blocks = [block.data + FLUSH_TAIL for block in large[0].blocks if block.rsv]
    with pytest.raises(zlib.error, match="too far back"):
        zlib.decompressobj(-bits).decompress(b"".join(blocks))


async def test_without_context_takeover_each_message_stands_for_itself(serve: Serve) -> None:
    feed = await serve()
    alone = await subscribe(
        await connect_deflated(address(feed), f"{DEFLATE}; server_no_context_takeover")
    )
    shared = await subscribe(await connect_deflated(address(feed)))
    await feed.sessions_reach(2)
    last = await publish_frames(feed, 1, 10)
    assert await ids(alone, last) == await ids(shared, last) == list(range(1, last + 1))

    def inflate_last(reader: DeflateReader) -> bytes:
        return zlib.decompressobj(-15).decompress(reader.blocks[-1].data + FLUSH_TAIL)

    assert orjson.loads(inflate_last(alone))[-1]["i"] == last
    with pytest.raises(zlib.error):
        inflate_last(shared)


# What is shared


async def test_who_joins_in_between_gets_frames_of_its_own_until_the_keyframe(
    serve: Serve,
) -> None:
    feed = await serve()
    old = [await subscribe(await connect_deflated(address(feed))) for _ in range(3)]
    await feed.sessions_reach(3)
    published = await publish_frames(feed, 1, 10)
    joiner = await subscribe(await connect_deflated(address(feed)))
    await feed.sessions_reach(4)
    lane = lane_of(feed, Compression())
    assert isinstance(lane, DeflatedLane)
    assert len(lane.joining) == 1
    last = await publish_frames(feed, published + 1, KEYFRAME_EVERY + 10)
    for reader in old:
        assert await ids(reader, last) == list(range(1, last + 1))
    assert await ids(joiner, last - published) == list(range(published + 1, last + 1))
    assert not lane.joining
    frames = [reader.blocks[-(KEYFRAME_EVERY + 10) :] for reader in (*old, joiner)]
    assert frames[0] == frames[1] == frames[2]
    same = [block == other for block, other in zip(frames[3], frames[0], strict=True)]
    keyframe = same.index(True)
    assert keyframe == KEYFRAME_EVERY - 10
    assert all(same[keyframe:])
    assert {block.rsv for block in frames[3]} == {RSV1}


@EACH
async def test_compressed_is_the_same_as_plain_and_smaller(serve: Serve, transport: str) -> None:
    feed = await serve()
    plain = await open_deflated(transport, address(feed), compressed=False)
    early = [await open_deflated(transport, address(feed)) for _ in range(2)]
    await feed.sessions_reach(3)
    published = await publish_frames(feed, 1, 20)
    late = await open_deflated(transport, address(feed))
    await feed.sessions_reach(4)
    last = await publish_frames(feed, published + 1, KEYFRAME_EVERY + 20)

    async def told(reader: Reader, upto: int) -> list[Message]:
        messages: list[Message] = []
        while not any(message.get("i") == upto for message in messages[-5:]):
            messages += (await reader.read())[0]
        return messages

    due = await told(plain, last)
    assert [await told(reader, last) for reader in early] == [due, due]
    since = next(index for index, message in enumerate(due) if message.get("i") == published)
    heard = await told(late, last)
    assert [message for message in heard if message["T"] == "t"] == [
        message for message in due[since + 1 :] if message["T"] == "t"
    ]
    (traffic,) = (
        traffic for traffic in feed.hub.broadcast.lanes.traffic.values() if traffic.frames > 100
    )
    assert traffic.frame_bytes < 0.75 * traffic.plain_bytes  # one of four is plain


async def test_compression_ends_and_begins_anew_by_request(serve: Serve) -> None:
    feed = await serve()
    reader, other = [await subscribe(await connect_deflated(address(feed))) for _ in range(2)]
    await feed.sessions_reach(2)
    heard: list[int] = []
    published = 0
    for compress, rsv in ((True, RSV1), (False, 0), (False, 0), (True, RSV1)):
        await reader.subscribe(compress=compress)
        await feed.sessions_reach(2)
        reader.blocks.clear()
        published = await publish_frames(feed, published + 1, 5)
        heard += await ids(reader, 15)
        assert {block.rsv for block in reader.blocks} == {rsv}
    assert heard == await ids(other, published) == list(range(1, published + 1))


async def test_what_is_said_to_one_is_plain_and_never_in_the_window(serve: Serve) -> None:
    feed = await serve(ping_interval_s=0.02)
    reader, other = [await subscribe(await connect_deflated(address(feed))) for _ in range(2)]
    await feed.sessions_reach(2)
    last = await publish_frames(feed, 1, 3)
    assert await ids(reader, last) == await ids(other, last)
    reader.blocks.clear()
    for word in (b"hello", b"there"):
        reader.send_frame(PING, word)
    pongs = 0
    while pongs < 2:
        pongs += (await reader.block()).opcode == PONG
    reader.say({"action": "nonsense"})
    assert (await reader.message())["T"] == "error"
    await subscribe(reader)
    assert {block.rsv for block in reader.blocks} == {0}
    await reader.subscribe(after="elsewhere-5", trades=["*"])  # a gap and a snapshot, for it alone
    await feed.sessions_reach(2)
    while (await reader.read())[0][0].get("state") != "end":
        pass
    assert {block.rsv for block in reader.blocks} == {0}
    published = await publish_frames(feed, last + 1, 2 * KEYFRAME_EVERY)
    due = list(range(last + 1, published + 1))
    assert await ids(reader, len(due)) == await ids(other, len(due)) == due
    assert reader.blocks[-1] == other.blocks[-1]


async def test_keepalives_and_marks_go_through_the_lanes_compressor(serve: Serve) -> None:
    feed = await serve(keepalive_s=0.02, mark_interval_s=0.1)
    readers = [await open_deflated("sse-json", address(feed)) for _ in range(2)]
    await feed.sessions_reach(2)
    published = await publish_frames(feed, 1, 3)
    readers.append(await open_deflated("sse-json", address(feed)))
    for reader in readers:
        assert isinstance(reader, SseReader)
        while (await reader.event()).name != "mark":
            pass
    last = await publish_frames(feed, published + 1, 2 * KEYFRAME_EVERY)
    due = list(range(published + 1, last + 1))
    for reader in readers:
        assert await ids(reader, len(due)) == due
    assert isinstance(readers[0], SseReader)
    http = readers[0].http
    assert isinstance(http, GzipHttp)
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(b"".join(http.blocks)).count(b"\n:\n:\n") >= 1


async def test_the_memory_of_all_compressors_is_bounded_and_given_back(serve: Serve) -> None:
    feed = await serve()
    budget = feed.hub.broadcast.lanes.budget
    budget.maximum_bytes = 100_000  # of three compressors
    readers = [await connect_deflated(address(feed)) for _ in range(8)]
    for which, reader in enumerate(readers):
        await reader.subscribe(trades=[f"S{which}"])
    await feed.sessions_reach(8)
    for first in range(1, 400, 40):
        await feed.publish(*salted_trades(first, first + 39))
        assert 0 < budget.used_bytes <= budget.maximum_bytes
    assert budget.refusals > 0
    for which, reader in enumerate(readers):
        assert await ids(reader, 10) == list(range(which or 40, 401, 40))
        assert {block.rsv for block in reader.blocks[-10:]} == {RSV1}
        reader.abort()
    await feed.sessions_reach(0)
    assert budget.used_bytes == 0


# Accept-Encoding

_ENCODINGS = [
    ("gzip", True),
    ("GZip", True),
    ("gzip, deflate, br, zstd", True),
    ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
    ("*", True),
    ("gzip;q=0.001", True),
    ("identity;q=0, gzip", True),
    ("gzip;q=0.5,identity;q=0.5", True),
    ("gzip;q=0.5, identity;q=1", False),
    ("gzip;q=0", False),
    ("gzip ; q=0", False),
    ("gzip;Q=0.0", False),
    ("gzip;q=0, *", False),
    ("*;q=0", False),
    ("gzip;q=0, identity;q=0", False),
    ("identity", False),
    ("br", False),
    ("deflate, br, zstd", False),
    ("gzip;q=much", False),
    ("gzip;q=nan", False),
    ("not-gzip, gzip-not", False),
    (";;,,=", False),
    ("", False),  # RFC 9110 §12.5.3: no coding is wanted
    (None, False),
]


@pytest.mark.parametrize("path", ["sse", "stream"])
@pytest.mark.parametrize(("accepted", "compressed"), _ENCODINGS)
async def test_gzip_for_whom_accepts_it(
    serve: Serve, path: str, accepted: str | None, compressed: bool
) -> None:
    feed = await serve()
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    http_class = GzipHttp if compressed else RawHttp
    http = await http_class.get(address(feed), f"/v1/{path}?trades=*", headers)
    assert http.status == 200
    assert http.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert "Accept-Encoding" in http.headers["Vary"]
    reader = SseReader(http) if path == "sse" else LineReader(http)
    await feed.sessions_reach(1)
    await publish_frames(feed, 1, 2)
    assert await ids(reader, 6) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_compress_0_is_plain_whatever_is_accepted(serve: Serve, path: str) -> None:
    feed = await serve()
    gzip = {"Accept-Encoding": "gzip"}
    http = await RawHttp.get(address(feed), f"/v1/{path}?trades=*&compress=0", gzip)
    assert "Content-Encoding" not in http.headers
    await feed.sessions_reach(1)
    await feed.publish(*trades(1, 1))
    await http.up_to(b'"i":1,')  # as plain text


@pytest.mark.parametrize("value", ["", "2", "gzip", "no"])
async def test_an_unknown_compress_is_refused(serve: Serve, value: str) -> None:
    feed = await serve()
    http = await RawHttp.get(address(feed), f"/v1/sse?trades=*&compress={url_quote(value)}")
    assert http.status == 400
    assert "compress" in (await http.document())["detail"]


@pytest.mark.parametrize("value", [0, 1, "gzip", None, [], {}])
async def test_a_compress_that_is_no_boolean_is_refused_and_changes_nothing(
    serve: Serve, value: object
) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    reader.say({"action": "subscribe", "trades": ["*"], "compress": value})
    message = await reader.message()
    if value is None:  # not given
        assert message["T"] == "subscription"
    else:
        assert (message["T"], message["code"]) == ("error", 400)
        assert "compress" in message["msg"]
        await subscribe(reader)
    await feed.sessions_reach(1)
    await publish_frames(feed, 1, 2)
    assert await ids(reader, 6) == [1, 2, 3, 4, 5, 6]
    assert reader.blocks[-1].rsv == RSV1


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_http_1_0_gets_a_bare_gzip_stream(serve: Serve, path: str) -> None:
    feed = await serve()
    gzip = {"Accept-Encoding": "gzip"}
    http = await GzipHttp.get(address(feed), f"/v1/{path}?trades=*", gzip, version="1.0")
    assert not http.chunked
    assert http.headers["Connection"] == "close"
    assert http.headers["Content-Encoding"] == "gzip"
    reader = SseReader(http) if path == "sse" else LineReader(http)
    others = [await open_deflated(f"{path}-json", address(feed)) for _ in range(2)]
    await feed.sessions_reach(3)
    last = await publish_frames(feed, 1, KEYFRAME_EVERY + 6)
    for one in (reader, *others):
        assert await ids(one, last) == list(range(1, last + 1))
    assert isinstance(http, GzipHttp)
    assert b"".join(http.blocks).startswith(GZIP_HEADER)


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_the_last_words_are_in_the_gzip_stream(serve: Serve, path: str) -> None:
    feed = await serve()
    reader = await open_deflated(f"{path}-json", address(feed))
    await feed.sessions_reach(1)
    await publish_frames(feed, 1, 3)
    (session,) = feed.hub.sessions.values()
    feed.hub.disconnect(session, Reason.SHUTDOWN)
    assert await ids(reader, 9) == list(range(1, 10))
    (bye,), _ = await reader.read()
    assert (bye["T"], bye["reason"]) == ("bye", "shutdown")
    with pytest.raises(Ended):
        await reader.read()


async def test_who_is_not_let_in_hears_so_plainly(serve: Serve) -> None:
    feed = await serve(max_connections=1)
    await open_deflated("sse-json", address(feed))
    await feed.sessions_reach(1)
    http = await RawHttp.get(address(feed), "/v1/sse?trades=*", {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in http.headers
    assert (await SseReader(http).event()).name == "bye"


# What a client may send


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
    feed = await serve()
    reader = await connect_deflated(address(feed))
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    sizes = []
    for symbol in ("S1", "S2", "S3"):
        message = orjson.dumps({"action": "subscribe", "trades": [symbol]})
        block = (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        sizes.append(len(block))
        reader.send_frame(TEXT | RSV1 << 4, block)
        acknowledgement = await reader.message()
    assert acknowledgement["trades"] == ["S1", "S2", "S3"]
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
