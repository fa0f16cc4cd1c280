"""Conflation through the broadcast, by example; by a model in test_conflated_channels_model.py."""

from collections.abc import Iterable
from itertools import pairwise

import pytest

from feed.broadcast.segments import SEGMENT_TICKS
from feed.wire.disconnect import Reason
from feed.wire.request_fields import OnLag
from tests.fakes.conflation import (
    MS,
    QUOTES_BESIDE_TRADES,
    TRADES,
    change,
    conflated,
    pass_time,
    publish,
    quote,
    subscribe_again,
    trade,
)
from tests.fakes.frame_reader import Object
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Stage
from tests.fakes.ways import WAYS, Way, way_name


def ranges(objects: Iterable[Object]) -> list[tuple[str, int, int, int]]:
    """Return symbol, first and last trade, and their number, of conflated trades."""
    return [(item["S"], item["fi"], item["i"], item["n"]) for item in objects if "n" in item]


def test_a_tick_after_silence_waits_for_the_end_of_its_own_interval() -> None:
    stage = Stage()
    member = stage.join(TRADES)
    pass_time(stage, 350)
    publish(stage, trade(1))
    assert member.take() == []
    pass_time(stage, 399)
    publish(stage, trade(2))
    assert member.take() == []
    pass_time(stage, 400)
    assert ranges(member.take_objects()) == [("A", 1, 2, 2)]


@pytest.mark.parametrize("intervals_ms", [{}, {"trades": 50}])
def test_a_channel_that_goes_on_without_its_interval_tells_what_it_has_collected(
    intervals_ms: dict[str, int],
) -> None:
    stage = Stage()
    member = stage.join(TRADES)
    pass_time(stage, 310)
    publish(stage, trade(1), trade(2))
    assert member.take() == []
    change(stage, member, conflated(intervals_ms, trades="*"))
    assert ranges(member.take_objects()) == [("A", 1, 2, 2)]
    publish(stage, trade(3))
    pass_time(stage, 400)
    (told,) = member.take_objects()
    assert (told["i"], told.get("n")) == (3, 1 if intervals_ms else None)


