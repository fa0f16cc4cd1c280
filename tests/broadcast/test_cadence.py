from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.cadence import MAX_WAIT_NS, Cadence

MS = 1_000_000
NOON_NS = 43_200_000_000_000  # a monotonic clock begins anywhere


def test_a_lone_tick_is_cut_at_once() -> None:
    cadence = Cadence()
    assert cadence.delay_ns(NOON_NS) == 0
    cadence.note_cut(NOON_NS, NOON_NS + MS)
    assert cadence.delay_ns(NOON_NS + 60_000 * MS) == 0


def test_a_cut_is_followed_by_as_much_rest_as_it_cost() -> None:
    cadence = Cadence()
    cadence.note_cut(NOON_NS, NOON_NS + 2 * MS)
    assert cadence.delay_ns(NOON_NS + 2 * MS) == 2 * MS
    assert cadence.delay_ns(NOON_NS + 3 * MS) == 1 * MS
    assert cadence.delay_ns(NOON_NS + 4 * MS) == 0


@pytest.mark.parametrize(
    ("others_ms", "rest_ms"), [(0, 2), (1, 2), (2, 3), (4, 6), (5, 6), (500, 6)]
)
def test_it_rests_longer_where_other_work_takes_its_share(others_ms: int, rest_ms: int) -> None:
    cadence = Cadence()
    cadence.note_cut(NOON_NS, NOON_NS + 2 * MS, others_ms * MS)
    assert cadence.delay_ns(NOON_NS + 2 * MS) == rest_ms * MS


def test_only_the_last_cut_counts() -> None:
    cadence = Cadence()
    cadence.note_cut(NOON_NS, NOON_NS + 50 * MS)
    cadence.note_cut(NOON_NS + 200 * MS, NOON_NS + 201 * MS)
    assert cadence.delay_ns(NOON_NS + 201 * MS) == 1 * MS


def test_a_cut_that_was_disturbed_delays_the_next_by_twice_the_usual_at_most() -> None:
    cadence = Cadence()
    cadence.note_cut(NOON_NS, NOON_NS + 5 * MS)
    cadence.note_cut(NOON_NS + 20 * MS, NOON_NS + 80 * MS)
    assert cadence.delay_ns(NOON_NS + 80 * MS) == 10 * MS
    cadence.note_cut(NOON_NS + 100 * MS, NOON_NS + 160 * MS)
    assert cadence.delay_ns(NOON_NS + 160 * MS) == 20 * MS  # it was none, but the load


def test_no_tick_waits_longer_than_a_quarter_of_a_second() -> None:
    cadence = Cadence()
    cadence.note_cut(NOON_NS, NOON_NS + 5_000 * MS)
    assert cadence.delay_ns(NOON_NS + 5_000 * MS) == MAX_WAIT_NS == 250 * MS


@given(st.integers(1, 60 * MS), st.lists(st.floats(0, 2), max_size=50))
def test_under_load_cutting_takes_half_of_the_time(first_ns: int, growths: list[float]) -> None:
    costs_ns = list(accumulate(growths, lambda cost_ns, by: int(cost_ns * by), initial=first_ns))
    costs_ns = [min(cost_ns, MAX_WAIT_NS) for cost_ns in costs_ns]
    cadence = Cadence()
    now_ns = NOON_NS
    for cost_ns in costs_ns:  # there is always a tick that waits
        now_ns += cadence.delay_ns(now_ns)
        cadence.note_cut(now_ns, now_ns + cost_ns)
        now_ns += cost_ns
    now_ns += cadence.delay_ns(now_ns)
    assert 2 * sum(costs_ns) == now_ns - NOON_NS


@given(st.lists(st.integers(0, 49 * MS), min_size=2, max_size=50))
def test_a_fixed_interval_is_kept_whatever_cuts_cost(costs_ns: list[int]) -> None:
    cadence = Cadence(50 * MS)
    now_ns = NOON_NS
    began_ns = []
    for cost_ns in costs_ns:
        now_ns += cadence.delay_ns(now_ns)
        began_ns.append(now_ns)
        now_ns += cost_ns
        cadence.note_cut(began_ns[-1], now_ns)
    assert {later - earlier for earlier, later in pairwise(began_ns)} == {50 * MS}


@pytest.mark.parametrize("cost_ns", [50 * MS, 51 * MS, 400 * MS])
def test_a_cut_that_takes_longer_than_its_interval_is_followed_by_the_next(cost_ns: int) -> None:
    cadence = Cadence(50 * MS)
    cadence.note_cut(NOON_NS, NOON_NS + cost_ns)
    assert cadence.delay_ns(NOON_NS + cost_ns) == 0


def test_a_fixed_interval_may_be_longer_than_the_longest_wait() -> None:
    cadence = Cadence(1_000 * MS)
    cadence.note_cut(NOON_NS, NOON_NS + MS)
    assert cadence.delay_ns(NOON_NS + MS) == 999 * MS
