"""Who has no position is told where it begins, so that it misses nothing when it is cut off."""

import asyncio
from itertools import pairwise

import pytest

from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader, open_unread, read_beginning
from tests.fakes.servers import Feed, Serve, trade, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import WebSocketReader

EACH = pytest.mark.parametrize("transport", TRANSPORTS)
ONE_AND_THE_NEXT = pytest.mark.parametrize(
    ("transport", "other"), [*pairwise([*TRANSPORTS, TRANSPORTS[0]])]
)


def address(feed: Feed) -> tuple[str, int]:
    return feed.host, feed.port


async def first_kinds(reader: Reader) -> list[str]:
    """Return what the first messages are."""
    messages, _ = await reader.read()
    return [message["T"] for message in messages]


async def ids(reader: Reader, count: int) -> list[int]:
    got: list[int] = []
    while len(got) < count:
        messages, _ = await reader.read()
        got += [message["i"] for message in messages if message["T"] != "mark"]
    return got


@ONE_AND_THE_NEXT
async def test_who_is_cut_off_before_any_tick_misses_none(
    serve: Serve, transport: str, other: str
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    reader = await open_unread(transport, address(feed))
    begins = await read_beginning(reader)
    assert begins == feed.position(3)
    reader.abort()
    await feed.sessions_reach(0)
    await feed.publish(*trades(4, 5))
    reader = await open_unread(other, address(feed), after=begins)
    await feed.sessions_reach(1)
    await feed.publish(*trades(6, 7))
    assert await ids(reader, 4) == [4, 5, 6, 7]


@EACH
async def test_the_beginning_of_an_empty_ring_is_a_position_too(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    reader = await open_unread(transport, address(feed))
    begins = await read_beginning(reader)
    assert begins == feed.position(0)
    await feed.publish(*trades(1, 2))
    assert await ids(reader, 2) == [1, 2]
    reader = await open_unread(transport, address(feed), after=begins)
    assert await ids(reader, 2) == [1, 2]


async def test_where_it_begins_is_exact_while_ticks_come(serve: Serve) -> None:
    feed = await serve(batch_ms=5)  # so that some ticks are in the ring and not cut yet
    coming = 3 * len(TRANSPORTS)
    last: int | None = None
    began = []

    async def come(transport: str, other: str) -> None:
        """Begin, and let somebody else begin at that position: both hear all from there on."""
        nonlocal coming
        reader = await open_unread(transport, address(feed))
        begins = await read_beginning(reader)
        sequence = int(begins.partition("-")[2])
        began.append(sequence)
        successor = await open_unread(other, address(feed), after=begins)
        coming -= 1
        await asyncio.gather(hear(reader, sequence + 1), hear(successor, sequence + 1))

    async def hear(reader: Reader, due: int) -> None:
        while last is None or due <= last:
            for number in await ids(reader, 1):
                assert number == due
                due += 1

    async def publish() -> None:
        nonlocal last
        number = 0
        while coming:
            number += 1
            await feed.source.publish([trade(number)])
            await asyncio.sleep(0)
        last = number + 1
        await feed.source.publish([trade(last)])

    async with asyncio.TaskGroup() as group:
        group.create_task(publish())
        for transport, other in 3 * list(pairwise([*TRANSPORTS, TRANSPORTS[0]])):
            group.create_task(come(transport, other))
    assert len(set(began)) > 1, "ticks came meanwhile"


# Who is told something else instead.


@EACH
async def test_who_brings_a_position_is_told_none(serve: Serve, transport: str) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    reader = await open_unread(transport, address(feed), after=feed.position(3))
    await feed.sessions_reach(1)
    await feed.publish(trade(4))
    assert (await first_kinds(reader))[0] == "t"


@pytest.mark.parametrize("after", [0, 3])
async def test_who_brings_a_position_to_sse_in_its_url_is_told_none(
    serve: Serve, after: int
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    query = f"trades=*&after={feed.position(after)}"
    reader = SseReader(await RawHttp.get(address(feed), f"/v1/sse?{query}"))
    await feed.sessions_reach(1)
    await feed.publish(trade(4))
    assert await first_kinds(reader) == ["t"] * (3 if after == 0 else 1)


async def test_an_empty_last_event_id_is_no_position(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    http = await RawHttp.get(address(feed), "/v1/sse?trades=*", {"Last-Event-ID": ""})
    assert await read_beginning(SseReader(http)) == feed.position(3)


@EACH
async def test_the_end_of_a_snapshot_tells_it_to_whom_asked_for_one(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    wish = True if transport.startswith("websocket") else "1"
    reader = await open_unread(transport, address(feed), snapshot=wish)
    read = [await reader.read() for _ in range(3)]
    assert [message["T"] for messages, _ in read for message in messages] == [
        *("snapshot", "t", "snapshot")
    ]
    assert [position for _, position in read] == [None, None, feed.position(3)]
    await feed.publish(trade(4))
    assert (await first_kinds(reader))[0] == "t"


@pytest.mark.parametrize("codec", ["json", "msgpack", "protobuf"])
async def test_a_stream_without_marks_begins_with_ticks(serve: Serve, codec: str) -> None:
    feed = await serve()
    reader = await open_unread(f"stream-{codec}", address(feed), marks="0")
    await feed.sessions_reach(1)
    await feed.publish(trade(1))
    assert await first_kinds(reader) == ["t"]


async def test_a_websocket_is_told_where_it_begins_while_it_wants_marks(serve: Serve) -> None:
    feed = await serve()
    reader = await WebSocketReader.connect(address(feed))
    await reader.begin()
    await reader.subscribe(trades=["AAPL"])
    await feed.publish(trade(1))
    assert await first_kinds(reader) == ["t"]
    await reader.subscribe(marks=True)
    assert await read_beginning(reader) == feed.position(1)
    await feed.publish(trade(2))
    assert await first_kinds(reader) == ["t", "mark"]
    await reader.subscribe(trades=["MSFT"])  # each time: it begins here for what is new
    assert await read_beginning(reader) == feed.position(2)
    await reader.subscribe(marks=False)
    await feed.publish(trade(3))
    assert await first_kinds(reader) == ["t"]


async def test_who_is_refused_is_told_goodbye_and_no_position(serve: Serve) -> None:
    feed = await serve(max_connections=1)
    await open_reader("sse-json", address(feed))
    for transport in ("sse-json", "stream-json"):
        assert await first_kinds(await open_unread(transport, address(feed))) == ["bye"]
