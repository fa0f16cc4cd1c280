"""Cuts: what they hold, the positions that they tell, and what silent lanes say in between."""

import random

import pytest

from feed.broadcast.payload_key import PayloadKey
from feed.market.ticks import Kind, Quote, Trade
from feed.wire.codec import CODECS, Codec
from feed.wire.json_codec import JSON
from feed.wire.position import Position
from tests.fakes.numbered_ticks import nanoseconds
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Member, Stage
from tests.fakes.ways import SSE, STREAM, TEXT_SOCKET, WAYS, Way, way_name

S = 1_000_000_000

each_way = pytest.mark.parametrize("way", WAYS, ids=way_name)


# Cuts.


def test_a_cut_of_nothing_makes_nothing() -> None:
    stage = Stage()
    member = stage.seat()
    cut = stage.cut()
    assert (cut.ticks, cut.outgoing.bunches, member.socket.written) == (0, [], [])


def test_a_cut_knows_its_ticks_and_when_the_oldest_of_them_came() -> None:
    stage = Stage()
    stage.seat()
    stage.now_ns = 5
    stage.publish("AAPL")
    stage.now_ns = 9
    stage.publish("AAPL", "AAPL")
    assert stage.broadcast.waiting_ticks == 3
    cut = stage.cut()
    assert (cut.ticks, cut.first_ns) == (3, 5)
    assert stage.broadcast.waiting_ticks == 0
    assert stage.broadcast.position == Position(EPOCH, 3)


def test_a_lane_whose_ticks_did_not_come_is_not_in_a_cut() -> None:
    stage = Stage()
    stage.seat(of_channels(trades=["MSFT"]))
    member = stage.seat(of_channels(trades=["AAPL"]))
    cut = stage.publish_and_cut("AAPL")
    ((readers, frames),) = cut.outgoing.bunches
    assert list(readers) == [member.subscriber]
    assert member.socket.written == [frames]
    assert (cut.outgoing.envelopes, cut.follows) == (1, 0)


def test_whoever_joins_between_cuts_is_sent_what_waits() -> None:
    # It stands at the last cut, so what was published since then is still due.
    stage = Stage()
    stage.publish_and_cut("AAPL")
    stage.publish("AAPL")
    member = stage.seat()
    stage.publish_and_cut("AAPL")
    assert member.take_sequences() == [2, 3]


def test_ticks_are_counted_by_kind() -> None:
    stage = Stage()
    stage.publish(Kind.TRADE, Kind.TRADE, Kind.STATUS)
    assert stage.broadcast.ticks == {
        **dict.fromkeys(Kind, 0),
        Kind.TRADE: 2,
        Kind.STATUS: 1,
    }


def test_traffic_is_counted_by_transport_and_codec() -> None:
    stage = Stage()
    members = [stage.join(EVERYTHING, way) for way in (*WAYS, WAYS[0], WAYS[0])]
    members[-1].socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL")
    for (transport, codec), traffic in stage.broadcast.lanes.traffic.items():
        frames = [
            frame
            for member in members
            if (member.subscriber.lane.framing.transport, member.wire.codec.name)
            == (transport, codec)
            for frame in member.socket.written
        ]
        assert traffic.frames == len(frames)
        assert traffic.frame_bytes == sum(map(len, frames))


# Positions: in the id of SSE, and in marks for those who asked.


def test_sse_is_told_the_position_of_the_cut_with_every_event() -> None:
    stage = Stage()
    member = stage.seat(of_channels(trades=["AAPL"]), SSE)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.publish_and_cut("MSFT")
    stage.publish_and_cut("AAPL")
    assert [piece.position for piece in member.take()] == ["stage-2", "stage-4"]


@each_way
def test_marks_come_last_and_only_to_those_who_asked(way: Way) -> None:
    stage = Stage()
    marked = stage.seat(EVERYTHING, way, marks=True)
    plain = stage.seat(EVERYTHING, way)
    stage.now_ns = 77
    stage.publish_and_cut("AAPL", "MSFT")
    (piece,) = marked.take()
    mark = piece.objects.pop()
    assert (mark["T"], mark["pos"], nanoseconds(mark["t"])) == ("mark", "stage-2", 77)
    assert [piece.objects] == [piece.objects for piece in plain.take()]


# Who comes and goes.


def test_the_last_member_takes_its_lane_along() -> None:
    stage = Stage()
    one, other = stage.seat(), stage.seat()
    beside = stage.seat(EVERYTHING, SSE)
    assert stage.broadcast.lanes.index_entries == 6  # the payload is the same
    stage.leave(one)
    stage.publish_and_cut("AAPL")
    assert other.take_sequences() == [1]
    stage.leave(other)
    stage.publish_and_cut("AAPL")
    assert beside.take_sequences() == [1, 2]
    assert other.socket.written == []
    stage.leave(beside)
    assert not list(stage.broadcast.lanes)
    assert stage.broadcast.lanes.index_entries == 0
    assert stage.publish_and_cut("AAPL").outgoing.bunches == []


