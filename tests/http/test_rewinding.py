"""Beginning in the past: by time or by number of ticks, on every transport."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote as quoted

import pytest

from feed.client.backoff import Backoff
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.ticks import SECOND_NS, Channel
from feed.wire.codec_name import CodecName
from feed.wire.disconnect import Reason
from feed.wire.rfc3339 import rfc3339
from tests.client.objects import ids_of
from tests.fakes.hand_clock import HandClock
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_unread
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.http.talk import connect, error
from tests.http.test_replay import replaying
from tests.sources.replay.recordings import START_NS, iso, source_of, trade_row


async def serve_seconds(serve: Serve, count: int, **settings: Any) -> tuple[Feed, HandClock]:
    """Serve a trade a second; return the clock that stands at the last of them."""
    clock = HandClock()
    feed = await serve(clock=clock.clock, **settings)
    for number in range(1, count + 1):
        clock.pass_s(1)
        await feed.publish(trade(number))
    return feed, clock


async def begin(feed: Feed, transport: str, **options: Any) -> Reader:
    symbols: Any = ["*"] if transport.startswith("websocket") else "*"
    return await open_unread(transport, (feed.host, feed.port), trades=symbols, **options)


async def read_ids(reader: Reader, count: int) -> tuple[list[int], list[Message]]:
    """Read so many trades; return their ids, and the warnings before them."""
    ids: list[int] = []
    warnings = []
    while len(ids) < count:
        messages, _ = await reader.read()
        ids += [message["i"] for message in messages if message["T"] == "t"]
        warnings += [message for message in messages if message["T"] == "warning"]
    return ids, warnings


async def history(feed: Feed, query: str, status: int = 200) -> Any:
    answer = await RawHttp.get((feed.host, feed.port), f"/v1/history?{query}")
    assert answer.status == status
    return await answer.document()


async def test_the_last_ticks_come_on_every_transport(serve: Serve) -> None:
    feed, _ = await serve_seconds(serve, 5)
    for transport in TRANSPORTS:
        last: Any = 3 if transport.startswith("websocket") else "3"
        reader = await begin(feed, transport, last=last)
        assert await read_ids(reader, 3) == ([3, 4, 5], []), transport
    page = await history(feed, "last=2")
    assert [tick["i"] for tick in page["ticks"]] == [4, 5]
    assert "warnings" not in page


async def test_a_while_ago_and_a_time_begin_alike_on_every_transport(serve: Serve) -> None:
    feed, clock = await serve_seconds(serve, 5)
    since = rfc3339(clock.wall_ns - 2 * SECOND_NS)
    for transport in TRANSPORTS:
        for after in ("-2s", since):
            symbols: Any = ["*"] if transport.startswith("websocket") else "*"
            if transport.startswith("sse"):  # as a parameter: no `Last-Event-ID`
                target = f"/v1/sse?trades=*&codec={transport.partition('-')[2]}&after={after}"
                http = await RawHttp.get((feed.host, feed.port), target)
                reader: Reader = SseReader(http, transport.partition("-")[2])
            else:
                address = (feed.host, feed.port)
                reader = await open_unread(transport, address, after=after, trades=symbols)
            assert await read_ids(reader, 3) == ([3, 4, 5], []), transport
    assert [tick["i"] for tick in (await history(feed, "after=-1s"))["ticks"]] == [4, 5]


async def test_less_than_was_asked_for_is_told_on_every_transport(serve: Serve) -> None:
    feed, clock = await serve_seconds(serve, 12, ring=8)
    since = rfc3339(clock.wall_ns - 7 * SECOND_NS)
    for transport in TRANSPORTS:
        last: Any = 10 if transport.startswith("websocket") else "10"
        ids, [warning] = await read_ids(await begin(feed, transport, last=last), 8)
        assert ids == list(range(5, 13))
        assert (warning["reason"], warning["count"]) == ("rewind", 8)
    page = await history(feed, "after=-1h")
    assert [warning["since"] for warning in page["warnings"]] == [since]
    assert "gap" not in page


async def test_an_event_source_that_comes_back_goes_on_and_not_back(serve: Serve) -> None:
    feed, _ = await serve_seconds(serve, 5)
    for query in ("after=-30s", "last=4"):
        target = f"/v1/sse?trades=*&{query}"
        first = SseReader(await RawHttp.get((feed.host, feed.port), target))
        assert (await read_ids(first, 4))[0][-1] >= 4
        header = {"Last-Event-ID": f"{feed.epoch}-4"}
        again = SseReader(await RawHttp.get((feed.host, feed.port), target, header))
        assert await read_ids(again, 1) == ([5], [])


async def test_what_is_not_accepted_is_refused_in_words(serve: Serve) -> None:
    feed, _ = await serve_seconds(serve, 1)
    for query, words in {
        "after=-30s&last=5": "`after` or `last`, and not both",
        "after=-30": "-30s",
        "after=" + quoted("2026-11-27T12:00:00 01:00"): "%2B",
        "last=0": "from 1 to",
    }.items():
        assert words in (await history(feed, query, 400))["detail"]
    reader = await connect(feed)
    reader.say({"action": "subscribe", "trades": ["*"], "after": "-30s", "last": 5})
    assert "not both" in (await error(reader))["msg"]


async def test_a_recording_goes_by_its_own_time(write: Callable[..., Path]) -> None:
    path = write(*(trade_row(second, i=second) for second in range(40)))
    async with replaying(source_of(path, speed="max"), wait_for=1) as feed:
        await begin(feed, "stream-json")
        await until(lambda: feed.side.finished)
        since = iso(START_NS + 30 * SECOND_NS)
        page = await history(feed, f"trades=*&after={since}")
        assert [tick["i"] for tick in page["ticks"]] == [*range(30, 40)]
        page = await history(feed, "trades=*&after=-4s")
        assert [tick["i"] for tick in page["ticks"]] == [*range(35, 40)]
        assert (await history(feed, "trades=*&after=-1h"))["warnings"][0]["since"] == rfc3339(
            START_NS
        )


@pytest.mark.parametrize("codec", ["json", "msgpack", "protobuf"])
async def test_the_client_asks_once_and_goes_on_from_there(serve: Serve, codec: CodecName) -> None:
    server, _ = await serve_seconds(serve, 5)
    for transport in ("websocket", "stream", "sse"):
        newest = server.hub.broadcast.ring.newest
        begins: dict[str, Any] = {"last": 2} if transport == "sse" else {"after": "-1s"}
        stream = Stream(
            server.url(""),
            Subscription.of({Channel.TRADES: "*"}, fields="p,i"),
            transport=transport,
            codec=codec,
            backoff=Backoff(lambda low, _: low),
            **begins,
        )
        async with stream:
            batch = await anext(stream)
            assert ids_of(batch)[-1] == newest
            assert all(tick.keys() == {"T", "S", "p", "i"} for tick in batch)
            [session] = server.hub.sessions.values()
            server.hub.disconnect(session, Reason.SLOW)
            await server.publish(trade(newest + 1))
            assert ids_of(await anext(stream)) == [newest + 1]
        await until(lambda: not server.hub.sessions)
