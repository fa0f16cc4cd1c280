"""Rows that do not jump may pass together: the clock shows what it shows when each passes alone."""

from hypothesis import given
from hypothesis import strategies as st

from feed.market.market_clock import LONGEST_STEP_NS, UNTIMED_NS, MarketClock

STEP = LONGEST_STEP_NS
TIMES = st.one_of(
    st.integers(0, 3 * STEP),
    st.sampled_from([UNTIMED_NS, 0, STEP, STEP + 1, 10 * STEP, 10 * STEP + 1]),
)


@given(st.lists(TIMES, max_size=60))
def test_rows_that_pass_together_move_the_clock_as_they_do_alone(times_ns: list[int]) -> None:
    alone, together = MarketClock(), MarketClock()
    expected: list[tuple[int, bool | None]] = []
    for index in range(len(times_ns)):
        begins = alone.pass_row(times_ns, index, last=True)
        expected.append((alone.now_ns, begins))
    found: list[tuple[int, bool | None]] = []
    while len(found) < len(times_ns):
        clocks_ns: list[int] = []
        passed = together.pass_steps(times_ns, len(found), clocks_ns)
        found += [(clock_ns, False) for clock_ns in clocks_ns]
        assert len(found) == passed
        if passed < len(times_ns):
            begins = together.pass_row(times_ns, passed, last=True)
            found.append((together.now_ns, begins))
    assert found == expected
