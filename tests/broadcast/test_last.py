"""Subscribers that begin so many ticks back: which ticks these are, and the work to find them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.ring import RingBuffer
from feed.broadcast.search import Search
from feed.broadcast.segments import SEGMENT_TICKS, Segments
from feed.market.ticks import Channel, Kind, Tick
from feed.market.wildcards import marked
from feed.wire.messages import GapReason
from feed.wire.rfc3339 import rfc3339
from feed.wire.selection import Selection
from tests.broadcast.test_rewind import heard, stage_of_seconds
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels, select
from tests.fakes.stage import Stage
from tests.fakes.strategies import examples
from tests.fakes.ways import WAYS, Way, way_name

KEYS = st.tuples(st.sampled_from([Kind.TRADE, Kind.QUOTE]), st.sampled_from(["A", "B", "C/D"]))
WANTED = st.sampled_from(
    [
        EVERYTHING,
        of_channels(trades=["A"]),
        of_channels(trades=["A", "B"], quotes=["C/D"]),
        of_channels(quotes="*", trades=["C/D"]),
        of_channels(trades=marked(["C/*"])),
        of_channels(bars=["A"]),
    ]
)


@given(
    runs=st.lists(st.lists(KEYS, max_size=6) | st.integers(1, 5), max_size=12),
    wanted=WANTED,
    last=st.integers(1, 20),
    turn_ticks=st.integers(1, 20),
)
@settings(max_examples=examples(300))
def test_the_last_ticks_are_those_of_a_plain_list(
    runs: list[list[tuple[Kind, str]] | int], wanted: Selection, last: int, turn_ticks: int
) -> None:
    ring = RingBuffer(16)
    kept: list[Tick] = []
    for run in runs:
        if isinstance(run, int):
            ring.skip(ring.newest + run, GapReason.LOST, 0)
            continue
        ticks = [numbered(ring.newest + place, *key) for place, key in enumerate(run, 1)]
        kept += ticks
        if ticks:
            ring.publish(ticks, 0)
    held = [tick for tick in kept if tick.event_ns >= ring.oldest]
    due = select(wanted, held)[-last:]
    segments = Segments(ring, ticks=4)
    search = Search(ring, segments, wanted, last, ring.newest)
    while not search.advance(ring.oldest, turn_ticks):
        pass
    behind = [tick for tick in held if tick.event_ns > search.reached]
    assert select(wanted, behind) == due
    assert search.missing == last - len(due)
    assert search.since_ns == (due[0].event_ns if due else None)


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_whoever_asks_for_the_last_gets_them_and_then_all(way: Way) -> None:
    stage = Stage()
    for _ in range(5):
        stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]), way, marks=True, last=3)
    ticks, warnings = heard(member)
    assert [each for each in ticks if isinstance(each, int)] == [5, 7, 9]
    assert ticks[0] == "mark stage-4"
    assert not warnings
    stage.publish_and_cut("AAPL")
    assert 11 in heard(member)[0]


def test_fewer_than_that_many_are_told() -> None:
    stage = stage_of_seconds(5)
    ticks, [warning] = heard(stage.join(last=8))
    assert ticks == [1, 2, 3, 4, 5]
    assert (warning["reason"], warning["count"]) == ("rewind", 5)
    assert warning["since"] == rfc3339(1)  # the time of the tick
    assert "last 8 ticks" in warning["msg"]


def test_none_of_them_is_told_too() -> None:
    stage = stage_of_seconds(5)
    ticks, [warning] = heard(stage.join(of_channels(trades=["NONE"]), last=8))
    assert ticks == []
    assert warning["count"] == 0
    assert "since" not in warning


def test_a_state_comes_after_them() -> None:
    stage = stage_of_seconds(5)
    ticks, _ = heard(stage.join(last=2, snapshot=True))
    assert ticks == [4, 5, "begin stage-5", 5, "end stage-5"]


def test_of_conflated_channels_the_newest_of_them_comes() -> None:
    stage = stage_of_seconds(5)
    conflated = Selection.of({Channel.TRADES: ["*"]}, {Channel.TRADES: 250})
    assert heard(stage.join(conflated, last=2)) == ([5], [])


def test_only_what_is_subscribed_to_just_now_goes_back() -> None:
    stage = Stage()
    member = stage.seat(of_channels(trades=["A"]))
    for _ in range(4):
        stage.publish_and_cut("A", "B")
    heard(member)
    stage.subscribe(member, of_channels(trades=["B"]), last=2)
    stage.publish_and_cut("A", "B")  # while it is not looked for yet
    stage.catch_up(member)
    assert heard(member)[0] == [6, 8, 9, 10]


def test_what_is_given_up_meanwhile_is_not_looked_for() -> None:
    stage = Stage()
    for _ in range(4):
        stage.publish_and_cut("A", "B")
    member = stage.open(of_channels(trades=["A", "B"]))
    stage.begin(member, of_channels(trades=["A", "B"]), last=2)
    stage.unsubscribe(member, of_channels(trades=["B"]))
    stage.catch_up(member)
    assert heard(member)[0] == [5, 7]


def test_a_symbol_that_hardly_ticks_is_looked_for_in_turns() -> None:
    capacity = 1 << 15
    stage = Stage(capacity)
    for number in range(capacity // SEGMENT_TICKS):
        stage.publish_and_cut("RARE" if number == 2 else "A", *["A"] * (SEGMENT_TICKS - 1))
    member = stage.open(of_channels(trades=["RARE"]))
    stage.begin(member, of_channels(trades=["RARE"]), last=1)
    segments, turns = stage.broadcast.fragments.segments, 0
    ticks: list[str | int] = []
    while not ticks:
        before = segments.walked_ticks
        stage.catch_up(member, most_frames=1)
        assert segments.walked_ticks - before < 2 * TURN_TICKS
        ticks, turns = heard(member)[0], turns + 1
    assert ticks == [2 * SEGMENT_TICKS + 1]
    assert 2 < turns < 40
    assert not member.subscriber.live  # the rest of the ring is looked at in turns, too


def test_a_ring_that_goes_on_meanwhile_is_told() -> None:
    stage = Stage(1 << 12, turn_ticks=SEGMENT_TICKS)
    for _ in range((1 << 12) // SEGMENT_TICKS):
        stage.publish_and_cut("RARE", *["A"] * (SEGMENT_TICKS - 1))
    member = stage.open(of_channels(trades=["RARE"]))
    stage.begin(member, of_channels(trades=["RARE"]), last=8)
    stage.catch_up(member, most_frames=1)
    stage.publish_and_cut(*["A"] * (1 << 11))  # it had four of them before it
    stage.catch_up(member)
    ticks, [warning] = heard(member)
    assert ticks == [number * SEGMENT_TICKS + 1 for number in range(4, 8)]
    assert warning["count"] == 4
