import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.market_clock import FOLLOWERS, LONGEST_STEP_NS, UNTIMED_NS, MarketClock
from feed.market.ticks import SECOND_NS

ABOUT = [*range(100, 120)]


def judge(*seconds: float) -> tuple[list[float], list[int]]:
    """Return what the clock shows after each row, and the rows that begin a pass."""
    clock = MarketClock()
    times_ns = [round(second * SECOND_NS) if second >= 0 else UNTIMED_NS for second in seconds]
    shown, passes = [], []
    for index in range(len(times_ns)):
        if clock.pass_row(times_ns, index, last=True):
            passes.append(index)
        shown.append(clock.now_ns / SECOND_NS if clock.now_ns != UNTIMED_NS else -1)
    return shown, passes


@pytest.mark.parametrize(
    ("seconds", "shown", "passes"),
    [
        ([1, 3, 2, 61, 4, 121], [1, 3, 3, 61, 61, 121], []),
        # Strays, ahead and back, and several in a row.
        ([*ABOUT, 9_000, 120, 121], [*ABOUT, 119, 120, 121], []),
        ([*ABOUT, 9, 120, 121], [*ABOUT, 119, 120, 121], []),
        ([*ABOUT, *[9_000] * 7, 120, 5], [*ABOUT, *[119] * 7, 120, 120], []),
        ([*ABOUT, *range(7), 120], [*ABOUT, *[119] * 7, 120], []),
        # Pauses, and markets in which little happens.
        ([*ABOUT, *range(9_000, 9_010)], [*ABOUT, *range(9_000, 9_010)], []),
        ([*range(0, 9_000, 90)], [*range(0, 9_000, 90)], []),
        ([0, 36_000], [0, 36_000], []),
        # The last row.
        ([*ABOUT, 9_000], [*ABOUT, 119], []),
        ([*ABOUT, 9_000, 9_001], [*ABOUT, 9_000, 9_001], []),
        ([*ABOUT, *range(500, 510), 900], [*ABOUT, *range(500, 510), 509], []),
        ([*ABOUT, *range(500, 510), 800], [*ABOUT, *range(500, 510), 800], []),
        # A first row that is wrong, and one before a pause that is not told from it.
        ([9_000, *ABOUT], [-1, *ABOUT], []),
        ([100, 9_000, *ABOUT], [100, 100, *ABOUT], []),
        ([9, *ABOUT, 9_000, 121], [-1, *ABOUT, 119, 121], []),
        # New passes, dense and sparse ones.
        ([*ABOUT, *range(10)], [*ABOUT, *range(10)], [20]),
        ([*range(0, 900, 90)] * 2, [*range(0, 900, 90)] * 2, [10]),
        ([*range(0, 72, 4)] * 2, [*range(0, 72, 4)] * 2, [18]),
        # What has no time moves nobody, and follows nobody.
        ([-1, 1, -1, 2, 500, -1, -1, 3], [-1, 1, 1, 2, 2, 2, 2, 3], []),
    ],
)
def test_the_clock_moves_by_rows_that_others_follow(
    seconds: list[float], shown: list[float], passes: list[int]
) -> None:
    assert judge(*seconds) == (shown, passes)


def test_a_jump_waits_for_the_rows_that_tell_whether_it_counts() -> None:
    clock = MarketClock()
    times_ns = [SECOND_NS * second for second in (1, 2, 3, 4, 5, 6, 7, 8, 9, 900)]
    assert clock.pass_row(times_ns[:8], 0, last=False) is None
    assert clock.now_ns == UNTIMED_NS
    assert [clock.pass_row(times_ns, index, last=False) for index in range(9)] == [False] * 9
    assert clock.pass_row(times_ns, 9, last=False) is None
    assert clock.now_ns == 9 * SECOND_NS
    times_ns += [901 * SECOND_NS] * FOLLOWERS
    assert clock.pass_row(times_ns, 9, last=False) is False
    assert clock.now_ns == 900 * SECOND_NS


@given(st.lists(st.integers(0, 20 * LONGEST_STEP_NS), min_size=1, max_size=50))
def test_the_clock_falls_only_where_a_pass_begins(times_ns: list[int]) -> None:
    clock = MarketClock()
    before_ns = UNTIMED_NS
    for index, time_ns in enumerate(times_ns):
        begins = clock.pass_row(times_ns, index, last=True)
        assert clock.now_ns in {before_ns, time_ns}
        if begins:
            assert time_ns == clock.now_ns < before_ns - LONGEST_STEP_NS
        else:
            assert clock.now_ns >= before_ns
        before_ns = clock.now_ns
