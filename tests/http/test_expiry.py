"""The end of an identity: told before, kept off by `auth` again, and kept to."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from feed.client.events import Batch, Connected, Expiring, Refreshed
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.hub.steps import Step
from feed.market.ticks import Channel
from feed.trust.tokens import LEEWAY_S
from feed.wire.disconnect import Reason
from feed.wire.rfc3339 import rfc3339
from tests.client.objects import ids_of
from tests.fakes.clocks import ManualClock
from tests.fakes.deflated_readers import GzipHttp
from tests.fakes.hand_clock import HandClock
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE
from tests.fakes.wire import Ended
from tests.http.talk import connect
from tests.trust.signing import ISSUER, SECRET, signer

SECOND = 1_000_000_000
Start = Callable[[], Any]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def feed(serve: Serve, clock: HandClock, tmp_path: Path) -> Feed:
    (tmp_path / "secret").write_bytes(SECRET)
    return await serve(
        clock=clock.clock,
        jwt_issuer=ISSUER,
        jwt_keys=str(tmp_path / "secret"),
        auth_timeout_s=0.08,  # housekeeping is as frequent as that needs
    )


def token(clock: HandClock, lives_s: int, subject: str = "ann") -> str:
    """Return a token that is accepted for so many seconds."""
    end_s = clock.wall_ns // SECOND + lives_s - LEEWAY_S
    return signer("HS256").token(exp=end_s, feed={}, sub=subject)


def notice(clock: HandClock, lives_s: int) -> Message:
    words = "the identity ends then, and the connection with it; auth again keeps both"
    return {"T": "expiring", "t": rfc3339(clock.wall_ns + lives_s * SECOND), "msg": words}


async def test_a_websocket_is_told_and_stays_if_it_shows_who_it_is_again(
    feed: Feed, clock: HandClock
) -> None:
    reader = await connect(feed)
    reader.say({"action": "auth", "token": token(clock, 60)})
    await reader.message()
    await reader.subscribe(trades=["AAPL"])
    [session] = feed.hub.sessions.values()
    lane = session.subscriber.lane
    clock.step_s(31)
    assert await reader.message() == notice(clock, 29)
    reader.say({"action": "auth", "token": token(clock, 3600)})
    assert await reader.message() == {"T": "success", "msg": "authenticated"}
    clock.step_s(3_000)
    await feed.publish(trade(1))
    assert [tick["i"] for tick in (await reader.read())[0]] == [1], "nothing else was told"
    assert session.subscriber.lane is lane
    clock.step_s(580)
    assert await reader.message() == notice(clock, 20), "it is told of the new end, once"
    clock.step_s(20)
    close = await reader.frame()
    assert (close.opcode, close.close_code) == (CLOSE, 1008)
    assert feed.hub.ended == {Reason.EXPIRED: 1}


async def test_another_identity_does_not_keep_it(feed: Feed, clock: HandClock) -> None:
    reader = await connect(feed)
    reader.say({"action": "auth", "token": token(clock, 60)})
    await reader.message()
    reader.say({"action": "auth", "token": token(clock, 3_600, "bob")})
    assert (await reader.message())["code"] == 403
    clock.step_s(60)
    assert (await reader.frame()).opcode == CLOSE


async def test_a_refresh_may_not_wait_and_an_end_is_not_told_twice(
    feed: Feed, clock: HandClock
) -> None:
    reader = await connect(feed)
    reader.say({"action": "auth", "token": token(clock, 20)})
    await reader.message()
    assert await reader.message() == notice(clock, 20), "what ends within 30 s is told at once"
    await reader.subscribe(trades=["AAPL"])
    clock.step_s(10)
    await feed.publish(trade(1))
    assert (await reader.message())["T"] == "t"


@pytest.mark.parametrize("marks", [False, True])
async def test_on_the_dialects_paths_it_is_told_to_whoever_knows_such_messages(
    feed: Feed, clock: HandClock, marks: bool
) -> None:
    """The SDK for Go takes whatever follows `authenticated` for the answer to its `subscribe`."""
    reader = await connect(feed, path="/v2/iex")
    reader.say({"action": "auth", "token": token(clock, 20)})
    await reader.message()
    looks = feed.hub.steps.lengths[Step.HOUSEKEEPING]
    before = looks.count
    await until(lambda: looks.count > before + 9)
    reader.say({"action": "subscribe", "trades": ["AAPL"], "marks": marks})
    assert (await reader.message())["T"] == "subscription"
    if marks:
        while (told := await reader.message())["T"] == "mark":
            pass
        assert told == notice(clock, 20)
    clock.step_s(20)
    assert (await reader.frame()).close_code == 1008


@pytest.mark.parametrize("codec", ["json", "protobuf"])
async def test_an_event_stream_is_told_and_may_come_back(
    feed: Feed, clock: HandClock, codec: str
) -> None:
    bearer = {"Authorization": f"Bearer {token(clock, 60)}"}
    path = f"/v1/sse?trades=*&codec={codec}"
    reader = SseReader(await RawHttp.get((feed.host, feed.port), path, bearer))
    await feed.sessions_reach(1)
    clock.step_s(35)
    event = await reader.event()
    while event.name == "mark":
        event = await reader.event()
    assert (event.name, orjson.loads(event.data)) == ("expiring", notice(clock, 25))
    clock.step_s(25)
    event = await reader.event()
    bye = orjson.loads(event.data)
    assert (event.name, bye["reason"], bye["reconnect"]) == ("bye", "expired", True)
    await until(lambda: not feed.hub.sessions)
    assert (await RawHttp.get((feed.host, feed.port), path, bearer)).status == 401


async def next_of(stream: Stream, kind: type, ids: list[int]) -> None:
    """Wait for an event of a kind; note the ids of all ticks that come meanwhile."""
    async for event in stream.events():
        if isinstance(event, Batch):
            ids += ids_of(event)
        if isinstance(event, kind):
            return


@pytest.mark.parametrize("transport", ["websocket", "stream", "sse"])
async def test_our_client_outlives_its_tokens_and_has_every_tick_once(
    feed: Feed, clock: HandClock, transport: Any
) -> None:
    minted = 0

    async def mint() -> str:
        nonlocal minted
        minted += 1
        return token(clock, 60 + minted)

    ids: list[int] = []
    wanted = Subscription.of({Channel.TRADES: "*"})
    url, waits = feed.url(""), ManualClock()
    async with Stream(url, wanted, transport=transport, token=mint, clock=waits) as stream:
        await stream.open()
        for round_ in range(2):
            await feed.publish(*trades(4 * round_ + 1, 4 * round_ + 2))
            clock.step_s(45)
            await next_of(stream, Expiring, ids)
            await feed.publish(*trades(4 * round_ + 3, 4 * round_ + 4))
            await next_of(stream, Refreshed if transport == "websocket" else Connected, ids)
        await feed.publish(trade(9))
        while ids[-1] != 9:
            await next_of(stream, Batch, ids)
    assert ids == list(range(1, 10))
    counters = stream.counters
    assert (counters.gaps, counters.duplicates, counters.failures) == (0, 0, 0)
    assert counters.connects == (1 if transport == "websocket" else 3)
    assert minted == 3


class Held:
    """A stream that has joined, and begins only when it may."""

    def __init__(self, feed: Feed, clock: HandClock) -> None:
        self._feed = feed
        self._clock = clock
        self._may_begin = asyncio.Event()

    async def join(self, http: RawHttp, **headers: str) -> None:
        """Ask with a token that is good for a minute, and be held."""
        hub, turns = self._feed.hub, self._feed.hub.turns
        headers |= {"Host": "localhost", "Authorization": f"Bearer {token(self._clock, 60)}"}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        async with turns.turn(Step.JOIN):
            head = "\r\n".join(["GET /v1/sse?trades=* HTTP/1.1", *lines, "", ""])
            http.wire.writer.write(head.encode())
            await until(lambda: hub.identities.outcomes["accepted"])
            self._waiting = asyncio.create_task(self._keep_others_waiting())
            await asyncio.sleep(0)  # it joins before, and begins after
        await until(lambda: hub.sessions)

    async def begin(self) -> None:
        self._may_begin.set()
        await self._waiting

    async def _keep_others_waiting(self) -> None:
        async with self._feed.hub.turns.turn(Step.JOIN):
            await self._may_begin.wait()


async def test_a_stream_that_has_not_begun_is_told_of_its_end_once_it_has(
    feed: Feed, clock: HandClock
) -> None:
    held, http = Held(feed, clock), await RawHttp.open((feed.host, feed.port))
    await held.join(http)
    [session] = feed.hub.sessions.values()
    clock.step_s(31)
    await until(lambda: session.told_end_ns)
    await held.begin()
    await http.head()
    reader = SseReader(http)
    while (event := await reader.event()).name == "mark":
        pass
    assert (event.name, orjson.loads(event.data)) == ("expiring", notice(clock, 29))
    clock.step_s(29)
    while (event := await reader.event()).name == "mark":
        pass
    assert event.name == "bye"
    await until(lambda: not feed.hub.sessions)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_stream_that_ends_before_it_begins_is_whole(
    feed: Feed, clock: HandClock, encoding: str
) -> None:
    kind = GzipHttp if encoding == "gzip" else RawHttp
    held, http = Held(feed, clock), await kind.open((feed.host, feed.port))
    await held.join(http, Accept_Encoding=encoding)
    clock.step_s(60)
    await until(lambda: not feed.hub.sessions)
    await held.begin()
    await http.head()
    assert http.headers.get("Content-Encoding", "identity") == encoding
    reader = SseReader(http)
    event = await reader.event()
    while event.name != "bye":
        event = await reader.event()
    assert event.retry_ms is not None, "the beginning of every stream of events"
    assert orjson.loads(event.data)["reason"] == "expired"
    with pytest.raises(Ended):
        await reader.event()  # and a stream of gzip ends as it should
