"""What a server that follows is given: every event with its sequence, from wherever it stands."""

from array import array
from typing import Any, cast

import pytest

from feed.market.ticks import Kind, Opaque, Tick
from feed.wire.compression import Compression
from feed.wire.json_codec import JSON
from feed.wire.messages import GapReason
from feed.wire.position import BEGINNING, Position
from feed.wire.selection import EVERY_EVENT
from tests.fakes.frame_reader import Object
from tests.fakes.hearing import at, hears, is_live
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING
from tests.fakes.stage import SMALL_FRAMES, Member, Stage
from tests.fakes.ways import STREAM, WAYS, Way, way_name

MS = 1_000_000
STRANGER = cast("Tick", Opaque(JSON.fragment({"T": "room", "words": [{"a": 1}, {"T": "t"}]})))


def follow(stage: Stage, after: Position | None = None, **options: Any) -> Member:
    given = BEGINNING if after is None else after
    return stage.join(EVERY_EVENT, STREAM, marks=True, after=given, **options)


def hears_cuts(member: Member) -> list[object]:
    """Return in short what a follower was told: cuts as `first-last`, others as they are."""
    told: list[object] = []
    events: list[Object] = []
    for item in member.take_objects():
        match item["T"]:
            case "cut":
                assert (
                    item["n"] == len(events) == int(item["pos"].split("-")[1]) - item["first"] + 1
                )
                assert sum(item["in"][::2]) == item["n"]
                told.append(f"{item['first']}-{item['pos'].split('-')[1]}")
                events = []
            case "gap":
                told.append(f"gap {item['from']} {item['to']} {item['reason']}")
            case "snapshot":
                told.append(f"{item['state']} {item['pos']}")
                events = []
            case _:
                events.append(item)
    assert not events
    return told


@pytest.mark.parametrize("compression", [None, Compression()], ids=["plain", "gzip"])
def test_every_cut_comes_once_with_its_sequences(compression: Compression | None) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", (Kind.QUOTE, "MSFT"))
    member = follow(stage, compression=compression)
    assert hears_cuts(member) == ["1-2"]
    assert is_live(member)
    stage.publish_and_cut(*Kind)
    stage.publish_and_cut("AAPL")
    assert hears_cuts(member) == ["3-8", "9-9"]


def test_times_are_those_of_ingestion_by_the_monotonic_clock() -> None:
    stage = Stage()
    stage.wall_ahead_ns = 10**18
    for _ in range(2):
        stage.now_ns += MS
        stage.publish("AAPL", "MSFT")
    stage.now_ns += 50 * MS
    member = follow(stage)
    stage.cut()
    stage.now_ns += MS
    later = follow(stage)
    for each, said_ns in ((member, 52 * MS), (later, 53 * MS)):
        [cut] = [item for item in each.take_objects() if item["T"] == "cut"]
        assert (cut["at"], cut["in"], cut["newest"]) == (MS, [2, 0, 2, MS], 4)
        assert cut["now"] == said_ns


def test_a_batch_that_is_long_comes_in_several_cuts() -> None:
    stage = Stage(sizes=SMALL_FRAMES)
    live = follow(stage)
    stage.publish_and_cut(*["AAPL"] * 12)
    told = hears_cuts(live)
    assert len(told) > 1
    assert told[0] == "1-4"
    assert str(told[-1]).endswith("-12")
    assert hears_cuts(follow(stage))[-1] == told[-1]


def test_whoever_comes_back_goes_on_where_it_stood() -> None:
    stage = Stage()
    stage.publish_and_cut(*["AAPL"] * 9)
    assert hears_cuts(follow(stage, at(6))) == ["7-9"]
    assert hears_cuts(follow(stage, at(9))) == []


def test_one_that_was_overrun_is_given_all_that_is_held_and_the_state() -> None:
    stage = Stage(capacity=8)
    for _ in range(3):
        stage.publish_and_cut(*["AAPL"] * 4)
    assert hears_cuts(follow(stage, at(2))) == [
        "gap stage-3 stage-4 overrun",
        "5-12",
        "begin stage-12",
        "end stage-12",
    ]
    assert stage.counts.gap_ticks == 2


def test_one_of_another_epoch_is_given_all_that_is_held_and_the_state() -> None:
    stage = Stage(capacity=8)
    for _ in range(3):
        stage.publish_and_cut(*["AAPL"] * 4)
    assert hears_cuts(follow(stage, Position("other", 99))) == [
        "gap other-100 stage-4 epoch",
        "5-12",
        "begin stage-12",
        "end stage-12",
    ]


def test_holes_are_told_between_cuts() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    stage.ring.skip(5, GapReason.LOST, stage.now_ns)
    stage.broadcast.cut_sequence = 5
    stage.publish_and_cut("AAPL")
    assert hears_cuts(follow(stage)) == ["1-1", "gap stage-2 stage-5 lost", "6-6"]


def test_a_follower_whose_socket_is_full_catches_up_from_the_ring() -> None:
    stage = Stage()
    member = follow(stage)
    member.socket.held_bytes = 5_000
    stage.publish_and_cut("AAPL")
    stage.publish_and_cut("AAPL")
    assert hears_cuts(member) == []
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears_cuts(member) == ["1-2"]
    assert stage.counts.caught_up == 1


def test_all_followers_share_a_payload_and_the_fragments_of_others() -> None:
    stage = Stage()
    stage.seat(EVERYTHING, STREAM)
    first, second = follow(stage), follow(stage)
    assert first.subscriber.lane is second.subscriber.lane
    stage.publish_and_cut("AAPL")
    assert first.socket.written == second.socket.written
    for member in (first, second):
        stage.leave(member)
    assert not stage.broadcast.lanes.following
    assert len(stage.broadcast.lanes) == 1


def test_what_each_event_was_ingested_at_may_differ() -> None:
    stage = Stage()
    member = follow(stage)
    stage.now_ns = 9
    ticks: list[Tick] = [STRANGER, STRANGER, STRANGER]
    stage.broadcast.publish(ticks, 9, stamps=array("q", [3, 3, 7]), opaque=True)
    stage.cut()
    [cut] = [item for item in member.take_objects() if item["T"] == "cut"]
    assert (cut["at"], cut["in"]) == (3, [2, 0, 1, 4])


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_events_of_unknown_kinds_go_to_followers_and_nobody_else(way: Way) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    follower, other = follow(stage), stage.seat(EVERYTHING, way)
    conflated = stage.broadcast.pace(100)
    ticks = [STRANGER, numbered(3, Kind.QUOTE, "MSFT"), STRANGER]
    stage.broadcast.publish(ticks, stage.now_ns, opaque=True)
    stage.cut()
    assert [item["T"] for item in follower.take_objects()][-4:] == ["room", "q", "room", "cut"]
    assert hears(other) == [3]
    again, late = follow(stage, at(1)), stage.join(EVERYTHING, way, after=at(1))
    assert [item["T"] for item in again.take_objects()] == ["room", "q", "room", "cut"]
    assert hears(late) == [3]
    assert hears(stage.join(EVERYTHING, way, snapshot=True))[1:-1] == [1, 3]
    assert conflated.sequence == 1
    assert stage.broadcast.ticks[Kind.QUOTE] == 1
    assert sum(stage.broadcast.ticks.values()) == 2
