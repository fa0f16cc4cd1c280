"""The stream against a server that is cut, restarted, silent, or no feed at all."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import msgpack
import pytest

from feed.client import connect
from feed.client.events import (
    Connected,
    Disconnected,
    Gap,
    Snapshot,
)
from feed.client.stream import Stream
from feed.client.ticks import Tick
from feed.errors import InvalidParameter
from tests.client.objects import ids_of
from tests.client.streams import TRANSPORTS, WAYS, event_of, ids_until, stream_of
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import Line, MiniFeed


@pytest.mark.parametrize(("transport", "codec"), WAYS)
async def test_every_tick_comes_once_in_order_with_its_position(
    feed: MiniFeed, transport: Any, codec: Any
) -> None:
    async with stream_of(feed, transport=transport, codec=codec) as stream:
        await stream.open()
        await feed.publish(30)
        assert await ids_until(stream, 30) == list(range(1, 31))
        assert stream.position == "aaaa-30"
        assert stream.transport == transport
        assert stream.counters.ticks == 30
        assert stream.counters.received_bytes > 30 * 20


async def test_a_tick_is_the_same_over_every_transport(feed: MiniFeed) -> None:
    await feed.publish(1)
    ticks: dict[str, list[Tick]] = {"json": [], "msgpack": []}
    for transport, codec in WAYS:
        async with stream_of(feed, transport=transport, codec=codec, after="0") as stream:
            ticks[codec] += await anext(stream)
    json, packed = ticks["json"], ticks["msgpack"]
    assert json == [json[0]] * 3
    assert packed == [packed[0]] * 3
    assert json[0]["t"] == "1970-01-01T00:00:01.000000001Z"
    assert packed[0]["t"] == msgpack.Timestamp(1, 1)
    assert packed[0] | {"t": 0} == json[0] | {"t": 0}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_cut_connection_goes_on_where_it_stood(feed: MiniFeed, transport: Any) -> None:
    async with stream_of(feed, transport=transport) as stream:
        await stream.open()
        await feed.publish(10)
        assert await ids_until(stream, 10) == list(range(1, 11))
        feed.cut()
        await feed.publish(10)
        assert await ids_until(stream, 20) == list(range(11, 21))
        assert stream.counters.reconnects == stream.counters.resumes == 1
        assert stream.counters.gaps == 0
    key = "Last-Event-ID" if transport == "sse" else "after"
    assert feed.asked[1][1][key] == "aaaa-10"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_random_cuts_lose_nothing_and_repeat_nothing(
    feed: MiniFeed, transport: Any, seed: int
) -> None:
    chance = random.Random(seed)
    feed.batch = 3
    ids: list[int] = []
    async with stream_of(feed, transport=transport) as stream:
        await stream.open()
        await feed.publish(5)
        while len(ids) < 400:
            ids += ids_of(await anext(stream))
            if chance.random() < 0.3:
                feed.cut()
            if chance.random() < 0.7:
                await feed.publish(chance.randrange(9))
            if len(feed.trades) <= len(ids):
                await feed.publish(1)
        assert stream.counters.reconnects > 5
    assert ids == list(range(1, len(ids) + 1))


async def test_a_position_goes_on_over_another_transport(feed: MiniFeed) -> None:
    await feed.publish(30)
    position, ids = "0", []
    for transport in (*TRANSPORTS, "websocket"):
        async with stream_of(feed, transport=transport, after=position) as stream:
            ids += ids_of(await anext(stream))
            assert stream.position is not None
            position = stream.position
    assert ids == list(range(1, 29))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_restarted_server_is_told_as_a_gap_and_mended_by_its_snapshot(
    feed: MiniFeed, transport: Any
) -> None:
    async with stream_of(feed, transport=transport) as stream:
        await stream.open()
        await feed.publish(4)
        await ids_until(stream, 4)
        await feed.stop()
        feed.epoch, feed.trades = "bbbb", feed.trades[:2]
        await feed.start()
        gap = await event_of(stream, Gap)
        assert gap == Gap("aaaa-4", "bbbb-2", "epoch")
        assert stream.position == "aaaa-4"
        begin = await event_of(stream, Snapshot)
        restated = await anext(stream)
        end = await event_of(stream, Snapshot)
        assert (begin.state, end.state) == ("begin", "end")
        assert restated.snapshot
        assert restated.gap == gap
        assert restated.position == "aaaa-4"
        assert stream.position == "bbbb-2"
        await feed.publish(1)
        live = await anext(stream)
        assert ids_of(live) == [3]
        assert (live.snapshot, live.gap) == (False, None)
        assert stream.counters.gaps == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_snapshot_that_is_cut_comes_again_whole(feed: MiniFeed, transport: Any) -> None:
    await feed.publish(3)

    async def half_a_snapshot(line: Line) -> None:
        await feed.snapshot(line, 3, whole=False)
        feed.cut()

    feed.after_opening.append(half_a_snapshot)
    async with stream_of(feed, transport=transport, snapshot=True) as stream:
        assert (await event_of(stream, Snapshot)).state == "begin"
        await event_of(stream, Disconnected)
        states = [(await event_of(stream, Snapshot)).state for _ in range(2)]
        assert states == ["begin", "end"]
        assert (stream.counters.snapshots, stream.counters.ticks) == (1, 0)
        assert stream.counters.snapshot_ticks == 2  # one of the first, one whole
        feed.cut()
        await feed.publish(1)
        assert await ids_until(stream, 4) == [4]
        assert stream.counters.ticks == 1
    assert "snapshot" not in feed.asked[2][1] or transport == "sse"


async def test_a_snapshot_beside_a_position_is_asked_for_until_it_was_whole(
    feed: MiniFeed,
) -> None:
    await feed.publish(3)

    async def cut_at_once(line: Line) -> None:
        del line
        feed.cut()

    feed.after_opening.append(cut_at_once)
    async with stream_of(feed, transport="sse", after="aaaa-2", snapshot=True) as stream:
        assert (await event_of(stream, Snapshot)).state == "begin"
    # With Last-Event-ID the server would send no snapshot.
    asked = {"trades": "*", "after": "aaaa-2", "snapshot": "1"}
    assert feed.asked == [("sse", asked), ("sse", asked)]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_gap_whose_snapshot_is_cut_is_told_again_and_counted_once(
    feed: MiniFeed, transport: Any
) -> None:
    async with stream_of(feed, transport=transport) as stream:
        await stream.open()
        await feed.publish(4)
        await ids_until(stream, 4)
        feed.oldest = 20

        async def gap_and_half_a_snapshot(line: Line) -> None:
            gap = {"T": "gap", "from": "aaaa-5", "to": "aaaa-24", "reason": "overrun"}
            await line.message(gap)
            await feed.snapshot(line, 24, whole=False)
            feed.cut()

        feed.after_opening.append(gap_and_half_a_snapshot)
        await feed.publish(20)
        feed.cut()
        first = await event_of(stream, Gap)
        await feed.publish(6)
        second = await event_of(stream, Gap)
        assert first == Gap("aaaa-5", "aaaa-24", "overrun")
        assert second == Gap("aaaa-5", "aaaa-30", "overrun", again=True)
        await event_of(stream, Snapshot)
        await event_of(stream, Snapshot)
        assert stream.position == "aaaa-30"
        assert stream.counters.gaps == 1
        assert stream.counters.missing == 26


async def test_a_connection_lost_before_any_position_is_told_as_a_gap(feed: MiniFeed) -> None:
    async with stream_of(feed, transport="websocket") as stream:
        await stream.open()
        feed.cut()
        assert await event_of(stream, Gap) == Gap(None, None, "no position")


async def test_a_server_that_does_not_tell_its_new_epoch_does_not_hide_the_hole(
    feed: MiniFeed,
) -> None:
    async with stream_of(feed, transport="sse") as stream:
        await stream.open()
        await feed.publish(2)
        await ids_until(stream, 2)
        feed.epoch = "bbbb"
        await feed.publish(1)
        batch = await anext(stream)
        assert batch.gap == Gap("aaaa-2", None, "epoch, untold")
        assert stream.position == "bbbb-3"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_silent_connection_is_dead_and_resumed(feed: MiniFeed, transport: Any) -> None:
    clock = ManualClock()
    async with stream_of(feed, transport=transport, clock=clock, heartbeat_s=15.0) as stream:
        await stream.open()
        await feed.publish(2)
        await ids_until(stream, 2)
        feed.mute = True
        await feed.publish(1)
        waiting = asyncio.create_task(event_of(stream, Disconnected))
        await clock.expire(15.0)
        assert "nothing came for 15 s" in (await waiting).reason
        assert stream.counters.silences == 1
        feed.mute = False
        await feed.publish(1)
        assert await ids_until(stream, 4) == [3, 4]


async def test_silence_adds_up_over_a_consumer_that_polls(feed: MiniFeed) -> None:
    clock = ManualClock()
    async with stream_of(feed, transport="websocket", clock=clock, heartbeat_s=15.0) as stream:
        await stream.open()
        await event_of(stream, Connected)
        for left_s in (15.0, 10.0):
            polling = asyncio.create_task(stream.next_event())
            await clock.wait_until_armed(left_s)
            clock.advance(5.0)
            polling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await polling
        last = asyncio.create_task(stream.next_event())
        await clock.expire(5.0)
        assert isinstance(await last, Disconnected)


async def test_a_message_of_a_mebibyte_comes_through(feed: MiniFeed) -> None:
    feed.batch = 20_000
    async with stream_of(feed, transport="websocket") as stream:
        await stream.open()
        await feed.publish(15_000)
        assert len(await anext(stream)) == 15_000
        assert stream.counters.received_bytes > 1 << 20


WRONG: list[tuple[Callable[[], Stream], str]] = [
    (lambda: connect("127.0.0.1:8080", trades="A"), "url"),
    (lambda: connect("ftp://x", trades="A"), "url"),
    (lambda: connect("http://x/v1/sse", trades="A"), "url"),
    (lambda: connect("http://x"), "symbols"),
    (lambda: connect("http://x", trades=["A?B"]), "trades"),
    (lambda: connect("http://x", trades="A", conflate={"foo": "1s"}), "conflate"),
    (lambda: connect("http://x", trades="A", after="yesterday"), "after"),
    (lambda: connect("http://x", trades="A", transport="tcp"), "transport"),  # type: ignore[arg-type]
    (lambda: connect("http://x", trades="A", codec="xml"), "codec"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("wrong", "parameter"), WRONG)
def test_a_wrong_argument_is_named_at_once(wrong: Callable[[], Stream], parameter: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        wrong()
    assert error.value.parameter == parameter
