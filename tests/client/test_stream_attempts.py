"""What a stream does about servers that are away, refuse, or are none: wait, give up, fall back."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from feed.client.errors import GaveUp, NotAFeed, Refused
from feed.client.events import Connected, Disconnected, Leaving, Mark
from feed.wire.transport import Transport
from tests.client.streams import TRANSPORTS, answer, event_of, ids_until, says, stream_of
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import Line, MiniFeed


async def test_refused_connections_back_off_up_to_thirty_seconds_and_start_over_with_data() -> None:
    clock = ManualClock()
    feed = MiniFeed()
    await feed.start()
    await feed.stop()
    async with stream_of(feed, transport="stream", clock=clock) as stream:
        waits = [(await event_of(stream, Disconnected)).retry_in_s for _ in range(7)]
        assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
        await feed.start()
        await stream.open()
        await feed.publish(1)
        await anext(stream)
        feed.cut()
        assert (await event_of(stream, Disconnected)).retry_in_s == 1.0
        await feed.stop()
    assert clock.slept_s[:6] == waits[:6]


async def test_retry_is_the_bound_of_the_first_wait(feed: MiniFeed) -> None:
    feed.retry_ms = 2500
    async with stream_of(feed, transport="sse") as stream:
        await stream.open()
        await feed.publish(1)
        await anext(stream)
        feed.cut()
        assert (await event_of(stream, Disconnected)).retry_in_s == 2.5


async def test_giving_up_tells_the_last_reason(feed: MiniFeed) -> None:
    await feed.stop()
    async with stream_of(feed, transport="websocket", give_up_after_s=20.0) as stream:
        with pytest.raises(GaveUp, match="Connection refused") as failure:
            await anext(stream)
        assert failure.value.tried_s == 15.0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stream_without_ticks_is_given_up_although_marks_come(
    feed: MiniFeed, transport: Any
) -> None:
    clock, mark = ManualClock(), {"T": "mark", "pos": feed.position(0)}
    async with stream_of(
        feed, transport=transport, clock=clock, heartbeat_s=100.0, give_up_after_s=20.0
    ) as stream:
        feed.after_opening.append(lambda line: line.message(mark, mark["pos"]))
        assert (await event_of(stream, Mark)).position == mark["pos"]
        waiting = asyncio.create_task(anext(stream))
        await clock.expire(20.0)
        with pytest.raises(GaveUp, match="brings no ticks"):
            await waiting


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
async def test_passing_trouble_is_retried(feed: MiniFeed, transport: Any, status: int) -> None:
    feed.answers += [answer(status), answer(status)]
    async with stream_of(feed, transport=transport) as stream:
        assert str(status) in (await event_of(stream, Disconnected)).reason
        await stream.open()
        await feed.publish(1)
        assert await ids_until(stream, 1) == [1]
        assert stream.counters.failures == 2


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_retry_after_is_waited_for(feed: MiniFeed, transport: Any) -> None:
    feed.answers.append(answer(503, **{"Retry-After": "7"}))
    async with stream_of(feed, transport=transport) as stream:
        assert (await event_of(stream, Disconnected)).retry_in_s == 8.0


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_server_that_leaves_is_left_alone_for_exactly_as_long_as_it_said(
    feed: MiniFeed, transport: Any
) -> None:
    async def leave(line: Line) -> None:
        await line.message({"T": "leaving", "retry_ms": 12_345})

    feed.after_opening.append(leave)
    clock = ManualClock()
    async with stream_of(feed, transport=transport, clock=clock) as stream:
        assert await event_of(stream, Leaving) == Leaving(12.345)
        feed.after_opening.clear()
        feed.cut()
        assert (await event_of(stream, Disconnected)).retry_in_s == 12.345
        await stream.open()
        assert clock.slept_s == [12.345]
        feed.cut()
        assert (await event_of(stream, Disconnected)).retry_in_s == 1.0, "it was said once"


async def test_a_newcomer_that_a_leaving_websocket_does_not_let_in_stays_away_as_told(
    feed: MiniFeed,
) -> None:
    feed.answers.append(says(CONNECTED, '[{"T":"leaving","retry_ms":4000}]'))
    async with stream_of(feed, transport="websocket") as stream:
        lost = await event_of(stream, Disconnected)
        assert (lost.reason, lost.retry_in_s) == ("the server leaves", 4.0)


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("retry_ms", [None, -1, "5", 1.5, True])
async def test_leaving_without_a_time_breaks_the_protocol(
    feed: MiniFeed, transport: Any, retry_ms: Any
) -> None:
    async def leave(line: Line) -> None:
        await line.message({"T": "leaving", "retry_ms": retry_ms})

    feed.after_opening.append(leave)
    async with stream_of(feed, transport=transport) as stream:
        assert "leaving has retry_ms" in (await event_of(stream, Disconnected)).reason


@pytest.mark.parametrize("transport", ["stream", "sse"])
async def test_a_problem_document_is_raised_with_its_detail(feed: MiniFeed, transport: Any) -> None:
    problem = '{"title":"Invalid parameter","detail":"after: \'x\' is not accepted"}'
    feed.answers.append(answer(400, problem, "application/problem+json"))
    async with stream_of(feed, transport=transport) as stream:
        with pytest.raises(Refused, match="after: 'x' is not accepted") as refusal:
            await anext(stream)
    assert (refusal.value.code, refusal.value.by_feed) == (400, True)
    assert len(feed.asked) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_refusal_is_raised_and_not_tried_again(feed: MiniFeed, transport: Any) -> None:
    feed.answers.append(answer(403, "<h1>no</h1>"))
    async with stream_of(feed, transport=transport) as stream:
        with pytest.raises(Refused, match="403"):
            await anext(stream)
    assert len(feed.asked) == 1


@pytest.mark.parametrize("transport", ["stream", "sse"])
async def test_a_page_is_no_feed(feed: MiniFeed, transport: Any) -> None:
    feed.answers.append(answer(200, "<html>Please log in"))
    async with stream_of(feed, transport=transport) as stream:
        with pytest.raises(NotAFeed, match=r"text/html.*Please log in"):
            await anext(stream)


async def test_a_page_in_place_of_a_websocket_is_refused(feed: MiniFeed) -> None:
    feed.answers.append(answer(200, "<html>Please log in"))
    async with stream_of(feed, transport="websocket") as stream:
        with pytest.raises(Refused, match="200"):
            await anext(stream)


async def test_auto_prefers_websocket(feed: MiniFeed) -> None:
    async with stream_of(feed) as stream:
        connected = await event_of(stream, Connected)
    assert (connected.transport, connected.fallbacks) == (Transport.WEBSOCKET, ())


async def test_auto_falls_back_in_order_and_says_why(feed: MiniFeed) -> None:
    feed.answers += [answer(426), answer(404)]
    async with stream_of(feed) as stream:
        connected = await event_of(stream, Connected)
        assert connected.transport is Transport.SSE
        websocket, stream_ = connected.fallbacks
        assert websocket.startswith("websocket: ")
        assert "426" in websocket
        assert stream_.startswith("stream: ")
        await feed.publish(1)
        assert await ids_until(stream, 1) == [1]
        feed.cut()
        assert (await event_of(stream, Connected)).transport is Transport.SSE
    assert [transport for transport, _ in feed.asked] == ["websocket", "stream", "sse", "sse"]


async def test_auto_raises_when_nothing_is_left(feed: MiniFeed) -> None:
    feed.answers += [answer(404), answer(404), answer(405)]
    async with stream_of(feed) as stream:
        with pytest.raises(Refused, match="/v1/sse refused with 405"):
            await anext(stream)


async def test_auto_leaves_a_transport_that_opens_and_never_speaks(feed: MiniFeed) -> None:
    clock = ManualClock()

    async def swallow(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    feed.answers.append(swallow)
    async with stream_of(feed, clock=clock) as stream:
        opening = asyncio.create_task(event_of(stream, Connected))
        await feed.requests(1)
        await clock.expire(10.0)
        connected = await opening
    assert connected.transport is Transport.STREAM
    assert "no answer within 10 s" in connected.why


async def test_auto_stays_with_a_transport_that_worked_when_the_server_restarts(
    feed: MiniFeed,
) -> None:
    async with stream_of(feed) as stream:
        await stream.open()
        await feed.publish(1)
        await anext(stream)
        feed.answers += [answer(502), answer(503)]
        feed.cut()
        assert (await event_of(stream, Connected)).transport is Transport.WEBSOCKET
        assert stream.counters.failures == 3


CONNECTED = '[{"T":"success","msg":"connected"}]'


@pytest.mark.parametrize("code", [400, 401, 402, 404, 405, 409])
async def test_an_error_in_place_of_the_subscription_is_raised(feed: MiniFeed, code: int) -> None:
    error = f'[{{"T":"error","code":{code},"msg":"because"}}]'
    feed.answers.append(says(CONNECTED, error))
    async with stream_of(feed) as stream:
        with pytest.raises(Refused, match="because") as refusal:
            await anext(stream)
    assert refusal.value.code == code
    assert len(feed.asked) == 1  # nor was another transport tried


@pytest.mark.parametrize("code", [406, 407, 500])
async def test_an_error_that_may_pass_is_retried(feed: MiniFeed, code: int) -> None:
    error = f'[{{"T":"error","code":{code},"msg":"later"}}]'
    feed.answers.append(says(CONNECTED, error))
    async with stream_of(feed) as stream:
        assert "later" in (await event_of(stream, Disconnected)).reason
        assert (await event_of(stream, Connected)).transport is Transport.WEBSOCKET
