"""Slow subscribers go down a ladder, out loud, and take nobody with them."""

import asyncio

import orjson
import pytest

from feed.wire.disconnect import Reason
from tests.fakes.hand_clock import HandClock
from tests.fakes.messages import Message
from tests.fakes.patience import PATIENCE_S, repeat_until, until
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.servers import Feed, Paces, ScriptedSource, Serve, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE, WebSocketReader
from tests.fakes.wire import Ended

pytestmark = pytest.mark.long

EACH = pytest.mark.parametrize("transport", TRANSPORTS)
HIGH_WATER_BYTES = 8_192
SMALL = 4_096  # SO_RCVBUF
FOR_EVER_S = 600  # where slowness is not the matter, and the machine may be busy
LARGEST_FRAME_BYTES = 64 * 1024  # of what is published here
PATIENT = Paces(last_words_s=PATIENCE_S)  # whoever takes little at a time reads its last words


async def open_slow(feed: Feed, transport: str, **options: str) -> Reader:
    """Open a reader that takes little, and does not read yet."""
    reader = await open_reader(
        transport, (feed.host, feed.port), receive_buffer_bytes=SMALL, **options
    )
    await until(lambda: feed.hub.sessions and not feed.hub.audience.behind)
    return reader


async def publish_until_behind(feed: Feed, first: int = 1) -> int:
    """Publish until somebody is behind, or was; return the last number published."""
    for _ in repeat_until(lambda: feed.hub.audience.behind or feed.hub.ended):
        await feed.publish(*trades(first, first + 49))
        first += 50
    return first - 1


async def ids_up_to(reader: Reader, last: int) -> tuple[list[int], list[Message]]:
    """Read until a trade with this id; return the ids, and the messages between them."""
    ids: list[int] = []
    others: list[Message] = []
    in_snapshot = False
    while not ids or ids[-1] < last:
        messages, _ = await reader.read()
        for message in messages:
            if message["T"] == "snapshot":
                in_snapshot = message["state"] == "begin"
                others.append(message)
            elif message["T"] == "t" and not in_snapshot:
                ids.append(message["i"])
            elif message["T"] != "mark":
                others.append(message)
    return ids, others


async def last_words(reader: Reader) -> list[Message]:
    """Read until the server ends the connection; return the last messages."""
    last: list[Message] = []
    try:
        while True:
            last, _ = await reader.read()
    except Ended:
        return last


@EACH
async def test_a_paused_reader_delays_nobody_holds_little_and_is_complete_again(
    serve: Serve, transport: str
) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=FOR_EVER_S)
    slow = await open_slow(feed, transport)
    (slow_session,) = feed.hub.sessions.values()
    others = [await open_reader(name, (feed.host, feed.port)) for name in TRANSPORTS]
    await feed.sessions_reach(1 + len(others))
    held_bytes = 0
    for first in range(1, 10_001, 50):
        await feed.publish(*trades(first, first + 49))
        for other in others:  # each has it before anything else happens
            ids, _ = await ids_up_to(other, first + 49)
            assert ids == list(range(first, first + 50))
        held_bytes = max(held_bytes, slow_session.connection.buffered_bytes())
    assert list(feed.hub.audience.behind) == [slow_session.subscriber]
    assert HIGH_WATER_BYTES < held_bytes <= HIGH_WATER_BYTES + LARGEST_FRAME_BYTES
    ids, between = await ids_up_to(slow, 10_000)
    assert ids == list(range(1, 10_001))
    assert between == []
    await until(lambda: not feed.hub.audience.behind)
    assert feed.hub.audience.ladder.paused >= 1
    assert feed.hub.audience.ladder.caught_up == feed.hub.audience.ladder.paused
    assert feed.hub.audience.ladder.gap == 0


