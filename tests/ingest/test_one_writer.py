"""Whatever gets a sequence gets it from the runner, one list after the other."""

import asyncio
import gc
import traceback
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

import feed
from feed.broadcast.cut import Broadcast
from feed.broadcast.ring import RingBuffer
from feed.hub.hub import Hub
from feed.hub.publisher import Publisher
from feed.ingest.health_watch import LIVE, FeedHealth, HealthWatch
from feed.market.symbol_health import Health
from feed.market.ticks import SECOND_NS, Bar, Status, Tick, Trade
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import until
from tests.fakes.servers import Feed, ScriptedSource, Serve, trade

LEARNT_S = 52  # of a tick a second: then it is known what is usual


def reachable(origin: object) -> Iterator[object]:
    """Yield every object that can be had from one, but by way of its module."""
    seen = {id(origin)}
    waiting = [origin]
    while waiting:
        found = waiting.pop()
        yield found
        for each in gc.get_referents(found):
            if id(each) not in seen and not isinstance(each, (type, FunctionType, ModuleType)):
                seen.add(id(each))
                waiting.append(each)


def ways_to_the_ring(origin: object) -> set[str]:
    writers = (Hub, Broadcast, RingBuffer)
    return {type(each).__name__ for each in reachable(origin) if isinstance(each, writers)}


async def let_b_fall_silent(served: Feed, clock: HandClock) -> None:
    """Let A and B tick once a second until that is usual, and then A alone.

    With the next judgement B is stale, and not before.
    """
    for second in range(LEARNT_S + 11):
        await served.ingest.state_health()
        clock.pass_s(1)
        symbols = "AB" if second < LEARNT_S else "A"
        await served.publish(*(trade(second, symbol, event_ns=clock.wall_ns) for symbol in symbols))


async def test_the_runner_has_a_way_to_the_ring_and_the_watch_has_none(serve: Serve) -> None:
    ingest = (await serve()).ingest
    assert ways_to_the_ring(ingest.strands[0].health) == set()
    assert ways_to_the_ring(ingest.strands[0].bars) == set()
    assert ways_to_the_ring(ingest) >= {"Hub", "Broadcast", "RingBuffer"}


def test_findings_of_the_watch_are_handed_over_and_kept_nowhere() -> None:
    watch = HealthWatch(live=True, gaps=10, floor_ns=SECOND_NS)

    def judge(at_s: int, *symbols: str) -> list[tuple[str, str]]:
        now_ns = at_s * SECOND_NS
        watch.note([trade(at_s, symbol) for symbol in symbols], [now_ns] * len(symbols))
        for _ in watch.learn(0):
            pass
        found = watch.judge(
            now_ns, now_ns, up=True, finished=False, failed=False, last_tick_ns=now_ns
        )
        assert found.feed is None
        return [(status.symbol, status.status_code) for status in found.statuses]

    for second in range(LEARNT_S):
        assert judge(second, "A", "B") == []
    silent = [found for second in range(LEARNT_S, LEARNT_S + 15) for found in judge(second, "A")]
    assert silent == [("B", "STALE")]
    assert judge(LEARNT_S + 15, "A", "B") == [("B", "LIVE")]
    assert judge(LEARNT_S + 16, "A", "B") == []


@pytest.mark.parametrize(
    ("up", "finished", "failed", "silent_s", "told"),
    [
        (True, False, False, 1, LIVE),
        (True, False, True, 1, LIVE),
        (True, False, False, 13, FeedHealth(Health.SOURCE_DOWN, "silent")),
        (False, False, True, 1, FeedHealth(Health.SOURCE_DOWN, "failed")),
        (False, False, False, 99, LIVE),  # not opened yet
        (False, True, False, 1, FeedHealth(Health.SOURCE_DOWN, "finished")),
        (False, True, True, 1, FeedHealth(Health.SOURCE_DOWN, "finished")),
    ],
)
def test_the_health_of_the_feed_follows_from_that_of_its_source(
    up: bool, finished: bool, failed: bool, silent_s: int, told: FeedHealth
) -> None:
    watch = HealthWatch(live=True, gaps=10, floor_ns=SECOND_NS)
    now_ns = 100 * SECOND_NS
    last_tick_ns = now_ns - silent_s * SECOND_NS
    found = watch.judge(
        now_ns, now_ns, up=up, finished=finished, failed=failed, last_tick_ns=last_tick_ns
    )
    assert watch.feed == told
    assert found.feed == (None if told == LIVE else told)


async def test_only_the_runner_publishes(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = RingBuffer.publish
    house = Path(feed.__file__).parent
    kinds: set[type[Tick]] = set()
    writers: set[tuple[str, str]] = set()

    def observed(ring: RingBuffer, ticks: list[Tick], mono_ns: int) -> int:
        kinds.update(map(type, ticks))
        way = [
            (str(Path(frame.filename).relative_to(house)), frame.name)
            for frame in traceback.extract_stack()
            if Path(frame.filename).is_relative_to(house)
        ]
        writers.add([step for step in way if not step[0].startswith(("hub/", "broadcast/"))][-1])
        return publish(ring, ticks, mono_ns)

    monkeypatch.setattr(RingBuffer, "publish", observed)
    clock = HandClock()
    served = await serve(ScriptedSource(builds_bars=True), clock=clock.clock)
    await let_b_fall_silent(served, clock)
    await served.ingest.state_health()
    assert kinds == {Trade, Bar, Status}, "ticks, bars and statuses of health"
    assert writers == {("ingest/strand.py", "_give")}


async def test_a_status_waits_for_the_end_of_a_list(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = HandClock()
    served = await serve(clock=clock.clock)
    await let_b_fall_silent(served, clock)
    before = served.hub.broadcast.ring.newest
    publish = served.hub.publisher.publish
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def in_two_parts(
        _: Publisher,
        ticks: list[Tick],
        *,
        wait: bool,
        source_ticks: Collection[Tick] = (),
        market_ns: tuple[int, int] | None = None,
        held: Callable[[], None],
    ) -> None:
        assert market_ns is None, "its ticks happen now"
        await publish(ticks[:1], wait=wait, source_ticks=source_ticks, held=held)
        begun.set()
        await go_on.wait()
        await publish(ticks[1:], wait=wait, held=held)

    monkeypatch.setattr(Publisher, "publish", in_two_parts)
    publishing = asyncio.create_task(served.source.publish([trade(1), trade(2)]))
    await begun.wait()
    stating = asyncio.create_task(served.ingest.state_health())
    await until(lambda: served.ingest.strands[0].health.counts[Health.STALE])
    assert not stating.done()
    go_on.set()
    await asyncio.gather(publishing, stating)
    told = served.hub.broadcast.ring.read(before, 3)
    assert [type(tick) for tick in told] == [Trade, Trade, Status]
