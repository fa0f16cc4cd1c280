"""Subscribers that fall behind, by example; by a model in test_subscriber_model.py."""

from collections.abc import Sequence

import pytest

from feed.broadcast.lane import Lane
from feed.broadcast.resuming import resume
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Kind
from feed.wire.disconnect import Reason
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.hearing import at, hears, is_live, told
from tests.fakes.numbered_ticks import nanoseconds
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import HIGH_WATER_BYTES, SMALL_FRAMES, Stage
from tests.fakes.ways import SSE

MS = 1_000_000


def test_whoever_missed_a_frame_is_sent_it_when_there_is_room_and_is_live_again() -> None:
    stage = Stage()
    member = stage.join()
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL")
    stage.publish_and_cut("AAPL")
    assert not is_live(member)
    assert member.subscriber.due.backlog.sequence == 1
    assert member.subscriber.lag_ticks == 2
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert is_live(member)
    assert member.subscriber.lag_ticks == 0
    stage.publish_and_cut("AAPL")
    assert hears(member) == [1, 2, 3, 4]
    assert (stage.counts.paused, stage.counts.caught_up) == (1, 1)


def test_whoever_is_behind_costs_the_others_nothing() -> None:
    stage = Stage()
    slow, quick = stage.join(), stage.join()
    slow.socket.held_bytes = HIGH_WATER_BYTES + 1
    for sequence in range(1, 6):
        stage.publish_and_cut("AAPL")
        assert hears(quick) == [sequence]
    assert slow.socket.written == []


def test_whoever_the_ring_overran_while_it_was_paused_is_told_and_goes_on() -> None:
    stage = Stage(8)
    member = stage.join()
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    stage.publish_and_cut("AAPL")
    assert hears(member) == [
        1,
        "gap stage-2 stage-21 overrun",
        "begin stage-21",
        21,
        "end stage-21",
        22,
    ]
    assert stage.counts.overruns == stage.counts.gap == 1
    assert stage.counts.gap_ticks == 20


def test_whoever_wants_to_be_disconnected_rather_than_miss_something_is() -> None:
    stage = Stage(8)
    member = stage.join(on_lag=OnLag.DISCONNECT)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(8):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == list(range(1, 9))  # all of them are held still
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(9):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert member.ended is Reason.LAGGING
    assert hears(member) == []
    assert stage.counts.lagging == 1


def test_whoever_was_disconnected_for_its_lag_can_come_back() -> None:
    # Otherwise it would come back with the same position for ever.
    stage = Stage(8)
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    member = stage.join(after=at(2), on_lag=OnLag.DISCONNECT)
    assert member.ended is None
    assert hears(member)[0] == "gap stage-3 stage-20 overrun"


def test_whoever_was_disconnected_for_its_lag_is_let_back_in_with_a_gap() -> None:
    stage = Stage(64, lag_max_ticks=3)
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    within = stage.join(after=at(17), on_lag=OnLag.DISCONNECT)
    assert hears(within) == [18, 19, 20]
    beyond = stage.join(after=at(16), on_lag=OnLag.DISCONNECT)
    assert beyond.ended is None
    assert hears(beyond)[0] == "gap stage-17 stage-20 overrun"


def test_the_most_lag_that_is_allowed_is_a_limit_like_the_rings() -> None:
    stage = Stage(64, lag_max_ticks=3)
    member = stage.join()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(3):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [1, 2, 3]
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(4):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member)[0] == "gap stage-4 stage-7 overrun"


def test_what_is_due_comes_in_frames_of_a_size_that_a_socket_takes() -> None:
    stage = Stage(4096)
    for _ in range(8):
        stage.publish_and_cut(*["AAPL"] * 250)
    member = stage.join(EVERYTHING, SSE, after=at(0))
    assert len(member.socket.written) > 4
    assert max(map(len, member.socket.written)) < 64 * 1024
    positions = []
    expected = 0
    for piece in member.take():
        for item in piece.objects:
            expected += 1
            assert nanoseconds(item["t"]) == expected
        positions.append(piece.position)
        assert piece.position == f"stage-{expected}"
    assert expected == 2000


