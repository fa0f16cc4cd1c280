"""The recent course of a price, and how it is drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.ticks import MINUTE_NS, SECOND_NS
from feed.terminal.course import CAPACITY, LEVELS, WINDOW_NS, Course, sparkline


def course_of(*points: tuple[int, float]) -> Course:
    """Return a course of (second, price)."""
    course = Course()
    for second, price in points:
        course.push(second * SECOND_NS, price)
    return course


def test_prices_within_a_step_are_one_point_with_the_last_price() -> None:
    course = Course()
    course.push(0, 1.0)
    course.push(SECOND_NS - 1, 2.0)
    course.push(SECOND_NS, 3.0)
    assert (course.times_ns, course.prices) == ([0, SECOND_NS], [2.0, 3.0])


def test_a_time_that_goes_back_counts_as_the_last_one() -> None:
    course = course_of((10, 1.0), (5, 2.0))
    assert (course.times_ns, course.prices) == ([10 * SECOND_NS], [2.0])


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    course = course_of((0, 1.0), (1, 2.0))
    course.push(WINDOW_NS + SECOND_NS, 3.0)
    assert course.prices == [2.0, 3.0]
    assert course.first == 2.0


@given(st.integers(1, 2_000))
def test_however_many_points_come_a_few_are_kept_and_the_newest_is_among_them(count: int) -> None:
    course = course_of(*((second, float(second)) for second in range(count)))
    assert len(course.prices) == len(course.times_ns) <= CAPACITY
    # A thinned course takes new points at its step, so the newest price replaces the last point's.
    assert course.prices[-1] == count - 1
    assert course.times_ns == sorted(set(course.times_ns))
    assert course.times_ns[0] == 0


def test_the_past_is_put_in_front_without_what_is_there_already() -> None:
    course = course_of((10, 5.0), (11, 6.0))
    course.seed([(0, 1.0), (9 * SECOND_NS, 4.0), (10 * SECOND_NS, 99.0), (11 * SECOND_NS, 99.0)])
    assert course.prices == [1.0, 4.0, 5.0, 6.0]


def test_the_past_of_nothing_is_all_there_is() -> None:
    course = Course()
    course.seed([(0, 1.0), (SECOND_NS, 2.0)])
    assert course.prices == [1.0, 2.0]


def test_a_past_beyond_an_hour_is_not_taken() -> None:
    course = course_of((0, 5.0))
    course.seed([(-WINDOW_NS - 1, 1.0), (-WINDOW_NS, 2.0)])
    assert course.prices == [2.0, 5.0]


def test_a_copy_does_not_change_with_its_original() -> None:
    course = course_of((0, 1.0))
    copy = course.copy()
    course.push(5 * SECOND_NS, 2.0)
    assert (copy.prices, course.prices) == ([1.0], [1.0, 2.0])


DRAWN = [
    ("nothing is known", [], 8, ""),
    ("no room", [(0, 1.0)], 0, ""),
    ("one price is at the right", [(0, 1.0)], 4, "   ▁"),
    ("up", [(0, 1.0), (1, 2.0), (2, 3.0), (3, 8.0)], 4, "▁▂▃█"),
    ("a price stands until the next", [(0, 1.0), (3, 8.0)], 4, "▁▁▁█"),
    ("young courses are not stretched", [(0, 1.0), (1, 8.0)], 6, "    ▁█"),
    ("flat is low", [(0, 2.0), (3, 2.0)], 4, "▁▁▁▁"),
    ("the last price of a character's time", [(0, 1.0), (8, 9.0), (9, 5.0), (30, 5.0)], 2, "▅▅"),
]


@pytest.mark.parametrize(
    ("points", "width", "drawn"), [case[1:] for case in DRAWN], ids=[case[0] for case in DRAWN]
)
def test_a_course_is_drawn_as_blocks(
    points: list[tuple[int, float]], width: int, drawn: str
) -> None:
    times_ns = [second * SECOND_NS for second, _ in points]
    assert sparkline(times_ns, [price for _, price in points], width) == drawn


@given(
    st.lists(st.integers(1, MINUTE_NS), min_size=1, max_size=CAPACITY),
    st.data(),
    st.integers(1, 60),
)
def test_a_drawing_is_as_wide_as_asked_and_ends_with_the_newest_price(
    gaps_ns: list[int], data: st.DataObject, width: int
) -> None:
    times_ns = [sum(gaps_ns[: at + 1]) for at in range(len(gaps_ns))]
    prices = data.draw(
        st.lists(st.floats(1e-9, 1e9), min_size=len(times_ns), max_size=len(times_ns))
    )
    drawn = sparkline(times_ns, prices, width)
    assert len(drawn) == width
    assert set(drawn.lstrip(" ")) <= set(LEVELS)
    if prices[-1] == max(prices) > min(prices):
        assert drawn[-1] == LEVELS[-1]
    if prices[-1] == min(prices):
        assert drawn[-1] == LEVELS[0]


@pytest.mark.parametrize(
    ("prices", "drawn"),
    [([-1e308, 0.0, 1e308], "▁▅█"), ([0.0, 5e-324, 0.0], "▁▁▁"), ([-37.5, -37.0, -36.73], "▁▆█")],
)
def test_prices_of_any_size_and_sign_are_drawn(prices: list[float], drawn: str) -> None:
    assert sparkline([0, SECOND_NS, 2 * SECOND_NS], prices, 3) == drawn
