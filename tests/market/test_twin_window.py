"""An A/B pair: each tick once, whatever either side loses, repeats or delays."""

from collections import Counter
from dataclasses import astuple, replace

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.ticks import SECOND_NS, Tick
from feed.market.twin_window import SideCounts, TwinWindow
from tests.fakes.servers import bar, quote, status, trade, trades

A, B = 0, 1


class Pair:
    """A window, and what was told of it."""

    def __init__(self, window_s: int = 60, most_ticks: int = 1_000) -> None:
        self.window = TwinWindow(window_s * SECOND_NS, most_ticks)
        self.told: list[Tick] = []

    def give(self, side: int, *ticks: Tick, at_s: float = 0, numbered: bool = False) -> list[bool]:
        news = self.window.news(side, ticks, int(at_s * SECOND_NS), numbered=numbered)
        self.told += [tick for tick, new in zip(ticks, news, strict=True) if new]
        return news


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 3)), max_size=60))
def test_of_equal_ticks_as_many_are_told_as_the_side_gave_that_gave_most(
    arrivals: list[tuple[int, int]],
) -> None:
    pair, given_ = Pair(), (Counter[int](), Counter[int]())
    for side, number in arrivals:
        pair.give(side, replace(trade(number)))
        given_[side][number] += 1
        told = Counter(tick.trade_id for tick in pair.told if hasattr(tick, "trade_id"))
        assert told == given_[A] | given_[B], "the larger of both counts"


@pytest.mark.parametrize("tick", [trade(1), quote(1), bar(), status()])
def test_a_repeat_that_is_one_in_the_market_is_told_again(tick: Tick) -> None:
    pair = Pair()
    assert pair.give(A, tick, replace(tick)) == [True, True]
    assert pair.give(B, replace(tick), replace(tick), replace(tick)) == [False, False, True]
    assert pair.give(A, replace(tick)) == [False]


@pytest.mark.parametrize(
    "other",
    [
        replace(trade(1), price=1.5),
        replace(trade(1), symbol="MSFT"),
        replace(trade(1), event_ns=5),
        replace(trade(1), trade_id=2),
        replace(trade(1), conditions=()),
    ],
)
def test_ticks_that_differ_in_anything_are_two(other: Tick) -> None:
    pair = Pair()
    assert [*pair.give(A, trade(1)), *pair.give(B, other)] == [True, True]


def test_numbers_of_our_own_do_not_part_the_trades_of_two_sides() -> None:
    pair = Pair()
    assert pair.give(A, trade(1), numbered=True) == [True]
    assert pair.give(B, replace(trade(1), trade_id=77), numbered=True) == [False]


def test_a_side_that_was_cut_and_one_that_is_late_leave_no_hole_and_no_double() -> None:
    pair, market = Pair(), trades(1, 600)  # ten a second, for a minute
    late: list[tuple[float, Tick]] = []
    for number, tick in enumerate(market):
        at_s = number / 10
        if not 10 <= at_s < 20:  # A is cut for ten seconds, and what it had then is lost
            pair.give(A, replace(tick), at_s=at_s)
        if at_s < 30:
            pair.give(B, replace(tick), at_s=at_s)
        else:  # from then on B is seven seconds late
            late.append((at_s + 7, tick))
        while late and late[0][0] <= at_s:
            pair.give(B, replace(late.pop(0)[1]), at_s=at_s)
    assert pair.told == market
    first, second = pair.window.counts
    assert (first.firsts, first.repeats) == (500, 0)
    assert (second.firsts, second.repeats) == (100, 430), "what A had lost, and what it had told"


def test_what_a_side_never_gives_is_forgotten_and_counted_as_missed() -> None:
    pair = Pair(window_s=10)
    pair.give(A, *trades(1, 5), at_s=0)
    pair.give(B, *trades(1, 2), at_s=10)
    assert len(pair.window) == 3
    pair.give(A, trade(6), at_s=11)
    assert len(pair.window) == 1
    assert astuple(pair.window.counts[B]) == astuple(SideCounts(0, 2, 3))
    assert pair.give(B, trade(3), at_s=11) == [True], "later than the window: a double, no hole"


def test_no_more_is_remembered_than_is_allowed() -> None:
    pair = Pair(most_ticks=10)
    pair.give(A, *trades(1, 1_000))
    assert len(pair.window) == 10
    assert pair.window.counts[B].missed == 990
    assert pair.give(B, *trades(991, 1_000)) == [False] * 10
    assert len(pair.window) == 0, "what both have given needs no memory"


def test_another_process_goes_on_where_a_window_stood() -> None:
    before, after = TwinWindow(), TwinWindow()
    told: list[Tick] = [trade(1), quote(2), bar(), status()]
    before.news(0, told, 0)
    after.restore(msgpack.unpackb(msgpack.packb(before.state())))
    assert after.news(1, told, 1) == [False] * len(told)
    assert not after
