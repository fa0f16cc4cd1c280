"""What a server says beside its ticks, well and badly, and what the stream makes of it."""

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import web

from feed.client.errors import Malformed, Refused
from feed.client.events import (
    Bye,
    Connected,
    Gap,
    Mark,
    Notice,
    Unknown,
)
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.ticks import Channel
from tests.client.streams import TRANSPORTS, answer, event_of, ids_until, says, stream_of
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import Line, MiniFeed


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


@pytest.mark.parametrize("secret", [None, "fs_mine"])
async def test_a_key_may_be_written_with_its_secret(feed: MiniFeed, secret: str | None) -> None:
    key = "fk_me" if secret else "fk_me.fs_mine"
    async with stream_of(feed, transport="websocket", key=key, secret=secret) as stream:
        await stream.open()
    assert feed.asked[0][1] == {"action": "auth", "key": "fk_me", "secret": "fs_mine"}


@pytest.mark.parametrize("transport", ["websocket", "sse"])
async def test_a_token_is_asked_for_anew_for_each_connection(
    feed: MiniFeed, transport: Any
) -> None:
    given: list[str] = []
    seen: list[str | None] = []

    async def next_token() -> str:
        given.append(f"a.b.{len(given)}")
        return given[-1]

    async def refuse(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        return web.Response(status=503)

    feed.answers += [refuse, refuse]
    async with stream_of(feed, transport=transport, token=next_token) as stream:
        await stream.open()
    assert given == ["a.b.0", "a.b.1", "a.b.2"]
    if transport == "sse":
        assert seen == ["Bearer a.b.0", "Bearer a.b.1"]
    else:
        assert {"action": "auth", "token": "a.b.2"} in [asked for _, asked in feed.asked]


async def test_a_key_that_is_a_token_is_sent_as_one(feed: MiniFeed) -> None:
    async with stream_of(feed, transport="websocket", key="e30.e30.sig") as stream:
        await stream.open()
    assert feed.asked[0][1] == {"action": "auth", "token": "e30.e30.sig"}


async def test_a_function_that_has_no_token_is_asked_again(feed: MiniFeed) -> None:
    answers: list[Any] = [OSError("away"), "", 7, "e30.e30.sig"]

    def next_token() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with stream_of(feed, transport="websocket", token=next_token) as stream:
        await stream.open()
        events = [await stream.next_event() for _ in range(3)]
    assert [str(event).count("there is no token") for event in events] == [1, 1, 1]
    assert "away" in str(events[0])
    assert feed.asked[0][1] == {"action": "auth", "token": "e30.e30.sig"}


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
