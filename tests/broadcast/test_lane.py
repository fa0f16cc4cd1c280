"""Payloads, lanes, and what is written to whom."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.fan_out import PYTHON_FAN_OUT, Reader
from feed.broadcast.fragments import split_runs
from feed.broadcast.lane import Lane
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.payload import Payload
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.traffic import Traffic
from feed.wire.codec import Codec
from feed.wire.framing import message_envelope
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.messages import mark_message
from feed.wire.position import Position
from feed.wire.selection import Selection
from tests.fakes.frame_reader import FrameReader
from tests.fakes.numbered_ticks import nanoseconds, numbered
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import Socket
from tests.fakes.ways import BINARY_SOCKET, SSE, STREAM, TEXT_SOCKET, WAYS, Way, way_name

HIGH_WATER_BYTES = 1000
S = 1_000_000_000
POSITION = Position("k3x9w7ab", 12)
TICKS = [numbered(5), numbered(7, symbol="MSFT")]


def lane_of(way: Way = WAYS[0], *, marks: bool = False, now_ns: int = 0) -> Lane:
    codec, framing = way
    payload = Payload(PayloadKey(EVERYTHING, codec, marks))
    return Lane(payload, framing, Traffic(), now_ns)


def write_lane(lane: Lane, envelopes: list[bytes], mono_ns: int) -> list[Reader]:
    outgoing = Outgoing()
    outgoing.add(lane, envelopes, mono_ns)
    return outgoing.write(PYTHON_FAN_OUT, HIGH_WATER_BYTES)


each_way = pytest.mark.parametrize("way", WAYS, ids=way_name)


# Writing.


def test_everybody_live_is_written_the_same_object() -> None:
    lane = lane_of()
    sockets = [Socket() for _ in range(3)]
    for socket in sockets:
        lane.add(socket)
    assert write_lane(lane, [b"[1]"], 0) == []
    frames = [socket.written for socket in sockets]
    assert frames[0] == [TEXT_SOCKET.wrap(b"[1]")]
    assert frames[1][0] is frames[0][0]
    assert frames[2][0] is frames[0][0]


def test_whoever_is_over_the_high_water_mark_misses_the_frame_and_the_ones_after_it() -> None:
    lane = lane_of()
    full, at_mark, empty = Socket(held_bytes=1001), Socket(held_bytes=1000), Socket()
    for socket in (full, at_mark, empty):
        lane.add(socket)
    assert write_lane(lane, [b"[1]"], 0) == [full]
    full.held_bytes = 0
    assert write_lane(lane, [b"[2]"], 0) == []
    assert [len(socket.written) for socket in (full, at_mark, empty)] == [0, 2, 2]
    lane.add(full)
    assert write_lane(lane, [b"[3]"], 0) == []
    assert full.written == [TEXT_SOCKET.wrap(b"[3]")]


def test_whoever_is_gone_costs_the_others_nothing() -> None:
    lane = lane_of()
    first, gone, last = Socket(), Socket(gone=True), Socket()
    for socket in (first, gone, last):
        lane.add(socket)
    assert write_lane(lane, [b"[1]"], 0) == [gone]
    assert (len(first.written), len(last.written)) == (1, 1)
    assert list(lane.live) == [first, last]


def test_whoever_was_dropped_is_written_nothing() -> None:
    lane = lane_of()
    socket = Socket()
    lane.add(socket)
    lane.drop(socket)
    lane.drop(socket)
    assert write_lane(lane, [b"[1]"], 0) == []
    assert socket.written == []


def test_lanes_are_written_in_one_call_each_its_own() -> None:
    lanes = [lane_of(), lane_of(), lane_of()]
    sockets = [Socket(), Socket(held_bytes=1001), Socket()]
    for lane, socket in zip(lanes, sockets, strict=True):
        lane.add(socket)
    outgoing = Outgoing()
    for number, lane in enumerate(lanes):
        outgoing.add(lane, [b"[%d]" % number, b"[]"], 0)
    assert outgoing.write(PYTHON_FAN_OUT, HIGH_WATER_BYTES) == [sockets[1]]
    assert outgoing.envelopes == 6
    written = [b"".join(socket.written) for socket in sockets]
    wrap = TEXT_SOCKET.wrap
    assert written == [wrap(b"[0]") + wrap(b"[]"), b"", wrap(b"[2]") + wrap(b"[]")]
    assert [len(lane.live) for lane in lanes] == [1, 0, 1]
    assert [lane.traffic.frames for lane in lanes] == [2, 0, 2]


def test_traffic_counts_what_was_written_and_not_what_was_missed() -> None:
    lane = lane_of()
    for socket in (Socket(), Socket(held_bytes=9999), Socket(gone=True), Socket()):
        lane.add(socket)
    write_lane(lane, [b"[1]"], 0)
    write_lane(lane, [b"[1,2]"], 0)
    assert lane.traffic.frames == 4
    assert lane.traffic.plain_bytes == 2 * (3 + 5)
    assert lane.traffic.frame_bytes == 2 * (3 + 5) + 4 * 2  # headers of two bytes


# Envelopes: read by FrameReader, as a client would.


@each_way
def test_private_ticks_move_their_reader_to_a_position(way: Way) -> None:
    codec, framing = way
    lane = lane_of(way)
    (piece,) = FrameReader(*way).read(
        lane.private(lane.ticks_envelope(codec.encode(TICKS), POSITION, 9))
    )
    assert [nanoseconds(item["t"]) for item in piece.objects] == [5, 7]
    assert piece.position == (str(POSITION) if framing.transport == "sse" else None)


@each_way
def test_a_mark_is_last_for_those_who_asked(way: Way) -> None:
    codec, _ = way
    lane = lane_of(way, marks=True)
    (piece,) = FrameReader(*way).read(
        lane.private(lane.ticks_envelope(codec.encode(TICKS), POSITION, 9))
    )
    assert [item["T"] for item in piece.objects] == ["t", "t", "mark"]
    mark = piece.objects[-1]
    assert (mark["pos"], nanoseconds(mark["t"])) == (str(POSITION), 9)


@each_way
def test_a_snapshots_ticks_move_nobody(way: Way) -> None:
    codec, _ = way
    lane = lane_of(way, marks=True)
    (piece,) = FrameReader(*way).read(lane.private(lane.state_envelope(codec.encode(TICKS))))
    assert [item["T"] for item in piece.objects] == ["t", "t"]
    assert piece.position is None


@each_way
def test_a_message_is_named_after_its_type_and_moves_where_it_says(way: Way) -> None:
    _, framing = way
    lane = lane_of(way)
    gap = {"T": "gap", "from": "a-1", "to": "a-2", "reason": "overrun"}
    still, moved = (
        FrameReader(*way).read(lane.private(lane.message_envelope(gap))),
        FrameReader(*way).read(lane.private(lane.message_envelope(gap, POSITION))),
    )
    assert [piece.objects for piece in (*still, *moved)] == [[gap], [gap]]
    if framing.transport == "sse":
        assert [piece.name for piece in (*still, *moved)] == ["gap", "gap"]
        assert [piece.position for piece in (*still, *moved)] == [None, str(POSITION)]


def test_a_message_on_a_websocket_is_an_array_of_its_own() -> None:
    message = {"T": "success", "msg": "connected"}
    assert message_envelope(TEXT_SOCKET, JSON, message) == b'[{"T":"success","msg":"connected"}]'
    assert message_envelope(BINARY_SOCKET, MESSAGE_PACK, message) == MESSAGE_PACK.array([message])


# What a silent lane says. SSE: a keepalive after 4 s, a mark after 10 s. A stream: marks after 4 s
# for those who asked. A WebSocket: marks after 10 s for those who asked.

SOCKET = WAYS[0]


def says(lane: Lane, now_s: int) -> str:
    envelope = lane.idle(
        POSITION, now_s * S, now_s * S, keepalive_ns=4 * S, mark_interval_ns=10 * S
    )
    if not envelope:
        return ""
    if envelope == lane.framing.keepalive:
        return "keepalive"
    wire = FrameReader(lane.payload.key.codec, lane.framing)
    (piece,) = wire.read(lane.framing.wrap(envelope))
    (mark,) = piece.objects
    assert mark["T"] == "mark"
    assert mark["pos"] == str(POSITION)
    assert nanoseconds(mark["t"]) == now_s * S
    assert piece.position in (None, str(POSITION))
    return "mark"


@pytest.mark.parametrize(
    ("way", "marks", "said"),
    [
        (SSE, False, {4: "keepalive", 8: "keepalive", 10: "mark", 14: "keepalive"}),
        (SSE, True, {4: "keepalive", 8: "keepalive", 10: "mark", 14: "keepalive"}),
        (STREAM, False, {}),
        (STREAM, True, {4: "mark", 8: "mark", 12: "mark"}),
        (SOCKET, False, {}),
        (SOCKET, True, {10: "mark"}),
    ],
)
def test_a_silent_lane_says_what_its_transport_needs(
    way: Way, marks: bool, said: dict[int, str]
) -> None:
    lane = lane_of(way, marks=marks)
    heard = {second: says(lane, second) for second in range(1, 15)}
    assert {second: words for second, words in heard.items() if words} == said


@pytest.mark.parametrize("way", [SSE, STREAM, SOCKET], ids=way_name)
def test_a_lane_that_speaks_need_say_nothing_but_events_of_sse_are_marked(way: Way) -> None:
    lane = lane_of(way, marks=True)
    heard = []
    for second in range(1, 25):
        lane.note_frame(
            second * S, None if way is SSE else second
        )  # elsewhere the mark is in the frame
        heard.append(says(lane, second))
    assert [second for second, words in enumerate(heard, 1) if words] == (
        [10, 20] if way is SSE else []
    )


def test_a_mark_carries_the_position_and_the_time() -> None:
    assert mark_message(POSITION, 1_582_329_602_111_000_001) == {
        "T": "mark",
        "pos": "k3x9w7ab-12",
        "t": "2020-02-22T00:00:02.111000001Z",
    }


# Payloads.


@pytest.mark.parametrize("codec", [JSON, MESSAGE_PACK], ids=lambda codec: codec.name)
def test_what_is_collected_is_joined(codec: Codec) -> None:
    payload = Payload(PayloadKey(EVERYTHING, codec, marks=False))
    for fragment in codec.encode(TICKS):
        payload.collect(fragment)
    assert payload.join(payload.waiting, b"") == codec.join(codec.encode(TICKS))


def test_payload_keys_are_equal_by_value() -> None:
    def key(selection: Selection, codec: Codec, marks: bool) -> PayloadKey:
        return PayloadKey(selection, codec, marks)

    keys = {
        key(of_channels(trades=[symbol]), codec, marks)
        for symbol in ("A", "B")
        for codec in (JSON, MESSAGE_PACK)
        for marks in (False, True)
    }
    assert len(keys) == 8
    assert key(of_channels(trades=["A"]), JSON, False) in keys


# Runs.


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(0, 100))
def test_runs_are_as_long_as_they_may_be(fragments: list[bytes], max_bytes: int) -> None:
    runs = split_runs(fragments, max_bytes)
    assert [fragment for run in runs for fragment in run] == fragments
    assert all(runs)
    for run in runs:
        assert len(run) == 1 or sum(map(len, run)) <= max_bytes
    for run, following in pairwise(runs):
        assert sum(map(len, run)) + len(following[0]) > max_bytes


@each_way
def test_no_keepalive_is_the_end_of_a_body(way: Way) -> None:
    # An empty chunk ends a response (RFC 9112 §7.1).
    _, framing = way
    if framing.keepalive:
        assert framing.wrap(framing.keepalive) != b"0\r\n\r\n"
