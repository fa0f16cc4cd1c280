"""The offset of another machine's monotonic clock."""

import pytest

from feed.wire.clock_offset import LONGEST_WAY_NS, ClockOffset

S = 1_000_000_000
MS = 1_000_000
WALL_NS = 1_764_460_800 * S


def begun(way_ns: int, wrong_ns: int = 0) -> ClockOffset:
    """Return an offset of a clock that is 70 s behind ours, on a machine whose day is wrong."""
    offset = ClockOffset()
    offset.begin(30 * S, WALL_NS + wrong_ns, 100 * S + way_ns, WALL_NS + way_ns)
    return offset


@pytest.mark.parametrize("way_ns", [0, 3 * MS, LONGEST_WAY_NS])
def test_times_of_day_that_are_right_tell_how_long_a_word_was_under_way(way_ns: int) -> None:
    assert begun(way_ns).ahead_ns == 70 * S


@pytest.mark.parametrize("wrong_ns", [3_600 * S, -3_600 * S, 4 * MS, -LONGEST_WAY_NS])
def test_times_of_day_that_cannot_be_right_are_not_believed(wrong_ns: int) -> None:
    assert begun(3 * MS, wrong_ns).ahead_ns == 70 * S + 3 * MS


def test_nothing_is_heard_before_it_was_said() -> None:
    offset = begun(50 * MS, 3_600 * S)
    offset.hear(31 * S, 101 * S + 5 * MS)
    assert offset.ahead_ns == 70 * S + 5 * MS
    offset.hear(32 * S, 102 * S + 500 * MS)  # it has waited somewhere
    assert 0 <= offset.ahead_ns - (70 * S + 5 * MS) < MS


def test_clocks_that_drift_are_followed() -> None:
    offset = begun(0)
    for second in range(1, 10_001):
        sent_ns = 30 * S + second * S
        offset.hear(sent_ns, 100 * S + second * S + second * 50_000)  # 50 parts in a million
    assert abs(offset.ahead_ns - (70 * S + 500 * MS)) <= MS


def test_another_connection_to_the_same_clock_goes_on_with_what_is_known() -> None:
    offset = begun(3 * MS)
    offset.begin(40 * S, WALL_NS + 10 * S, 112 * S, WALL_NS + 12 * S)  # it has waited somewhere
    assert 0 <= offset.ahead_ns - 70 * S <= 2 * MS  # it creeps


def test_another_connection_to_another_clock_begins_anew() -> None:
    offset = begun(3 * MS)
    offset.begin(7 * S, WALL_NS + 10 * S, 110 * S, WALL_NS + 10 * S)
    assert offset.ahead_ns == 103 * S
