"""An identity that ends: another token is asked for, and shown, and the stream goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from feed.client.errors import Expired
from feed.client.events import (
    Batch,
    Connected,
    Disconnected,
    Expiring,
    Notice,
    Refreshed,
    TokenFailed,
    Unknown,
)
from feed.client.papers import TOKEN_TIMEOUT_S
from feed.client.renewal import NOTICE_S, left_s
from tests.client.objects import ids_of
from tests.client.streams import TRANSPORTS, event_of, ids_until, says, stream_of
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import Line, MiniFeed

EXPIRING = {"T": "expiring", "t": "1970-01-01T00:00:30.000000000Z", "msg": "soon"}


NOT_NOW = {"T": "error", "code": 403, "msg": "already authenticated, until that ends: …"}


class Tokens:
    """A function that returns tokens, and fails as it is told.

    Attributes:
        given: how many it was asked for.
        fails: called at each time but the first; what it raises is the answer.
    """

    def __init__(self, fails: Callable[[], None] = lambda: None) -> None:
        self.given = 0
        self.fails = fails

    async def __call__(self) -> str:
        self.given += 1
        if self.given > 1:
            self.fails()
        return f"a.b.{self.given}"


async def expire(line: Line) -> None:
    await line.message(dict(EXPIRING))


async def test_a_websocket_shows_another_token_and_goes_on_as_it_is(feed: MiniFeed) -> None:
    feed.after_opening.append(expire)
    async with stream_of(feed, transport="websocket", token=Tokens()) as stream:
        await stream.open()
        await feed.publish(3)
        assert await event_of(stream, Refreshed) == Refreshed()
        await feed.publish(3)
        assert (await ids_until(stream, 6))[-1] == 6
    actions = [(asked["action"], asked.get("token")) for _, asked in feed.asked]
    assert actions == [("auth", "a.b.1"), ("subscribe", None), ("auth", "a.b.2")]
    assert (stream.counters.connects, stream.counters.failures) == (1, 0)


@pytest.mark.parametrize("transport", ["stream", "sse"])
async def test_other_transports_come_back_with_another_token_where_they_stood(
    feed: MiniFeed, transport: Any
) -> None:
    async def expire_amid_ticks(line: Line) -> None:
        await line.ticks(feed.trades[:2], "aaaa-2")
        await expire(line)

    await feed.publish(2)
    feed.after_opening.append(expire_amid_ticks)
    clock = ManualClock()
    ids: list[int] = []
    events = []
    async with stream_of(feed, transport=transport, token=Tokens(), clock=clock) as stream:
        await feed.publish(5)
        async for event in stream.events():
            events.append(type(event))
            ids += ids_of(event) if isinstance(event, Batch) else []
            if ids[-1:] == [7]:
                break
    assert ids == list(range(1, 8))
    assert events.count(Connected) == 2
    assert Disconnected not in events, "it was no failure, and not waited for"
    assert feed.authorizations == ["Bearer a.b.1", "Bearer a.b.2"]
    assert feed.asked[1][1]["Last-Event-ID" if transport == "sse" else "after"] == "aaaa-2"
    assert clock.slept_s == [NOTICE_S / 2], "clients of one server do not all ask at once"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_function_that_fails_is_told_and_asked_again(
    feed: MiniFeed, transport: Any
) -> None:
    answers = [OSError("away"), OSError("still away")]

    def fail() -> None:
        if answers:
            raise answers.pop(0)

    feed.after_opening.append(expire)
    clock = ManualClock()
    async with stream_of(feed, transport=transport, token=Tokens(fail), clock=clock) as stream:
        failures = [await event_of(stream, TokenFailed) for _ in range(2)]
        assert failures == [
            TokenFailed("there is no token: OSError: away", 1.0),
            TokenFailed("there is no token: OSError: still away", 2.0),
        ]
        found = Refreshed if transport == "websocket" else Connected
        await event_of(stream, found)
    assert clock.slept_s == [NOTICE_S / 2, 1.0, 2.0]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stream_says_why_it_stops_that_has_no_token_when_the_old_one_has_ended(
    feed: MiniFeed, transport: Any
) -> None:
    def fail() -> None:
        if tokens.given == 9:
            feed.cut()
        raise OSError("away")

    tokens = Tokens(fail)
    feed.after_opening.append(expire)
    async with stream_of(feed, transport=transport, token=tokens) as stream:
        with pytest.raises(Expired, match="has ended, and there is no token: OSError: away"):
            await event_of(stream, Refreshed)
        tokens.fails = lambda: None
        await event_of(stream, Connected)  # once there is a token, it may be gone on with


async def test_the_token_that_ends_is_not_another_one(feed: MiniFeed) -> None:
    feed.after_opening.append(expire)
    async with stream_of(feed, transport="sse", token=lambda: "a.b.c") as stream:
        failed = await event_of(stream, TokenFailed)
    assert failed.reason == "there is no token but the one that ends"


async def test_a_function_that_does_not_answer_delays_no_tick(feed: MiniFeed) -> None:
    clock = ManualClock()

    async def token() -> str:
        if not feed.asked:
            return "a.b.c"
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody sets it")

    feed.after_opening.append(expire)
    async with stream_of(feed, transport="websocket", token=token, clock=clock) as stream:
        await event_of(stream, Expiring)
        await clock.wait_until_armed(TOKEN_TIMEOUT_S)
        await feed.publish(2)
        assert await ids_until(stream, 2) == [1, 2]
        await clock.expire(TOKEN_TIMEOUT_S)
        failed = await event_of(stream, TokenFailed)
    assert failed.reason == "there is no token: no answer within 10 s"


async def test_a_token_of_another_identity_is_told_as_the_server_says_it(feed: MiniFeed) -> None:
    feed.refresh_answer = {"T": "error", "code": 403, "msg": "already authenticated"}
    feed.after_opening.append(expire)
    async with stream_of(feed, transport="websocket", token=Tokens()) as stream:
        assert (await event_of(stream, Notice)).code == 403


async def test_a_refresh_that_a_server_cannot_look_into_is_tried_again(feed: MiniFeed) -> None:
    answer, feed.refresh_answer = feed.refresh_answer, dict(NOT_NOW)
    feed.after_opening.append(expire)
    tokens, clock = Tokens(), ManualClock()
    async with stream_of(feed, transport="websocket", token=tokens, clock=clock) as stream:
        assert (await event_of(stream, Notice)).code == 403
        feed.refresh_answer = answer
        await event_of(stream, Refreshed)
        given = tokens.given
        await feed.publish(2)
        assert await ids_until(stream, 2) == [1, 2]
    assert (tokens.given, stream.counters.connects) == (given, 1)
    shown = [asked["token"] for _, asked in feed.asked if asked["action"] == "auth"]
    assert shown == [f"a.b.{number}" for number in range(1, given + 1)]
    assert given >= 3
    assert clock.slept_s[:2] == [NOTICE_S / 2, NOTICE_S / 4], "by what is left each time"


async def test_an_identity_that_ends_at_once_is_told_before_the_subscription(
    feed: MiniFeed,
) -> None:
    expiring = '[{"T":"expiring","t":"1970-01-01T00:00:05Z","msg":"soon"}]'
    greeting = '[{"T":"success","msg":"connected"}]'
    subscribed = '[{"T":"subscription","trades":["*"]},{"T":"mark","pos":"aaaa-0"}]'
    feed.answers.append(says(greeting, expiring, subscribed))
    async with stream_of(feed, transport="websocket") as stream:
        assert await event_of(stream, Expiring) == Expiring("1970-01-01T00:00:05Z", "soon")


async def test_a_success_of_another_kind_is_unknown(feed: MiniFeed) -> None:
    feed.refresh_answer = {"T": "success", "msg": "applauded"}
    feed.after_opening.append(expire)
    async with stream_of(feed, transport="websocket", token=Tokens()) as stream:
        assert (await event_of(stream, Unknown)).message == feed.refresh_answer


@pytest.mark.parametrize(
    ("time", "wall_s", "left"),
    [
        ("1970-01-01T00:01:00Z", 50, 10.0),
        ("1970-01-01T00:01:00Z", 70, 0.0),
        ("1970-01-01T00:01:00Z", 0, NOTICE_S),
        ("soon", 0, NOTICE_S),
        (None, 0, NOTICE_S),
    ],
)
def test_what_is_left_is_within_what_a_server_tells(
    time: str | None, wall_s: int, left: float
) -> None:
    assert left_s(Expiring(time, ""), wall_s * 10**9) == left
