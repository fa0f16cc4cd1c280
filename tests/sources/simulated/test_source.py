from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from feed.errors import InvalidParameter
from feed.market.ticks import SECOND_NS, Quote, Status, Tick, Trade
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market
from feed.sources.simulated.source import MAX_CHUNK_TICKS, QUANTUM_S, TIMER_S, SimulatedSource

if TYPE_CHECKING:
    from feed.sources.source import Source

START_NS = 1_700_000_000 * SECOND_NS
MS_NS = SECOND_NS // 1_000


class Timeline:
    """A clock that only sleeping moves, and that may oversleep as a busy loop does."""

    def __init__(self) -> None:
        self.now_ns = 77 * SECOND_NS  # a monotonic clock begins anywhere
        self.opened_ns = self.now_ns
        self.slept_s: list[float] = []
        self.oversleep_s: list[float] = []  # of the next sleeps

    def clock_ns(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept_s.append(seconds)
        late_s = self.oversleep_s.pop(0) if self.oversleep_s else 0.0
        self.now_ns += round((seconds + late_s) * SECOND_NS)

    @property
    def event_ns(self) -> int:
        """The event time that has come."""
        return START_NS + self.now_ns - self.opened_ns


def simulated(timeline: Timeline, **options: Any) -> SimulatedSource:
    chosen = {"symbols": 20, "rate": 1_000, "seed": 1, "start_ns": START_NS, **options}
    return SimulatedSource(clock_ns=timeline.clock_ns, sleep=timeline.sleep, **chosen)


async def take(batches: AsyncIterator[list[Tick]], at_least: int) -> list[Tick]:
    ticks: list[Tick] = []
    while len(ticks) < at_least:
        ticks += await anext(batches)
    return ticks


def expected(count: int, *, rate: float = 1_000) -> list[Tick]:
    return Market(find_instruments(20), rate=rate, seed=1, start_ns=START_NS).ticks(count)


async def test_a_quiet_market_yields_every_tick_alone_when_it_is_due() -> None:
    timeline = Timeline()
    source: Source = simulated(timeline, rate=5)
    await source.open()
    batches = source.batches()
    for tick in expected(60, rate=5):
        assert await anext(batches) == [tick]
        assert 0 <= timeline.event_ns - tick.event_ns < MS_NS
    assert len(timeline.slept_s) == 60  # never woken for nothing


@pytest.mark.parametrize("rate", [300, 1_000, 5_000, 100_000])
async def test_ticks_come_in_order_never_early_and_hardly_late(rate: float) -> None:
    timeline = Timeline()
    source = simulated(timeline, rate=rate)
    await source.open()
    allowed_ns = 1.01 * SECOND_NS * (QUANTUM_S if rate > 1_000 else TIMER_S)
    ticks: list[Tick] = []
    async for batch in source.batches():
        assert 0 < len(batch) <= MAX_CHUNK_TICKS
        assert batch[-1].event_ns <= timeline.event_ns <= batch[0].event_ns + allowed_ns
        ticks += batch
        if len(ticks) > 3_000:
            break
    assert ticks == expected(len(ticks), rate=rate)


async def test_a_busy_market_wakes_the_loop_at_most_every_two_milliseconds() -> None:
    timeline = Timeline()
    source = simulated(timeline, rate=100_000)
    await source.open()
    await take(source.batches(), 20_000)
    assert min(timeline.slept_s) >= QUANTUM_S
    assert len(timeline.slept_s) == pytest.approx(100, abs=2)


async def test_a_late_loop_is_caught_up_with_in_chunks_and_nothing_is_skipped() -> None:
    timeline = Timeline()
    source = simulated(timeline, rate=10_000)
    await source.open()
    batches = source.batches()
    taken = await take(batches, 100)
    timeline.oversleep_s = [1.0]
    sleeps = len(timeline.slept_s)
    sizes: list[int] = []
    while not sizes or sizes[-1] == MAX_CHUNK_TICKS:
        batch = await anext(batches)
        sizes.append(len(batch))
        taken += batch
    assert sum(sizes) == pytest.approx(10_000, rel=0.01)
    # Between two chunks the others get the loop, without waiting.
    assert timeline.slept_s[sleeps + 1 :] == [0] * (len(sizes) - 1)
    assert taken == expected(len(taken), rate=10_000)


async def test_a_slow_consumer_does_not_change_the_rate() -> None:
    timeline = Timeline()
    source = simulated(timeline, rate=50_000)
    await source.open()
    count = 0
    async for batch in source.batches():
        count += sum(not isinstance(tick, Status) for tick in batch)
        timeline.now_ns += 6 * MS_NS  # what the rest of the server does with it
        if timeline.event_ns >= START_NS + 10 * SECOND_NS:
            break
    assert count == pytest.approx(500_000, rel=0.01)


async def test_opened_again_it_goes_on_where_it_stood() -> None:
    timeline = Timeline()
    source = simulated(timeline)
    await source.open()
    before = await take(source.batches(), 50)
    await source.close()
    await source.close()
    timeline.now_ns += 3_600 * SECOND_NS
    reopened_ns = timeline.now_ns
    await source.open()
    batches = source.batches()
    after = await anext(batches)
    assert len(after) == 1  # not an hour's worth
    assert timeline.now_ns - reopened_ns < 5 * MS_NS  # nor what has been seen before
    after += await take(batches, 50)
    assert before + after == expected(len(before) + len(after))


async def test_without_a_start_event_time_begins_when_it_is_opened() -> None:
    timeline = Timeline()
    source = simulated(timeline, start_ns=None, now_ns=lambda: START_NS)
    await source.open()
    assert await take(source.batches(), 20) == expected(20)


async def test_it_makes_trades_and_quotes_and_leaves_bars_to_the_server() -> None:
    timeline = Timeline()
    source = simulated(timeline, rate=50)
    await source.open()
    ticks = await take(source.batches(), 15_000)
    assert {type(tick) for tick in ticks} == {Trade, Quote, Status}
    assert (source.name, source.can_wait, source.recorded_kinds) == ("sim", False, frozenset())


def test_instruments_are_sorted_and_carry_their_sectors() -> None:
    source = SimulatedSource(symbols=["XOM", "ETH/USD", "AAPL"], rate=1, seed=1)
    known = source.instruments()
    assert [i.symbol for i in known] == ["AAPL", "ETH/USD", "XOM"]
    assert [i.sector for i in known] == ["Technology", "Crypto", "Energy"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symbols": 3}, r"^symbols: 3 .* from 5 to 5000"),
        ({"symbols": ["AAPL", "no?symbol"]}, r"^symbols: 'no.symbol' .* such as AAPL"),
        ({"rate": 0}, r"^rate: 0 .* from 0\.001 to 1,000,000"),
        ({"rate": float("nan")}, r"^rate: nan "),
    ],
)
def test_bad_options_are_refused_before_anything_runs(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message):
        simulated(Timeline(), **options)
