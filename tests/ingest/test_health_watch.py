"""What is told of the feed's health: symbols by statuses, the source by one message."""

from typing import Any

import pytest

from feed.http.app import INGEST
from feed.ingest.health_watch import HealthWatch
from feed.market.symbol_health import Health
from feed.market.ticks import Status
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import repeat_until, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.servers import Feed, ScriptedSource, Serve, trade, trades
from tests.fakes.websocket_reader import WebSocketReader

LEARNT_S = 52  # of a tick a second: then it is known what is usual


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def watch_of(feed: Feed) -> HealthWatch:
    app = feed.server.app
    assert app is not None
    return app[INGEST].strands[0].health


async def tick(feed: Feed, clock: HandClock, times: int, symbols: str) -> None:
    """Let each symbol tick once a second, so many times."""
    for _ in range(times):
        clock.pass_s(1)
        await feed.publish(*(trade(1, symbol, event_ns=clock.wall_ns) for symbol in symbols))
        await feed.ingest.state_health()


async def hear_of_the_feed(reader: Reader) -> dict[str, Any]:
    while True:
        for message in (await reader.read())[0]:
            if message["T"] == "feed":
                return message


async def first_kind(reader: Reader) -> str:
    """Return what is heard first, but for marks."""
    while (kind := (await reader.read())[0][0]["T"]) == "mark":
        pass
    return str(kind)


async def test_a_symbol_that_falls_silent_is_told_by_a_status(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "AB")
    reader = await WebSocketReader.connect((feed.host, feed.port))
    await reader.begin()
    await reader.subscribe(statuses=["*"], trades=["A"])
    await tick(feed, clock, 11, "B")
    [stale], _ = await reader.read()
    assert (stale["T"], stale["S"], stale["sc"]) == ("s", "A", "STALE")
    assert stale["sm"].startswith("No tick for 1")
    assert watch_of(feed).counts == {**dict.fromkeys(Health, 0), Health.LIVE: 1, Health.STALE: 1}
    await tick(feed, clock, 1, "AB")
    assert [message["T"] for message in (await reader.read())[0]] == ["t"]
    [live], _ = await reader.read()
    assert (live["S"], live["sc"]) == ("A", "LIVE")


async def test_a_halt_is_known_from_the_sources_own_status(serve: Serve, clock: HandClock) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "AB")
    await feed.publish(Status("A", "H", "Trading Halt", "T1", "News", clock.wall_ns))
    before = feed.hub.broadcast.ring.newest
    await tick(feed, clock, 30, "B")
    assert watch_of(feed).counts[Health.HALTED] == 1
    assert feed.hub.broadcast.ring.newest == before + 30, "nothing was told besides"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_silent_source_is_one_message_to_everybody(
    serve: Serve, clock: HandClock, transport: str
) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "ABC")
    reader = await open_reader(transport, (feed.host, feed.port))
    await feed.sessions_reach(1)
    published = feed.hub.broadcast.ring.newest
    clock.pass_s(21)
    await feed.ingest.state_health()
    down = await hear_of_the_feed(reader)
    assert (down["state"], down["source"], down["reason"]) == ("source_down", "script", "silent")
    assert watch_of(feed).counts[Health.SOURCE_DOWN] == 3
    await feed.ingest.state_health()
    await tick(feed, clock, 1, "A")
    live = await hear_of_the_feed(reader)
    assert (live["state"], live["reason"]) == ("live", ""), "down was told once"
    assert feed.hub.broadcast.ring.newest == published + 1, "no status a symbol"


async def test_readers_that_come_while_the_source_is_down_are_told_and_later_ones_are_not(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "A")
    clock.pass_s(60)
    await feed.ingest.state_health()
    early = await open_reader("sse-json", (feed.host, feed.port))
    assert (await hear_of_the_feed(early))["state"] == "source_down"
    await tick(feed, clock, 1, "A")
    late = await open_reader("sse-json", (feed.host, feed.port))
    await feed.sessions_reach(2)
    await tick(feed, clock, 1, "A")
    assert await first_kind(late) == "t"


async def test_a_reader_without_a_subscription_hears_nothing_before_the_acknowledgement(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "A")
    reader = await WebSocketReader.connect((feed.host, feed.port))
    clock.pass_s(60)
    await feed.ingest.state_health()
    await reader.begin()  # connected, auth, authenticated: as the dialect's clients insist
    await reader.subscribe(trades=["*"])
    assert (await reader.message())["T"] == "feed"


async def test_a_reader_that_was_paused_is_told_once_it_has_caught_up(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(
        clock=clock.clock, ring=1 << 15, high_water_bytes=4_096, slow_timeout_s=3_600
    )
    reader = await open_reader("websocket-json", (feed.host, feed.port), receive_buffer_bytes=4_096)
    await feed.sessions_reach(1)
    for _ in repeat_until(lambda: feed.hub.audience.behind):
        await feed.publish(*trades(1, 500))
    await feed.ingest.state_health()
    clock.pass_s(61)
    await feed.ingest.state_health()
    seen: list[str] = []
    while "feed" not in seen:
        seen += [message["T"] for message in (await reader.read())[0]]
    assert seen[-1] == "feed"
    assert seen.count("t") == feed.hub.broadcast.ring.newest


async def test_silence_of_a_recording_means_nothing(serve: Serve, clock: HandClock) -> None:
    feed = await serve(ScriptedSource(can_wait=True), clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "AB")
    clock.pass_s(3_600)
    await feed.ingest.state_health()
    assert watch_of(feed).counts[Health.LIVE] == 2
    feed.source.end()
    await until(lambda: watch_of(feed).feed.reason == "finished")
    assert watch_of(feed).counts[Health.SOURCE_DOWN] == 2


async def test_a_small_ring_that_laps_the_watch_does_it_no_harm(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(clock=clock.clock, ring=16)
    for _ in range(10):
        await feed.publish(*trades(1, 30))
    clock.pass_s(1)
    await feed.ingest.state_health()
    assert watch_of(feed).counts[Health.LIVE] == 1


async def test_status_tells_the_health_of_the_feed(serve: Serve, clock: HandClock) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "AB")
    clock.pass_s(60)
    await feed.ingest.state_health()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/status")
    status = await answer.document()
    assert status["feed"] == {"state": "source_down", "reason": "silent"}
    assert status["symbols"]["source_down"] == 2


@pytest.mark.parametrize("step_s", [-86_400, 86_400])
async def test_a_step_of_the_time_of_day_makes_nothing_stale_and_nobody_silent(
    serve: Serve, clock: HandClock, step_s: int
) -> None:
    feed = await serve(clock=clock.clock)
    await tick(feed, clock, LEARNT_S, "AB")
    before = feed.hub.broadcast.ring.newest
    clock.step_s(step_s)
    await feed.ingest.state_health()
    await tick(feed, clock, 3, "AB")
    assert watch_of(feed).counts[Health.LIVE] == 2
    assert feed.hub.broadcast.ring.newest == before + 6, "nothing was told besides"
