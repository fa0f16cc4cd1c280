"""A simulated market that another process takes up."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.market.ticks import SECOND_NS, Status
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market
from feed.sources.simulated.source import SimulatedSource
from feed.sources.source import Resumable
from tests.fakes.strategies import examples
from tests.sources.simulated.test_source import START_NS, Timeline, simulated, take

HOUR_NS = 3_600 * SECOND_NS


def market(rate: float = 300.0, symbols: int = 20, seed: int = 3) -> Market:
    return Market(find_instruments(symbols), rate=rate, seed=seed, start_ns=START_NS)


def packed(state: Any) -> Any:
    """Return plain data as another process gets it."""
    return msgpack.unpackb(msgpack.packb(state))


@settings(max_examples=examples(40))
@given(
    taken=st.integers(0, 20_000),
    rate=st.sampled_from([3.7, 300.0, 5_000.5]),
    symbols=st.sampled_from([5, 40]),
)
def test_a_market_that_is_saved_and_resumed_goes_on_tick_for_tick(
    taken: int, rate: float, symbols: int
) -> None:
    # At 3.7 ticks a second these are an hour and a half, with all kinds of incidents.
    whole, saved = market(rate, symbols), market(rate, symbols)
    before = saved.ticks(taken)
    saved.due(saved.next_event_ns - 1, 512)  # looks ahead
    resumed = market(rate, symbols)
    resumed.restore(packed(saved.state()))
    assert before + resumed.ticks(3_000) == whole.ticks(taken + 3_000)


def test_a_market_is_resumed_within_a_halt_and_within_news() -> None:
    saved, seen = market(), 0
    while seen < 3:
        seen += sum(isinstance(tick, Status) for tick in saved.ticks(100))
        resumed = market()
        resumed.restore(packed(saved.state()))
        copied = market()
        copied.restore(packed(resumed.state()))
        assert copied.ticks(200) == resumed.ticks(200)


def test_a_market_that_is_moved_on_is_the_same_but_for_its_times() -> None:
    whole, late = market(), market()
    late.ticks(50)
    assert late.next_event_ns  # one visit is ahead
    late.move_on(HOUR_NS)
    for tick, later in zip(whole.ticks(250)[50:], late.ticks(200), strict=True):
        assert later.event_ns == tick.event_ns + HOUR_NS
        later.event_ns = tick.event_ns
        assert later == tick


@pytest.mark.parametrize("asked_again", [True, False])
async def test_a_source_is_taken_up_behind_the_list_that_was_published(asked_again: bool) -> None:
    timeline = Timeline()
    source = simulated(timeline)
    assert isinstance(source, Resumable)
    await source.open()
    batches = source.batches()
    ticks = await take(batches, 100)
    if asked_again:
        ticks += await anext(batches)
        pending = ticks[-source_last(source) :]
        ticks = ticks[: len(ticks) - len(pending)]
    state, given = packed(source.state()), source.given_ticks
    published = len(ticks)
    resumed = simulated(timeline)
    assert resumed.resume(state, published - given)
    await resumed.open()
    after = await take(resumed.batches(), 100)
    whole = Market(find_instruments(20), rate=1_000, seed=1, start_ns=START_NS)
    assert ticks + after == whole.ticks(published + len(after))


def source_last(source: SimulatedSource) -> int:
    """Return the length of the list that came last."""
    return len(source._last)


async def test_after_a_time_without_a_server_events_happen_now() -> None:
    timeline = Timeline()
    now_ns = START_NS

    def live() -> SimulatedSource:
        return simulated(timeline, start_ns=None, seed=None, now_ns=lambda: now_ns)

    source = live()
    await source.open()
    before = await take(source.batches(), 100)
    state, given = packed(source.state()), source.given_ticks
    now_ns += HOUR_NS
    resumed = live()
    assert resumed.resume(state, len(before) - given)
    await resumed.open()
    tick, *_ = await take(resumed.batches(), 1)
    assert 0 <= tick.event_ns - now_ns < SECOND_NS // 10
    assert resumed.state()["seed"] == state["seed"]


@pytest.mark.parametrize(("ahead_s", "resumes"), [(50, True), (70, False)])
async def test_a_market_of_a_clock_that_was_wrong_begins_anew_at_the_present(
    ahead_s: int, resumes: bool
) -> None:
    timeline = Timeline()
    now_ns = START_NS + ahead_s * SECOND_NS

    def live() -> SimulatedSource:
        return simulated(timeline, start_ns=None, seed=None, now_ns=lambda: now_ns)

    source = live()
    await source.open()
    state = packed(source.state())
    now_ns = START_NS
    late = live()
    assert late.resume(state, 0) is resumes
    await late.open()
    tick, *_ = await take(late.batches(), 1)
    assert (tick.event_ns - now_ns < SECOND_NS // 10) is not resumes
    chosen = simulated(timeline, start_ns=START_NS, now_ns=lambda: 0)
    await chosen.open()
    again = simulated(timeline, start_ns=START_NS, now_ns=lambda: 0)
    assert again.resume(packed(chosen.state()), 0), "a time that was chosen is never wrong"


async def test_opened_again_a_live_market_is_not_late_for_ever() -> None:
    timeline = Timeline()
    now_ns = START_NS
    source = simulated(timeline, start_ns=None, now_ns=lambda: now_ns)
    await source.open()
    await take(source.batches(), 100)
    await source.close()
    now_ns += HOUR_NS
    await source.open()
    tick, *_ = await take(source.batches(), 1)
    assert 0 <= tick.event_ns - now_ns < SECOND_NS // 10


@pytest.mark.parametrize(
    "others",
    [
        {"rate": 999},
        {"symbols": 21},
        {"symbols": ["AAPL"]},
        {"seed": 2},
        {"start_ns": START_NS + 1},
        {"start_ns": None},
    ],
    ids=str,
)
async def test_a_market_of_other_options_begins_anew(others: dict[str, Any]) -> None:
    timeline = Timeline()
    source = simulated(timeline)
    await source.open()
    state = packed(source.state())
    assert not simulated(timeline, **others).resume(state, 0)
    assert simulated(timeline).resume(state, 0)
    assert not simulated(timeline).resume({}, 0)


async def test_a_state_is_plain_data() -> None:
    source = simulated(Timeline())
    await source.open()
    await take(source.batches(), 10)
    state = source.state()
    state["market"]["ahead"] = ""
    assert json.loads(json.dumps(state)) == packed(state)
