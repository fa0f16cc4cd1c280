"""The stream against a server that is cut, restarted, silent, or no feed at all."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

import msgpack
import pytest
from aiohttp import web

from feed.client import connect
from feed.client.backoff import Backoff
from feed.client.errors import Malformed, Refused
from feed.client.events import (
    Batch,
    Bye,
    Connected,
    Disconnected,
    Gap,
    Mark,
    Notice,
    Snapshot,
    Unknown,
)
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.client.ticks import Tick
from feed.errors import InvalidParameter
from feed.market.ticks import Channel
from tests.client.objects import ids_of
from tests.client.streams import TRANSPORTS, WAYS, answer, event_of, ids_until, says, stream_of
from tests.client.test_backoff import longest
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


async def test_a_ping_is_answered_and_is_a_sign_of_life() -> None:
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def ping(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await socket.send_str('[{"T":"success","msg":"connected"}]')
        await socket.receive()
        await socket.send_str('[{"T":"subscription"}]')
        await socket.ping(b"abc")
        answered.set_result((await socket.receive()).data)
        await socket.send_str('[{"T":"mark","pos":"aaaa-1"}]')
        await socket.receive()
        return socket

    async with MiniFeed() as feed:
        feed.answers.append(ping)
        async with stream_of(feed, transport="websocket") as stream:
            assert (await event_of(stream, Mark)).position == "aaaa-1"
    assert await answered == b"abc"


CONNECTED = '[{"T":"success","msg":"connected"}]'
SUBSCRIBED = '[{"T":"subscription","trades":["*"]}]'


async def test_an_error_between_ticks_is_a_notice(feed: MiniFeed) -> None:
    error = '[{"T":"error","code":407,"msg":"slow client"}]'
    feed.answers.append(says(CONNECTED, SUBSCRIBED, error))
    async with stream_of(feed, transport="websocket") as stream:
        assert await event_of(stream, Notice) == Notice(407, "slow client")


async def test_the_end_of_a_permission_is_raised(feed: MiniFeed) -> None:
    error = '[{"T":"error","code":402,"msg":"auth failed"}]'
    feed.answers.append(says(CONNECTED, SUBSCRIBED, error))
    async with stream_of(feed, transport="websocket") as stream:
        with pytest.raises(Refused, match="auth failed"):
            await anext(stream)


async def test_ticks_in_one_message_with_the_acknowledgement_are_not_lost(feed: MiniFeed) -> None:
    together = '[{"T":"subscription"},{"T":"t","S":"A","i":1},{"T":"mark","pos":"aaaa-1"}]'
    feed.answers.append(says(CONNECTED, together))
    async with stream_of(feed, transport="websocket") as stream:
        assert await anext(stream) == [{"T": "t", "S": "A", "i": 1}]


async def test_a_key_is_sent_before_the_subscription(feed: MiniFeed) -> None:
    async with stream_of(feed, transport="websocket", key="me", secret="mine") as stream:
        await stream.open()
    assert feed.asked[0][1] == {"action": "auth", "key": "me", "secret": "mine"}
    assert feed.asked[1][1]["action"] == "subscribe"


async def test_a_key_goes_into_the_headers_of_http(feed: MiniFeed) -> None:
    headers: dict[str, str] = {}

    async def look(request: web.Request) -> web.Response:
        headers.update(request.headers)
        return web.Response(status=401)

    feed.answers.append(look)
    async with stream_of(feed, transport="sse", key="me", secret="mine") as stream:
        with pytest.raises(Refused):
            await stream.open()
    assert headers["APCA-API-KEY-ID"] == "me"
    assert headers["APCA-API-SECRET-KEY"] == "mine"


async def test_no_key_sends_no_auth(feed: MiniFeed) -> None:
    async with stream_of(feed, transport="websocket") as stream:
        await stream.open()
    assert [asked["action"] for _, asked in feed.asked] == ["subscribe"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_broken_bytes_are_counted_and_the_stream_goes_on_from_before_them(
    feed: MiniFeed, transport: Any
) -> None:
    async def break_the_protocol(line: Line) -> None:
        await line.message({"T": "mark", "pos": "no position"})

    async with stream_of(feed, transport=transport) as stream:
        await stream.open()
        await feed.publish(2)
        await ids_until(stream, 2)
        feed.after_opening.append(break_the_protocol)
        feed.cut()
        await feed.publish(1)
        assert await ids_until(stream, 3) == [3]
        assert stream.counters.malformed == 1


async def test_a_server_that_only_breaks_the_protocol_is_left(feed: MiniFeed) -> None:
    feed.answers.extend([answer(200, "rubbish\n", "application/x-ndjson")] * 9)
    async with stream_of(feed, transport="stream") as stream:
        with pytest.raises(Malformed, match=r"5 connections in a row.*not JSON"):
            await anext(stream)
        assert stream.counters.malformed == 5


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_unknown_kind_is_counted_told_and_passed_over(
    feed: MiniFeed, transport: Any
) -> None:
    async def say_something_new(line: Line) -> None:
        await line.message({"T": "new", "S": "AAPL"})

    feed.after_opening.append(say_something_new)
    async with stream_of(feed, transport=transport) as stream:
        assert await event_of(stream, Unknown) == Unknown({"T": "new", "S": "AAPL"})
        assert stream.counters.unknown == 1
        await feed.publish(1)
        assert await ids_until(stream, 1) == [1]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_goodbye_is_told(feed: MiniFeed, transport: Any) -> None:
    async def say_goodbye(line: Line) -> None:
        await line.message({"T": "bye", "reason": "shutdown", "msg": "come back"})

    feed.after_opening.append(say_goodbye)
    async with stream_of(feed, transport=transport) as stream:
        assert await event_of(stream, Bye) == Bye("shutdown", "come back")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_goodbye_for_good_is_raised(feed: MiniFeed, transport: Any) -> None:
    async def say_farewell(line: Line) -> None:
        bye = {"T": "bye", "reason": "auth_failed", "msg": "auth failed", "reconnect": False}
        await line.message(bye)

    feed.after_opening.append(say_farewell)
    async with stream_of(feed, transport=transport) as stream:
        with pytest.raises(Refused, match="refused: auth failed"):
            await anext(stream)


async def test_intervals_that_were_granted_are_told(feed: MiniFeed) -> None:
    granted = '[{"T":"subscription","conflate":{"trades":"500ms"}}]'
    feed.answers.append(says(CONNECTED, granted))
    trades = Subscription.of({Channel.TRADES: "*"}, {"trades": "300ms"})
    async with Stream(feed.url, trades, transport="websocket", clock=ManualClock()) as stream:
        connected = await event_of(stream, Connected)
    assert connected.conflate == {"trades": "500ms"}
    assert "conflated trades:500ms" in str(connected)
    assert feed.asked[0][0] == "websocket"


async def test_plain_iteration_logs_what_it_does_not_hand_out(
    feed: MiniFeed, caplog: pytest.LogCaptureFixture
) -> None:
    await feed.publish(9)
    feed.oldest = 6
    with caplog.at_level(logging.WARNING, "feed.client"):
        async with stream_of(feed, transport="websocket", after="aaaa-2") as stream:
            assert (await anext(stream)).gap == Gap("aaaa-3", "aaaa-9", "overrun")
    assert "gap: 7 sequences, aaaa-3 to aaaa-9 are missing (overrun)" in caplog.text


async def test_a_cancelled_wait_loses_nothing(feed: MiniFeed) -> None:
    async with stream_of(feed, transport="sse") as stream:
        await stream.open()
        ids: list[int] = []
        while len(ids) < 60:
            waiting = asyncio.create_task(anext(stream))
            for _ in range(len(ids) % 5):
                await asyncio.sleep(0)
            waiting.cancel()
            done = await asyncio.gather(waiting, return_exceptions=True)
            ids += [got for batch in done if isinstance(batch, Batch) for got in ids_of(batch)]
            await feed.publish(2)
            ids += ids_of(await anext(stream))
    assert ids == list(range(1, len(ids) + 1))


async def test_a_closed_stream_ends_its_iteration(feed: MiniFeed) -> None:
    stream = stream_of(feed)
    async with stream:
        await stream.open()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await feed.connections(0)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stream_closed_by_another_task_ends_its_iteration(
    feed: MiniFeed, transport: Any
) -> None:
    stream = stream_of(feed, transport=transport)
    await stream.open()
    consumer = asyncio.create_task(ids_until(stream, 1))
    await asyncio.sleep(0)
    await stream.close()
    with pytest.raises(AssertionError, match="the stream ended"):
        await consumer
    await feed.connections(0)


async def test_a_stream_closed_while_it_waits_to_come_back_ends_at_once(feed: MiniFeed) -> None:
    await feed.stop()
    backoff = Backoff(longest)
    backoff.ask(3600)
    trades = Subscription.of({Channel.TRADES: "*"})
    stream = Stream(feed.url, trades, transport="websocket", backoff=backoff)
    await event_of(stream, Disconnected)
    consumer = asyncio.create_task(stream.next_event())
    await asyncio.sleep(0)
    await stream.close()
    assert await consumer is None


async def test_a_consumer_that_is_cancelled_as_the_stream_closes_is_cancelled(
    feed: MiniFeed,
) -> None:
    stream = stream_of(feed)
    await stream.open()
    await event_of(stream, Connected)
    consumer = asyncio.create_task(stream.next_event())
    await asyncio.sleep(0)
    consumer.cancel()
    await stream.close()
    with pytest.raises(asyncio.CancelledError):
        await consumer


async def test_a_second_consumer_is_refused(feed: MiniFeed) -> None:
    async with stream_of(feed) as stream:
        await stream.open()
        await event_of(stream, Connected)
        first = asyncio.create_task(stream.next_event())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one consumer"):
            await stream.next_event()
        await feed.publish(1)
        assert isinstance(await first, Batch)


async def test_an_unknown_kind_is_logged_once(
    feed: MiniFeed, caplog: pytest.LogCaptureFixture
) -> None:
    async def say_something_new_twice(line: Line) -> None:
        await line.message({"T": "new"})
        await line.message({"T": "new"})

    feed.after_opening.append(say_something_new_twice)
    with caplog.at_level(logging.WARNING, "feed.client"):
        async with stream_of(feed) as stream:
            await stream.open()
            await feed.publish(1)
            await anext(stream)
    assert caplog.text.count("unknown kind 'new'") == 1
    assert stream.counters.unknown == 2


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