def test_lanes_that_come_and_go_leave_nothing_behind() -> None:
    stage = Stage()
    rng = random.Random(7)
    members: list[Member] = []
    for step in range(300):
        if members and rng.random() < 0.5:
            stage.leave(members.pop(rng.randrange(len(members))))
        else:
            selection = of_channels(trades=[f"S{rng.randrange(5)}"], quotes=["*"])
            members.append(stage.seat(selection, rng.choice(WAYS), marks=rng.random() < 0.5))
        stage.publish_and_cut(f"S{step % 5}")
        assert sum(lane.members for lane in stage.broadcast.lanes) == len(members)
    for member in members:
        stage.leave(member)
    lanes = stage.broadcast.lanes
    assert not list(lanes)
    assert lanes._carried == {}
    assert lanes.conflators == {}
    assert all(index.selections == 0 for index in lanes._indexes.values())


# Silence.


def test_silent_lanes_are_kept_alive_and_told_where_they_stand() -> None:
    stage = Stage()
    sse = stage.seat(EVERYTHING, SSE)
    stream = stage.seat(EVERYTHING, STREAM, marks=True)
    socket = stage.seat(EVERYTHING, marks=True)
    stage.publish_and_cut("AAPL")
    stage.publish("AAPL")  # waits, and so is nobody's position yet
    for member in (sse, stream, socket):
        member.take()
    stage.now_ns = 4 * S
    stage.idle(4 * S, 10 * S)
    assert sse.take() == []
    assert [item["pos"] for item in stream.take_objects()] == ["stage-1"]
    assert socket.take() == []
    stage.now_ns = 10 * S
    stage.idle(4 * S, 10 * S)
    for member in (sse, stream, socket):
        assert [item["pos"] for item in member.take_objects()] == ["stage-1"]


def test_a_frame_of_ticks_puts_keepalives_off() -> None:
    stage = Stage()
    member = stage.seat(EVERYTHING, SSE)
    stage.now_ns = 3 * S
    stage.publish_and_cut("AAPL")
    member.socket.written.clear()
    stage.now_ns = 6 * S
    stage.idle(4 * S, 10 * S)
    assert member.socket.written == []
    stage.now_ns = 7 * S
    stage.idle(4 * S, 10 * S)
    assert len(member.socket.written) == 1


def test_whoever_misses_a_mark_is_told_nothing_twice() -> None:
    stage = Stage()
    member = stage.seat(EVERYTHING, SSE)
    stage.publish_and_cut("AAPL")
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.now_ns = 10 * S
    stage.idle(4 * S, 10 * S)
    member.socket.held_bytes = 0
    stage.publish_and_cut("AAPL")
    stage.catch_up(member)
    assert member.take_sequences() == [2]


# Snapshots.


@pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.name)
def test_a_snapshot_is_encoded_once_for_all_who_join_between_two_cuts(codec: Codec) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", Kind.QUOTE, "AAPL", "MSFT")
    states = stage.broadcast.states
    first = states.snapshot(EVERYTHING, codec)
    assert states.snapshot(EVERYTHING, codec) is first
    stage.publish("AAPL")
    assert states.snapshot(EVERYTHING, codec) is first  # as of the last cut
    stage.cut()
    assert states.snapshot(EVERYTHING, codec) != first


def test_a_ring_may_begin_anywhere() -> None:
    stage = Stage(newest=1_000_000_007)
    assert stage.broadcast.position == Position(EPOCH, 1_000_000_007)
    assert stage.cut().ticks == 0
    member = stage.join(after=Position(EPOCH, 1_000_000_007))
    stage.publish_and_cut("AAPL")
    assert member.take_sequences() == [1_000_000_008]


def test_ticks_are_passed_on_as_the_source_made_them() -> None:
    stage = Stage()
    member = stage.seat()
    trade = Trade("BTC/USD", 7, "CBSE", 65_000.5, 0.25, 1, (), "", "B")
    quote = Quote("BTC/USD", "CBSE", 65_000.0, 1.5, "CBSE", 65_001.0, 2.5, 2, (), "")
    stage.publish_ticks([trade, quote])
    stage.cut()
    first, second = member.take_objects()
    assert (first["i"], first["p"], first["s"], first["tks"]) == (7, 65_000.5, 0.25, "B")
    assert (second["bp"], second["as"]) == (65_000.0, 2.5)


def test_the_key_of_a_lane_is_made_of_values() -> None:
    lanes = Stage().broadcast.lanes
    one = lanes.enter(PayloadKey(EVERYTHING, JSON, False), TEXT_SOCKET, 0)
    other = lanes.enter(PayloadKey(of_channels(trades="*"), JSON, False), TEXT_SOCKET, 0)
    again = lanes.enter(PayloadKey(of_channels(trades=["*", "AAPL"]), JSON, False), TEXT_SOCKET, 9)
    assert other is again
    assert one is not other
