"""Sources come, die, come back and end; subscribers stay."""

import asyncio

import pytest

from feed.errors import SourceError
from feed.ingest import strand
from feed.market.symbol_health import Health
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_reader
from tests.fakes.servers import Feed, ScriptedSource, Serve, trade, trades
from tests.fakes.websocket_reader import WebSocketReader

KEEPALIVE = b":\n"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strand, "_FIRST_BACKOFF_S", 0.1)


async def source_status(feed: Feed) -> dict[str, object]:
    answer = await RawHttp.get((feed.host, feed.port), "/v1/status")
    status: dict[str, object] = (await answer.document())["source"]
    return status


async def next_but_keepalives(reader: RawHttp) -> bytes:
    while (chunk := await reader.chunk()) == KEEPALIVE:
        pass
    return chunk


async def opened(source: ScriptedSource, times: int) -> None:
    await until(lambda: source.opened == times)


async def test_a_source_that_dies_is_opened_again_and_subscribers_stay(serve: Serve) -> None:
    source = ScriptedSource()
    feed = await serve(source)
    reader = await open_reader("sse-json", (feed.host, feed.port))
    await feed.sessions_reach(1)
    for life in range(1, 4):
        await feed.publish(trade(life))
        ticks, position = await reader.read()
        assert ([tick["i"] for tick in ticks], position) == ([life], feed.position(life))
        source.die(RuntimeError("the line is cut"))
        await opened(source, life + 1)
        assert source.closed == life
        for state, reason in (("source_down", "failed"), ("live", "")):
            [message], _ = await reader.read()
            assert message.pop("t").endswith("Z")
            assert message == {"T": "feed", "state": state, "source": "script", "reason": reason}
    status = await source_status(feed)
    assert (status["failures"], status["last_error"]) == (3, "the line is cut")
    assert status["up"] is True
    assert len(feed.hub.sessions) == 1


async def test_a_source_that_cannot_be_opened_is_tried_again(serve: Serve) -> None:
    source = ScriptedSource()
    source.fails_to_open = SourceError("exchange.example: refused")
    feed = await serve(source)
    await until(lambda: source.opened == 2)
    await until(feed.ingest.ready.is_set)
    assert (await source_status(feed))["last_error"] == "exchange.example: refused"


async def test_a_source_that_fails_for_good_is_told_and_not_opened_again(serve: Serve) -> None:
    source = ScriptedSource()
    feed = await serve(source)
    reader = await open_reader("sse-json", (feed.host, feed.port))
    await feed.sessions_reach(1)
    await feed.publish(trade(1))
    await reader.read()
    source.die(SourceError("upstream.example: auth failed (402)", for_good=True))
    [message], _ = await reader.read()
    assert (message["state"], message["reason"]) == ("source_down", "failed")
    status = await source_status(feed)
    assert (status["given_up"], status["finished"], status["up"]) == (True, False, False)
    assert (source.opened, source.closed) == (1, 1)
    metrics = (await (await RawHttp.get((feed.host, feed.port), "/metrics")).body()).decode()
    assert 'feed_source_given_up{source="script"} 1.0' in metrics


async def test_a_source_is_opened_again_no_sooner_than_it_said(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    source = ScriptedSource()
    feed = await serve(source)
    await feed.publish(trade(1))
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        if seconds:
            waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    source.die(SourceError("upstream.example: connection limit exceeded", retry_after_s=700))
    await opened(source, 2)
    assert 700.05 <= max(waits) <= 700.1


async def test_a_recording_that_breaks_is_over_and_not_repeated(serve: Serve) -> None:
    source = ScriptedSource(can_wait=True)
    feed = await serve(source)
    await feed.publish(*trades(1, 3))
    source.die(SourceError("day.ndjson:4: no tick"))
    await until(lambda: feed.side.finished)
    status = await source_status(feed)
    assert (status["up"], status["finished"], status["failures"]) == (False, True, 1)
    assert source.opened == 1
    reader = await open_reader("sse-json", (feed.host, feed.port), after="0")
    assert [tick["i"] for tick in (await reader.read())[0]] == [1, 2, 3]


async def test_the_end_of_a_source_ends_nobodys_subscription(serve: Serve) -> None:
    source = ScriptedSource()
    feed = await serve(source, keepalive_s=0.05)
    reader = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*")
    await reader.up_to(b"\n\n")  # where it begins
    await feed.publish(trade(1))
    assert b'"i":1,' in await next_but_keepalives(reader)
    source.end()
    await until(lambda: feed.side.finished)
    assert b'"reason":"finished"' in await next_but_keepalives(reader)
    assert await reader.chunk() == KEEPALIVE
    status = await source_status(feed)
    assert (status["up"], status["finished"], status["failures"]) == (False, True, 0)
    assert source.closed == 1


async def test_production_waits_for_as_many_subscribers_as_wished(serve: Serve) -> None:
    source = ScriptedSource()
    feed = await serve(source, wait_for=2)
    publishing = asyncio.create_task(source.publish([trade(1)]))
    await open_reader("websocket-json", (feed.host, feed.port))
    silent = await WebSocketReader.connect((feed.host, feed.port))
    await silent.begin()  # and subscribes to nothing: no subscriber yet
    await feed.sessions_reach(2)
    assert not publishing.done()
    second = await open_reader("sse-json", (feed.host, feed.port))
    await publishing
    assert (await second.read())[0][0]["i"] == 1


async def test_production_begins_without_them_when_the_time_is_up(serve: Serve) -> None:
    source = ScriptedSource()
    feed = await serve(source, wait_for=2, wait_for_timeout_s=0.05)
    await feed.publish(trade(1))
    assert not feed.hub.sessions


class AheadSource(ScriptedSource):
    """A source that holds what it was given, and that nobody can be asked for again."""

    def stop_reading(self) -> None:
        self.end()


async def test_what_a_source_has_read_is_published_before_the_end(serve: Serve) -> None:
    source = AheadSource()
    feed = await serve(source)
    for number in range(1, 10):
        source.give([trade(number)])
    await feed.ingest.stop()
    assert feed.hub.broadcast.ring.newest == 9
    # Nobody is told that anything has ended: who takes its place goes on.
    assert not feed.side.finished
    assert feed.ingest.feed.state is Health.LIVE


async def test_a_source_is_opened_at_once_where_somebody_knows_that_it_is_back(
    serve: Serve,
) -> None:
    source = ScriptedSource()
    feed = await serve(source)
    await feed.publish(trade(1))
    source.die(SourceError("upstream.example: restarts", retry_after_s=700))
    await until(lambda: feed.side.failures == 1)
    feed.ingest.hurry()
    await opened(source, 2)