def test_a_cut_in_between_does_not_send_anything_twice() -> None:
    stage = Stage(4096)
    stage.publish_and_cut(*["AAPL"] * 1000)
    member = stage.open(EVERYTHING)
    resume(member.subscriber.due, EVERYTHING, at(0))
    stage.catch_up(member, most_frames=1)
    stage.publish_and_cut(*["AAPL"] * 50)  # while it is behind
    stage.catch_up(member)
    stage.publish_and_cut(*["AAPL"] * 50)
    assert hears(member) == list(range(1, 1101))


def test_whoever_is_gone_stays_out_of_the_others_way() -> None:
    stage = Stage()
    gone, there = stage.join(), stage.join()
    gone.socket.gone = True
    stage.publish_and_cut("AAPL")
    stage.leave(gone)
    stage.publish_and_cut("AAPL")
    assert hears(there) == [1, 2]


# What production waits for.


def test_the_first_sequence_needed_is_that_of_the_slowest_part() -> None:
    stage = Stage()
    stage.publish_and_cut(*["AAPL", "MSFT"] * 5)
    member = stage.join(of_channels(trades=["AAPL"]))
    subscriber = member.subscriber
    assert subscriber.first_needed == 11
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(4))
    assert subscriber.first_needed == 5
    stage.catch_up(member)
    assert subscriber.first_needed == 11
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT")
    assert subscriber.first_needed == 11
    assert subscriber.lag_ticks == 2


# States that take several frames.


def test_whoever_is_cut_off_within_a_restatement_comes_back_for_all_of_it() -> None:
    stage = Stage(256, sizes=SMALL_FRAMES)
    conflated = Selection.of({Channel.QUOTES: [ALL]}, {Channel.QUOTES: 250})
    stage.now_ns = 1000 * MS
    member = stage.join(conflated, SSE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*[(Kind.QUOTE, f"S{number}") for number in range(10)])
    stage.now_ns = 9000 * MS  # long after: only its position tells that it missed them
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member, most_frames=1)
    (piece,) = member.take()
    assert len(piece.objects) < 10
    assert piece.position is None
    stage.catch_up(member)
    assert [piece.position for piece in member.take()][-1] == "stage-11"


def test_a_state_is_framed_as_the_socket_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    framed: list[int] = []
    original = Lane.state_envelope

    def state_envelope(lane: Lane, fragments: Sequence[bytes]) -> bytes:
        framed.append(len(fragments))
        return original(lane, fragments)

    monkeypatch.setattr(Lane, "state_envelope", state_envelope)
    stage = Stage(sizes=SMALL_FRAMES)
    stage.publish_and_cut(*[f"S{number:02}" for number in range(30)])
    member = stage.open(EVERYTHING)
    member.subscriber.due.request_snapshot(EVERYTHING)
    stage.catch_up(member, 2)
    assert len(framed) == 1, "after its beginning one frame, for a socket that took no more"
    stage.catch_up(member)
    assert len(framed) > 5
    assert sum(framed) == 30


def test_whoever_is_cut_off_within_a_conflated_state_comes_back_for_all_of_it() -> None:
    stage = Stage(256, lag_max_ticks=5, sizes=SMALL_FRAMES)
    member = stage.join(EVERYTHING, SSE, on_lag=OnLag.CONFLATE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*[f"S{number}" for number in range(10)])
    member.socket.held_bytes = 0
    stage.catch_up(member)
    gap, *states = member.take()
    assert told(gap.objects) == ["gap stage-1 stage-10 conflated"]
    assert len(states) > 1
    positions = [piece.position for piece in states]
    assert positions == [None] * (len(states) - 1) + ["stage-10"]
