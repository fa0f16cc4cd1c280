"""Who is told when that the server leaves, and how long each stays away."""

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.departure import (
    LONGEST_AWAY_MS,
    RESTART_MS,
    RETURNS_PER_S,
    SHORTEST_AWAY_MS,
    SHORTEST_SPREAD_MS,
    WAVE_NS,
    Departure,
)
from feed.market.ticks import SECOND_NS

counts = st.integers(0, 3_000)
spans_ns = st.integers(0, 60 * SECOND_NS)
seeds = st.integers(0, 2**64 - 1)


@given(counts, spans_ns, seeds)
def test_everybody_is_told_once_within_the_span(count: int, span_ns: int, seed: int) -> None:
    departure = Departure(count, span_ns, seed)
    waves = departure.waves()
    assert sorted(index for _, indexes in waves for index in indexes) == list(range(count))
    times_ns = [after_ns for after_ns, _ in waves]
    assert times_ns == sorted(set(times_ns))
    assert all(0 <= after_ns < max(1, span_ns) for after_ns in times_ns)


@given(counts, spans_ns, seeds)
def test_the_same_seed_decides_the_same(count: int, span_ns: int, seed: int) -> None:
    first, second = Departure(count, span_ns, seed), Departure(count, span_ns, seed)
    assert first.farewells == second.farewells


def test_waves_are_equal_and_a_quarter_of_a_second_apart() -> None:
    waves = Departure(1_000, 2 * SECOND_NS, 7).waves()
    assert [after_ns for after_ns, _ in waves] == [number * WAVE_NS for number in range(8)]
    assert {len(indexes) for _, indexes in waves} == {125}


@pytest.mark.parametrize("seed", range(3))
def test_those_who_came_together_are_not_told_together(seed: int) -> None:
    """A wave is by lot: subscribers of one room, or one region, came one after the other."""
    first_wave = Departure(1_000, 2 * SECOND_NS, seed).waves()[0][1]
    assert len({index // 100 for index in first_wave}) == 10


@given(st.integers(1, 3_000), st.integers(SECOND_NS, 20 * SECOND_NS), seeds)
def test_returns_to_another_server_are_no_herd(count: int, span_ns: int, seed: int) -> None:
    """Waves and waits together are spread twice as wide as the span, and densest in its middle."""
    departure = Departure(count, span_ns, seed)
    window_ns = span_ns // 10
    returns_ns = sorted(
        farewell.after_ns + farewell.retry_ms * 1_000_000 for farewell in departure.farewells
    )
    most = max(
        bisect_left(returns_ns, begin_ns + window_ns) - at for at, begin_ns in enumerate(returns_ns)
    )
    assert most <= count / 10 * 1.5 + 12  # chance has a part in it


@given(st.integers(1, 3_000), seeds)
def test_returns_to_a_server_that_is_alone_are_spread_evenly(count: int, seed: int) -> None:
    departure = Departure(count, 0, seed)
    assert len(departure.waves()) == 1
    retries_ms = sorted(farewell.retry_ms for farewell in departure.farewells)
    spread_ms = min(
        LONGEST_AWAY_MS - RESTART_MS, max(SHORTEST_SPREAD_MS, count * 1_000 // RETURNS_PER_S)
    )
    assert retries_ms[0] >= RESTART_MS
    assert retries_ms[-1] <= RESTART_MS + spread_ms
    for number, retry_ms in enumerate(retries_ms):
        begin_ms = RESTART_MS + number * spread_ms / count
        assert begin_ms - 1 <= retry_ms <= begin_ms + spread_ms / count


@given(counts, spans_ns, seeds)
def test_newcomers_are_told_times_of_the_same_span(count: int, span_ns: int, seed: int) -> None:
    departure = Departure(count, span_ns, seed)
    told = {departure.retry_ms() for _ in range(20)}
    assert len(told) > 1
    shortest_ms = SHORTEST_AWAY_MS if span_ns else RESTART_MS
    assert all(shortest_ms <= retry_ms <= LONGEST_AWAY_MS for retry_ms in told)
