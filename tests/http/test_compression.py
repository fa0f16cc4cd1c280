"""Compression on the wire: what is agreed, and what is shared."""

import itertools
import zlib

import orjson
import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.headers import build_extension, parse_extension
from websockets.typing import ExtensionName

from feed.broadcast.deflate import KEYFRAME_EVERY
from feed.broadcast.deflated_lane import DeflatedLane
from feed.broadcast.lane import Lane
from feed.wire.compression import Compression
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
from tests.fakes.readers import TRANSPORTS, Reader
from tests.fakes.servers import Feed, Serve
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import PING, PONG
from tests.http.compressed import address, ids, publish_frames, subscribe

EACH = pytest.mark.parametrize("transport", TRANSPORTS)


def lane_of(feed: Feed, compression: Compression | None) -> Lane:
    """Return the one lane with trades that is compressed so."""
    (lane,) = (
        lane
        for lane in feed.hub.broadcast.lanes
        if lane.compression == compression and lane.payload.key.selection.symbols
    )
    return lane


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
    forgets = "client_no_context_takeover"
    assert (forgets in dict(parameters)) is offer[forgets], "gorilla gives up without its answer"
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
        f"{DEFLATE} " * 800,
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
        for _ in range(2):  # keepalives come between two of them
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
    assert inflate.decompress(b"".join(http.blocks)).count(b"\n:\n") >= 1


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