@EACH
async def test_an_overrun_reader_is_told_one_gap_then_the_state_then_goes_on(
    serve: Serve, transport: str
) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, ring=1_024, slow_timeout_s=FOR_EVER_S)
    slow = await open_slow(feed, transport)
    published = await publish_until_behind(feed)
    for first in range(published + 1, published + 2_001, 50):
        await feed.publish(*trades(first, first + 49))
    published += 2_000
    reading = asyncio.create_task(ids_up_to(slow, published + 1))
    await until(lambda: not feed.hub.audience.behind)
    await feed.publish(*trades(published + 1, published + 1))
    ids, others = await reading
    gap, begin, state, end = others
    missing_from = ids[ids.index(published + 1) - 1] + 1
    assert gap == {
        "T": "gap",
        "from": feed.position(missing_from),
        "to": feed.position(published),
        "reason": "overrun",
    }
    assert ids == [*range(1, missing_from), published + 1]
    assert (begin["T"], begin["state"]) == ("snapshot", "begin")
    assert (state["T"], state["i"]) == ("t", published)
    assert end == {"T": "snapshot", "state": "end", "pos": feed.position(published)}
    assert (feed.hub.audience.ladder.gap, feed.hub.audience.ladder.overruns) == (1, 1)
    assert feed.hub.audience.ladder.gap_ticks == published - missing_from + 1


@EACH
async def test_on_lag_disconnect_says_so_and_lets_go(serve: Serve, transport: str) -> None:
    feed = await serve(
        paces=PATIENT, high_water_bytes=HIGH_WATER_BYTES, ring=1_024, slow_timeout_s=FOR_EVER_S
    )
    slow = await open_slow(feed, transport, on_lag="disconnect")
    published = await publish_until_behind(feed)
    for first in range(published + 1, published + 2_001, 50):
        await feed.publish(*trades(first, first + 49))
    last = await last_words(slow)
    await until(lambda: not feed.hub.sessions)
    assert dict(feed.hub.ended) == {Reason.LAGGING: 1}
    assert feed.hub.audience.ladder.lagging == 1
    if isinstance(slow, WebSocketReader):
        assert (last[0]["T"], last[0]["code"]) == ("error", 407)
        assert "on_lag" in last[0]["msg"]
        assert slow.frames[-1].close_code == 1013
        slow.send_frame(CLOSE, slow.frames[-1].data[:2])
        assert await slow.wire.rest() == b"", "nothing follows a Close frame"
    else:
        assert (last[0]["T"], last[0]["reason"], last[0]["reconnect"]) == ("bye", "lagging", True)


@EACH
async def test_a_reader_that_takes_nothing_for_too_long_is_cut_off(
    serve: Serve, transport: str
) -> None:
    feed = await serve(
        paces={"last_words_s": 0.1}, high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=0.2
    )
    slow = await open_slow(feed, transport)
    (session,) = feed.hub.sessions.values()
    await publish_until_behind(feed)
    await until(lambda: not feed.hub.sessions)
    assert dict(feed.hub.ended) == {Reason.SLOW: 1}
    assert feed.hub.audience.ladder.slow == 1
    # It never reads its last words, so the connection is aborted, and what was held is dropped.
    await until(lambda: session.connection.closing and not session.connection.buffered_bytes())
    await last_words(slow)


async def test_a_slow_websocket_that_reads_at_last_hears_407_and_close_and_nothing_after(
    serve: Serve,
) -> None:
    feed = await serve(paces=PATIENT, high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=0.2)
    slow = await open_slow(feed, "websocket-json")
    assert isinstance(slow, WebSocketReader)
    published = await publish_until_behind(feed)
    await until(lambda: feed.hub.ended)
    slow.say({"action": "subscribe", "quotes": ["*"]})
    await feed.publish(*trades(published + 1, published + 50))
    while (frame := await slow.frame()).opcode != CLOSE:
        pass
    assert frame.close_code == 1013
    (error,) = orjson.loads(slow.frames[-2].data)
    assert (error["T"], error["code"]) == ("error", 407)
    slow.send_frame(CLOSE, frame.data[:2])
    assert await slow.wire.rest() == b""


async def test_a_slow_event_source_that_reads_at_last_hears_bye(serve: Serve) -> None:
    feed = await serve(paces=PATIENT, high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=0.2)
    slow = await open_slow(feed, "sse-json")
    assert isinstance(slow, SseReader)
    await publish_until_behind(feed)
    await until(lambda: feed.hub.ended)
    while (event := await slow.event()).name == "message":
        pass
    assert event.name == "bye"
    assert orjson.loads(event.data)["reason"] == "slow"
    with pytest.raises(Ended):
        await slow.event()


