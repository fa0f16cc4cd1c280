"""Subscribers that begin at a time: what they get, and what they are told is not held."""

import pytest

from feed.market.ticks import SECOND_NS, Channel, Kind
from feed.wire.beginning import Ago, Moment
from feed.wire.rfc3339 import rfc3339
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.hearing import told
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import Member, Stage
from tests.fakes.ways import WAYS, Way, way_name

WALL_NS = 1_795_780_800 * SECOND_NS


def stage_of_seconds(count: int, capacity: int = 64) -> Stage:
    """Return a stage where a tick came each second, beginning with 1; it is `count` now."""
    stage = Stage(capacity)
    stage.wall_ahead_ns = WALL_NS
    for _ in range(count):
        stage.now_ns += SECOND_NS
        stage.publish_and_cut("AAPL")
    return stage


def heard(member: Member) -> tuple[list[str | int], list[Object]]:
    """Return in short what a member heard but for warnings, and these."""
    objects = member.take_objects()
    warnings = [item for item in objects if item["T"] == "warning"]
    return told(item for item in objects if item["T"] != "warning"), warnings


def moment(ns: int) -> Moment:
    return Moment(ns, rfc3339(ns))


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_a_while_ago_gives_what_was_ingested_since_then(way: Way) -> None:
    stage = stage_of_seconds(10)
    member = stage.join(EVERYTHING, way, marks=True, after=Ago(3 * SECOND_NS))
    ticks, warnings = heard(member)
    assert [each for each in ticks if isinstance(each, int)] == [7, 8, 9, 10]
    assert ticks[0] == "mark stage-6"  # cut off before the first tick, it can come back for it
    assert not warnings
    stage.publish_and_cut("AAPL")
    assert 11 in heard(member)[0]


@pytest.mark.parametrize("ahead_ns", [0, 1, SECOND_NS // 2])
def test_a_time_gives_the_same_and_a_tick_of_that_very_time_is_among_them(ahead_ns: int) -> None:
    stage = stage_of_seconds(10)
    ticks, _ = heard(stage.join(after=moment(WALL_NS + 7 * SECOND_NS + ahead_ns)))
    assert ticks == ([7, 8, 9, 10] if not ahead_ns else [8, 9, 10])


def test_a_wall_clock_that_stepped_is_understood_as_of_now() -> None:
    stage = stage_of_seconds(10)
    stage.wall_ahead_ns += 3_600 * SECOND_NS
    assert heard(stage.join(after=Ago(2 * SECOND_NS)))[0] == [8, 9, 10]
    ticks, _ = heard(stage.join(after=moment(stage.wall_ns - 2 * SECOND_NS)))
    assert ticks == [8, 9, 10]


def test_what_is_not_held_any_more_is_told_with_the_time_from_when_on_it_is() -> None:
    stage = stage_of_seconds(20, capacity=8)
    for after in (Ago(15 * SECOND_NS), moment(WALL_NS + 5 * SECOND_NS)):
        ticks, warnings = heard(stage.join(after=after))
        assert ticks == list(range(13, 21))
        [warning] = warnings
        assert (warning["reason"], warning["names"], warning["count"]) == ("rewind", [], 0)
        assert warning["since"] == rfc3339(WALL_NS + 13 * SECOND_NS)
        assert warning["since"] in warning["msg"]
        assert str(after) in warning["msg"]
    assert not heard(stage.join(after=Ago(7 * SECOND_NS)))[1]


def test_a_time_to_come_begins_now_and_is_told() -> None:
    stage = stage_of_seconds(3)
    member = stage.join(after=moment(stage.wall_ns + 1))
    ticks, [warning] = heard(member)
    assert ticks == []
    assert warning["since"] == rfc3339(stage.wall_ns)
    assert "later than now" in warning["msg"]
    stage.publish_and_cut("AAPL")
    assert heard(member)[0] == [4]


def test_an_empty_ring_has_nothing_to_give_and_nothing_to_miss() -> None:
    member = Stage().join(after=Ago(SECOND_NS))
    assert heard(member) == ([], [])
    assert member.subscriber.live


def test_what_waits_for_a_cut_comes_once() -> None:
    stage = stage_of_seconds(3)
    stage.now_ns += SECOND_NS
    stage.publish("AAPL")
    member = stage.join(after=Ago(0))
    assert heard(member)[0] == []
    stage.cut()
    assert heard(member)[0] == [4]


def test_more_lag_than_is_allowed_is_not_gone_back_for() -> None:
    stage = Stage(64, lag_max_ticks=4)
    for _ in range(10):
        stage.now_ns += SECOND_NS
        stage.publish_and_cut("AAPL")
    ticks, [warning] = heard(stage.join(after=Ago(9 * SECOND_NS)))
    assert ticks == [7, 8, 9, 10]
    assert warning["since"] == rfc3339(7 * SECOND_NS)


def test_conflated_channels_come_as_the_newest_since_then() -> None:
    stage = stage_of_seconds(10)
    conflated = Selection.of({Channel.TRADES: ["*"]}, {Channel.TRADES: 250})
    [trade], warnings = heard(stage.join(conflated, after=Ago(3 * SECOND_NS)))
    assert trade == 10
    assert not warnings


def test_an_overrun_ring_is_told_to_conflated_channels_by_the_warning_alone() -> None:
    stage = stage_of_seconds(20, capacity=8)
    conflated = Selection.of({Channel.TRADES: ["*"]}, {Channel.TRADES: 250})
    ticks, warnings = heard(stage.join(conflated, after=Ago(15 * SECOND_NS)))
    assert ticks == [20]
    assert len(warnings) == 1


def test_only_what_is_subscribed_to_just_now_goes_back() -> None:
    stage = stage_of_seconds(0)
    member = stage.seat(of_channels(trades=["AAPL"]))
    for _ in range(5):
        stage.now_ns += SECOND_NS
        stage.publish_and_cut((Kind.TRADE, "AAPL"), (Kind.TRADE, "MSFT"))
    assert heard(member)[0] == [1, 3, 5, 7, 9]
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=Ago(SECOND_NS))
    stage.catch_up(member)
    stage.publish_and_cut("MSFT", "AAPL")
    assert heard(member)[0] == [8, 10, 11, 12]