@pytest.mark.parametrize("step_ms", [-3_600_000, -10_000, -1, 60, 3_600_000])
def test_a_time_of_day_that_steps_silences_no_channel(step_ms: int) -> None:
    stage = Stage(1 << 12)
    stage.wall_ahead_ns = 1_700_000_000_000 * MS
    member = stage.join(TRADES)
    told_ms: list[int] = []
    for number in range(1, 201):
        pass_time(stage, 10 * number)
        if number == 100:
            stage.wall_ahead_ns += step_ms * MS
        if member.take():
            told_ms.append(stage.now_ns // MS)
        publish(stage, trade(number))
    between = [later - earlier for earlier, later in pairwise(told_ms)]
    assert min(between) >= 50
    assert max(between) <= 150
    assert sum(gap == 100 for gap in between) >= len(between) - 2
    assert all(told % 100 == told_ms[-1] % 100 for told in told_ms[-8:])


def test_a_time_of_day_that_runs_slow_silences_no_channel() -> None:
    stage = Stage(1 << 12)
    stage.wall_ahead_ns = 1_700_000_000_000 * MS
    member = stage.join(TRADES)
    told = 0
    for number in range(1, 1_001):
        pass_time(stage, 10 * number)
        stage.wall_ahead_ns -= MS // 100  # a millisecond a second
        told += bool(member.take())
        publish(stage, trade(number))
    assert told in range(98, 102)


def test_a_batch_that_took_longer_than_the_interval_waits_for_no_other() -> None:
    stage = Stage()
    member = stage.join(TRADES)
    stage.publish_ticks([trade(1)])
    stage.now_ns = 140 * MS
    publish(stage, trade(2))
    assert ranges(member.take_objects()) == [("A", 1, 2, 2)]


def test_intervals_follow_each_other_at_multiples_of_their_length() -> None:
    stage = Stage()
    stage.now_ns = 1_234 * MS
    member = stage.join(TRADES)
    told_ms = []
    for number in range(1, 31):
        stage.now_ns += 17 * MS
        publish(stage, trade(number))
        pass_time(stage, stage.now_ns // MS)
        if member.take():
            told_ms.append(stage.now_ns // MS)
    assert [ms // 100 for ms in told_ms] == [13, 14, 15, 16, 17]


def test_members_that_came_at_different_times_share_a_lane_and_its_bytes() -> None:
    stage = Stage()
    first = stage.join(TRADES)
    pass_time(stage, 30)
    publish(stage, trade(1))
    pass_time(stage, 70)
    second = stage.join(TRADES)
    assert first.subscriber.lane is second.subscriber.lane
    publish(stage, trade(2))
    pass_time(stage, 100)
    (frame,) = first.socket.written
    assert second.socket.written == [frame]
    assert second.socket.written[0] is frame
    assert ranges(first.take_objects()) == [("A", 1, 2, 2)]


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_quotes_are_conflated_beside_lossless_trades(way: Way) -> None:
    stage = Stage()
    member = stage.join(QUOTES_BESIDE_TRADES, way)
    member.take()  # where it begins
    publish(stage, trade(1), quote(2))
    publish(stage, quote(3), quote(4, "B"), trade(5))
    told = member.take_objects()
    assert [item["i"] for item in told] == [1, 5]
    assert not any("n" in item for item in told)
    pass_time(stage, 100)
    told = member.take_objects()
    assert [(item["T"], item["S"], item["bp"]) for item in told] == [
        ("q", "A", 3.0),
        ("q", "B", 4.0),
    ]


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_a_conflated_trade_says_what_it_stands_for_in_every_codec(way: Way) -> None:
    stage = Stage()
    member = stage.join(TRADES, way)
    member.take()  # where it begins
    publish(stage, trade(1, price=10.0, size=2.0), trade(2, price=14.0), trade(3, price=12.0))
    pass_time(stage, 100)
    (told,) = member.take_objects()
    expected = {"fi": 1, "i": 3, "p": 12.0, "s": 1.0, "n": 3, "h": 14.0, "l": 10.0, "v": 4.0}
    assert {key: told[key] for key in expected} == expected
    assert told["vw"] == (20.0 + 14.0 + 12.0) / 4.0


def test_two_intervals_of_one_subscription_keep_their_own_time() -> None:
    stage = Stage()
    member = stage.join(conflated({"trades": 50, "quotes": 100}, trades="*", quotes="*"))
    publish(stage, trade(1), quote(2))
    pass_time(stage, 50)
    assert [item["T"] for item in member.take_objects()] == ["t"]
    publish(stage, trade(3))
    pass_time(stage, 100)
    assert [item["T"] for item in member.take_objects()] == ["t", "q"]


def test_a_conflated_cut_while_a_member_is_held_is_restated_to_it() -> None:
    stage = Stage()
    member = stage.join(TRADES)
    publish(stage, trade(1), trade(2, "B"))
    subscribe_again(stage, member, snapshot=True)  # as a subscribe does, and its state takes time
    pass_time(stage, 100)
    publish(stage, trade(3))
    stage.catch_up(member)
    told = [item for item in member.take_objects() if "n" in item]
    assert {item["S"]: item["i"] for item in told} == {"A": 3, "B": 2}


def test_a_conflated_cut_while_a_restatement_is_under_way_is_restated_too() -> None:
    stage = Stage()
    member = stage.join(TRADES)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    publish(stage, trade(1))
    pass_time(stage, 100)
    member.socket.held_bytes = 0
    stage.catch_up(member, most_frames=1)
    publish(stage, trade(2, "B"))
    pass_time(stage, 200)
    stage.catch_up(member)
    told = [item for item in member.take_objects() if "n" in item]
    assert {(item["S"], item["i"]) for item in told} == {("A", 1), ("B", 2)}
    assert member.subscriber.live


def test_nothing_is_restated_where_nothing_was_missed() -> None:
    stage = Stage()
    member = stage.join(TRADES)
    publish(stage, trade(1))
    pass_time(stage, 100)
    member.take()
    subscribe_again(stage, member, snapshot=False)
    publish(stage, trade(2))
    stage.catch_up(member)
    assert member.take() == [], "it is told at the end of the interval"
    pass_time(stage, 200)
    assert ranges(member.take_objects()) == [("A", 2, 2, 1)]


def test_a_symbol_that_joins_conflated_ones_leaves_no_hole_in_theirs() -> None:
    stage = Stage(2_048, newest=SEGMENT_TICKS - 2)
    member = stage.join(conflated({"trades": 100}, trades="A"))
    publish(stage, trade(1))  # it waits for the end of the interval
    subscribe_again(stage, member, snapshot=False)
    publish(stage, quote(2), trade(3))
    change(stage, member, conflated({"trades": 100}, trades="AB"))
    publish(stage, trade(4, "B"))
    pass_time(stage, 100)
    first, *_ = ranges(member.take_objects())
    assert first[:2] == ("A", 1)


def test_what_had_been_collected_is_told_though_the_interval_ends_after_another_cut() -> None:
    stage = Stage()
    member = stage.join(conflated({"trades": 100}, trades="AB"))
    publish(stage, trade(1, "B"))  # it waits for the end of the interval
    subscribe_again(stage, member, snapshot=False)
    publish(stage, trade(2))  # no interval has ended
    change(stage, member, conflated({}, trades="AB"))
    assert 1 in {item["i"] for item in member.take_objects()}


def test_what_was_passed_over_since_it_was_told_last_is_told_when_the_interval_ends() -> None:
    stage = Stage()
    member = stage.join(QUOTES_BESIDE_TRADES)
    subscribe_again(stage, member, snapshot=True)
    publish(stage, quote(1), trade(2))
    stage.catch_up(member, most_frames=1)  # the trade; the snapshot is still due
    publish(stage, trade(3))
    change(stage, member, conflated({}, trades="*", quotes="*"))
    told = [item["T"] for item in member.take_objects()]
    assert told == ["t", "q", "t", "snapshot", "t", "q", "snapshot"]


def test_what_the_ring_lost_of_conflated_channels_is_told_and_the_state_sent() -> None:
    stage = Stage(capacity=16)
    member = stage.join(TRADES)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    publish(stage, trade(1, "A"))
    pass_time(stage, 100)
    for sequence in range(2, 31):
        publish(stage, trade(sequence, "B"))
    pass_time(stage, 200)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    gap, *told = member.take_objects()
    assert gap == {
        "T": "gap",
        "from": f"{EPOCH}-1",
        "to": f"{EPOCH}-{stage.ring.oldest - 1}",
        "reason": "overrun",
    }
    assert ranges(told) == [("B", stage.ring.oldest, 30, 16)]
    assert {item["S"]: item["i"] for item in told if item["T"] == "t"} == {"A": 1, "B": 30}


def test_who_would_rather_be_disconnected_is_where_the_ring_lost_of_conflated_channels() -> None:
    stage = Stage(capacity=16)
    member = stage.join(TRADES, on_lag=OnLag.DISCONNECT)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    publish(stage, trade(1, "A"))
    pass_time(stage, 100)
    for sequence in range(2, 31):
        publish(stage, trade(sequence, "B"))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert member.ended is Reason.LAGGING
    assert member.take() == []


def test_on_lag_conflate_leaves_conflated_channels_to_their_own_intervals() -> None:
    stage = Stage(capacity=64, lag_max_ticks=10)
    quotes_beside = conflated({"trades": 100}, trades="*", quotes="*")
    member = stage.join(quotes_beside, on_lag=OnLag.CONFLATE)
    publish(stage, trade(1), quote(2))  # the trade is told at the end of the interval
    assert [item["T"] for item in member.take_objects()] == ["q"]
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for sequence in range(3, 31):
        publish(stage, quote(sequence, "AB"[sequence % 2]), trade(sequence))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    pass_time(stage, 100)
    told = member.take_objects()
    assert [item["reason"] for item in told if item["T"] == "gap"] == ["conflated"]
    assert {item["S"] for item in told if item["T"] == "q"} == {"A", "B"}
    accounted = {number for _, first, last, _ in ranges(told) for number in range(first, last + 1)}
    assert accounted >= {1, *range(3, 31)}


def test_on_lag_conflate_stands_for_exactly_what_the_gap_says() -> None:
    stage = Stage(capacity=2048, lag_max_ticks=1000)
    member = stage.join(conflated({}, trades="*"), on_lag=OnLag.CONFLATE)
    publish(stage, *(trade(sequence, "AB"[sequence % 2]) for sequence in range(1, 101)))
    assert len(member.take_objects()) == 100
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for first in range(101, 1302, 50):
        numbers = range(first, first + 50)
        publish(stage, *(trade(sequence, "AB"[sequence % 2]) for sequence in numbers))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    gap, *told = member.take_objects()
    assert gap == {
        "T": "gap",
        "from": f"{EPOCH}-101",
        "to": f"{EPOCH}-{stage.ring.newest}",
        "reason": "conflated",
    }
    last = stage.ring.newest
    assert sorted(ranges(told)) == [("A", 102, last, 625), ("B", 101, last - 1, 625)]
    assert (stage.counts.conflated, stage.counts.gap, stage.counts.gap_ticks) == (1, 0, 0)
    assert member.subscriber.live


def test_on_lag_conflate_tells_what_the_ring_lost_apart_from_what_it_conflates() -> None:
    stage = Stage(capacity=64)
    member = stage.join(conflated({}, trades="*"), on_lag=OnLag.CONFLATE)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    publish(stage, trade(1, "C"))
    for sequence in range(2, 101):
        publish(stage, trade(sequence))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    lost, gap, *told = member.take_objects()
    assert (lost["from"], lost["to"], lost["reason"]) == (f"{EPOCH}-1", f"{EPOCH}-36", "overrun")
    assert (gap["from"], gap["to"], gap["reason"]) == (f"{EPOCH}-37", f"{EPOCH}-100", "conflated")
    assert ranges(told) == [("A", 37, 100, 64)]
    snapshot = [item for item in told if "n" not in item]
    assert [item["T"] for item in snapshot] == ["snapshot", "t", "t", "snapshot"]
    assert {item["S"]: item["i"] for item in snapshot[1:-1]} == {"A": 100, "C": 1}
    counts = stage.counts
    assert (counts.overruns, counts.gap, counts.gap_ticks, counts.conflated) == (1, 1, 36, 1)
    publish(stage, trade(101))
    assert [item["i"] for item in member.take_objects()] == [101]