async def test_lag_max_ticks_is_a_shorter_leash_than_the_ring(serve: Serve) -> None:
    feed = await serve(
        high_water_bytes=HIGH_WATER_BYTES, lag_max_ticks=500, slow_timeout_s=FOR_EVER_S
    )
    slow = await open_slow(feed, "stream-json")
    published = await publish_until_behind(feed)
    for first in range(published + 1, published + 1_001, 50):
        await feed.publish(*trades(first, first + 49))
    published += 1_000
    reading = asyncio.create_task(ids_up_to(slow, published + 1))
    await until(lambda: not feed.hub.audience.behind)
    await feed.publish(*trades(published + 1, published + 1))
    ids, others = await reading
    missing_from = ids[-2] + 1
    assert others[0] == {
        "T": "gap",
        "from": feed.position(missing_from),
        "to": feed.position(published),
        "reason": "overrun",
    }
    assert ids == [*range(1, missing_from), published + 1]


async def test_a_source_that_can_wait_waits_and_then_nothing_is_lost(serve: Serve) -> None:
    source = ScriptedSource(can_wait=True)
    # Only the ring limits the lag of those who are waited for.
    feed = await serve(
        source,
        high_water_bytes=HIGH_WATER_BYTES,
        ring=1_024,
        lag_max_ticks=100,
        slow_timeout_s=FOR_EVER_S,
    )
    slow = await open_slow(feed, "websocket-json")
    other = await open_reader("sse-msgpack", (feed.host, feed.port))
    await feed.sessions_reach(2)

    async def publish() -> None:
        for first in range(1, 10_001, 250):
            await source.publish(trades(first, first + 249))

    publishing = asyncio.create_task(publish())
    hearing = asyncio.create_task(ids_up_to(other, 10_000))
    await until(lambda: feed.strand.waits)
    stopped_at = feed.hub.broadcast.ring.newest
    assert stopped_at < 10_000
    assert (await ids_up_to(slow, 10_000)) == (list(range(1, 10_001)), [])
    assert (await hearing) == (list(range(1, 10_001)), [])
    await publishing
    assert feed.hub.audience.ladder.gap == 0


async def test_production_goes_on_when_the_one_it_waits_for_leaves(serve: Serve) -> None:
    source = ScriptedSource(can_wait=True)
    feed = await serve(
        source, high_water_bytes=HIGH_WATER_BYTES, ring=1_024, slow_timeout_s=FOR_EVER_S
    )
    slow = await open_slow(feed, "websocket-json")

    async def publish() -> None:
        for first in range(1, 10_001, 250):
            await source.publish(trades(first, first + 249))

    publishing = asyncio.create_task(publish())
    await until(lambda: feed.strand.waits)
    assert not publishing.done()
    slow.abort()
    await publishing


async def test_production_goes_on_when_the_one_it_waits_for_is_too_slow(serve: Serve) -> None:
    source, clock = ScriptedSource(can_wait=True), HandClock()
    feed = await serve(
        source,
        clock=clock.clock,
        high_water_bytes=HIGH_WATER_BYTES,
        ring=1_024,
        slow_timeout_s=0.2,
    )
    await open_slow(feed, "stream-msgpack")

    async def publish() -> None:
        for first in range(1, 10_001, 250):
            await source.publish(trades(first, first + 249))

    publishing = asyncio.create_task(publish())
    await until(lambda: feed.strand.waits)
    assert not feed.hub.ended
    await clock.pass_until(publishing.done)
    await publishing
    assert dict(feed.hub.ended) == {Reason.SLOW: 1}


async def test_a_paused_websocket_is_not_pinged_to_death(serve: Serve) -> None:
    clock = HandClock()
    feed = await serve(
        clock=clock.clock,
        high_water_bytes=HIGH_WATER_BYTES,
        ping_interval_s=0.02,
        pong_timeout_s=0.25,
        slow_timeout_s=FOR_EVER_S,
    )
    slow = await open_slow(feed, "websocket-json")
    published = await publish_until_behind(feed)
    beats = 0

    def beat(now_ns: int) -> None:
        nonlocal beats
        beats += 1
        original(now_ns)
        clock.pass_s(0.05)

    (session,) = feed.hub.sessions.values()
    original, session.beat = session.beat, beat
    await until(lambda: beats > 20)  # four times what a live one would have survived
    session.beat = original
    assert not feed.hub.ended
    ids, _ = await ids_up_to(slow, published)
    assert ids == list(range(1, published + 1))
