"""Holes of the ring: what subscribers are told of sequences that no event will ever have."""

from collections.abc import Sequence

import pytest

from feed.broadcast.segments import SEGMENT_TICKS
from feed.market.symbols import ALL
from feed.market.ticks import Kind
from feed.wire.disconnect import Reason
from feed.wire.messages import GapReason
from feed.wire.request_fields import OnLag
from tests.fakes.conflation import conflated
from tests.fakes.hearing import at, hears, is_live
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import Stage
from tests.fakes.ways import SOCKET, SSE, STREAM, WAYS, Way, way_name

MS = 1_000_000


def restarted(
    *runs: Sequence[str] | int, capacity: int = 64, lag_max_ticks: int | None = None
) -> Stage:
    """Return a stage whose ring was taken up: runs of symbols that ticked, and lengths of holes."""
    stage = Stage(capacity, lag_max_ticks=lag_max_ticks)
    for run in runs:
        if isinstance(run, int):
            stage.ring.skip(stage.ring.newest + run, GapReason.LOST, stage.now_ns)
            stage.broadcast.cut_sequence = stage.ring.newest
        else:
            stage.publish_and_cut(*run)
    return stage


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_whoever_comes_back_from_before_a_hole_is_told_it_between_the_ticks(way: Way) -> None:
    stage = restarted(["AAPL", "MSFT"], 3, ["AAPL"])
    member = stage.join(EVERYTHING, way, after=at(1))
    assert hears(member) == [2, "gap stage-3 stage-5 lost", 6]
    assert is_live(member)
    stage.publish_and_cut("MSFT")
    assert hears(member) == [7]


@pytest.mark.parametrize("way", [SOCKET, SSE, STREAM], ids=way_name)
def test_whoever_comes_back_from_within_a_hole_is_told_the_rest_of_it(way: Way) -> None:
    stage = restarted(["AAPL"], 5)
    member = stage.join(EVERYTHING, way, after=at(4))
    assert hears(member) == ["gap stage-5 stage-6 lost"]
    assert is_live(member)
    stage.publish_and_cut("MSFT")
    assert hears(member) == [7]


def test_whoever_stands_behind_a_hole_is_told_nothing_of_it() -> None:
    stage = restarted(["AAPL"], 5, ["AAPL"])
    assert hears(stage.join(EVERYTHING, SOCKET, after=at(6))) == [7]


def test_who_selects_little_is_told_a_hole_as_well() -> None:
    # Nobody knows what would have been in it.
    stage = restarted(["AAPL", "MSFT"], 3, ["MSFT"])
    assert hears(stage.join(of_channels(trades=["AAPL"]), SOCKET, after=at(1))) == [
        "gap stage-3 stage-5 lost"
    ]


def test_a_hole_is_no_lag_and_disconnects_nobody() -> None:
    stage = restarted(["AAPL"] * 4, 1_000, ["AAPL"], capacity=1 << 11, lag_max_ticks=5)
    member = stage.join(EVERYTHING, SOCKET, after=at(0), on_lag=OnLag.DISCONNECT)
    assert hears(member) == [1, 2, 3, 4, "gap stage-5 stage-1004 lost", 1_005]
    assert member.ended is None
    assert (stage.counts.lagging, stage.counts.overruns) == (0, 0)


def test_a_hole_that_is_longer_than_the_ring_disconnects_nobody_who_stood_before_it() -> None:
    stage = restarted(["AAPL"] * 4, 1_000, ["AAPL"], capacity=8)
    member = stage.join(EVERYTHING, SOCKET, after=at(4), on_lag=OnLag.DISCONNECT)
    assert hears(member) == ["gap stage-5 stage-1004 lost", 1_005]
    assert member.ended is not Reason.LAGGING


def test_the_lag_of_a_subscriber_is_without_holes() -> None:
    stage = restarted(["AAPL"] * 2, 10, ["AAPL"] * 3)
    member = stage.open(EVERYTHING, SOCKET)
    stage.begin(member, EVERYTHING, after=at(0))
    assert member.subscriber.lag_ticks == 5


def test_a_past_that_is_asked_for_across_a_hole_is_told_it_before_what_follows() -> None:
    stage = restarted(["AAPL", "MSFT"], 2, ["MSFT"])
    member = stage.join(of_channels(trades=["AAPL"]), SOCKET)
    hears(member)
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(1))
    stage.catch_up(member)
    assert hears(member) == [2, "gap stage-3 stage-4 lost", 5]


def test_conflated_channels_are_told_a_hole_and_the_newest_of_all_that_is_known() -> None:
    stage = restarted([], 0)
    stage.publish_and_cut((Kind.QUOTE, "AAPL"))
    stage.now_ns += 10_000 * MS
    stage.publish_and_cut((Kind.QUOTE, "MSFT"))
    stage.ring.skip(9, GapReason.LOST, stage.now_ns)
    stage.broadcast.cut_sequence = 9
    stage.publish_and_cut((Kind.QUOTE, "AAPL"), (Kind.QUOTE, "AAPL"))
    selection = conflated({"quotes": 250}, quotes=[ALL])
    assert hears(stage.join(selection, SOCKET, after=at(2))) == [
        "gap stage-3 stage-9 lost",
        11,
        2,
    ]


@pytest.mark.parametrize("reads", [1, 2])
def test_a_hole_within_a_segment_moves_no_fragment_to_another_sequence(reads: int) -> None:
    stage = restarted(["AAPL"] * 100, 700, ["MSFT"] * (SEGMENT_TICKS + 100), capacity=1 << 12)
    for _ in range(reads):  # the second reader gets what is remembered
        told = hears(stage.join(of_channels(trades=["AAPL", "MSFT"]), SOCKET, after=at(50)))
        assert told == [*range(51, 101), "gap stage-101 stage-800 lost", *range(801, 1_413)]
