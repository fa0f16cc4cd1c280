"""Batches that are too long for one message are several, each with its position."""

import pytest

from feed.broadcast.frame_sizes import MAX_MESSAGE_BYTES
from feed.market.ticks import Channel, Kind, Status
from feed.wire.framing import ENVELOPE_BYTES
from feed.wire.json_codec import JSON
from feed.wire.position import Position
from feed.wire.selection import Selection
from tests.fakes.frame_reader import message_sizes
from tests.fakes.numbered_ticks import nanoseconds, numbered
from tests.fakes.selections import of_channels, select
from tests.fakes.stage import HIGH_WATER_BYTES, Stage
from tests.fakes.ways import WAYS, Way, way_name

S = 1_000_000_000

each_way = pytest.mark.parametrize("way", WAYS, ids=way_name)


def long_status(number: int, symbol: str = "AAPL") -> Status:
    return Status(symbol, "H", "x" * 1000, "", "", number)


@each_way
def test_a_batch_that_is_too_large_is_split_with_the_right_positions(way: Way) -> None:
    codec, framing = way
    stage = Stage(2048)
    selection = of_channels(statuses=["AAPL"])
    member = stage.seat(selection, way, marks=True)
    stage.publish_ticks(
        [long_status(number, "AAPL" if number % 3 else "MSFT") for number in range(1, 1001)]
    )
    cut = stage.cut()
    assert cut.follows == 0
    (frames,) = member.socket.written  # the pieces of a cut are one write
    sizes = message_sizes(codec, framing, frames)
    assert cut.outgoing.envelopes == len(sizes) > 20
    assert all(MAX_MESSAGE_BYTES // 2 < size <= MAX_MESSAGE_BYTES for size in sizes[:-1])
    told = 0
    sequences: list[int] = []
    for piece in member.take():
        mark = piece.objects.pop()
        got = [nanoseconds(item["t"]) for item in piece.objects]
        assert told < got[0]
        assert Position.parse(mark["pos"]).sequence >= got[-1]
        if framing.transport == "sse":
            assert piece.position == mark["pos"]
        told = Position.parse(mark["pos"]).sequence
        sequences += got
        # Nothing that is selected lies between the last tick and the position.
        assert not select(selection, stage.ring.read(got[-1], told - got[-1]))
    assert sequences == [number for number in range(1, 1001) if number % 3]
    assert 1000 - told < 3


def test_the_pieces_of_a_batch_of_which_all_is_selected_end_where_their_positions_are() -> None:
    stage = Stage(2048)
    member = stage.seat(of_channels(statuses=["*"]), marks=True)
    for first in (1, 401):
        stage.publish_ticks([long_status(number) for number in range(first, first + 400)])
        stage.cut()
    pieces = member.take()
    assert len(pieces) > 20
    for piece in pieces:
        mark = piece.objects.pop()
        last = nanoseconds(piece.objects[-1]["t"])
        assert Position.parse(mark["pos"]).sequence == last


def test_a_batch_just_small_enough_is_one_frame() -> None:
    stage = Stage(2048)
    member = stage.seat()
    overhead = len(JSON.join(JSON.encode([long_status(1)]))) + 2
    count = (MAX_MESSAGE_BYTES - ENVELOPE_BYTES) // overhead
    stage.publish_ticks([long_status(number) for number in range(1, count + 1)])
    stage.cut()
    assert len(member.socket.written) == 1
    assert MAX_MESSAGE_BYTES - 2 * overhead < len(member.socket.written[0]) <= MAX_MESSAGE_BYTES


def test_a_batch_of_several_messages_is_missed_whole_and_comes_whole() -> None:
    stage = Stage(2048)
    member = stage.seat()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_ticks([long_status(number) for number in range(1, 1001)])
    cut = stage.cut()
    assert cut.outgoing.envelopes > 20
    assert member.socket.written == []
    assert member.subscriber.due.backlog.sequence == cut.follows == 0
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert all(len(frame) <= MAX_MESSAGE_BYTES + 4 for frame in member.socket.written)
    assert member.take_sequences() == list(range(1, 1001))


@each_way
def test_no_message_is_longer_than_the_limit_however_it_comes(way: Way) -> None:
    stage = Stage(4096)
    selection = Selection.of({Channel.TRADES: ["*"], Channel.QUOTES: ["*"]}, {Channel.QUOTES: 50})
    live = stage.join(selection, way, marks=True)
    held = stage.join(selection, way, marks=True)
    held.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(3):
        stage.publish(
            *((Kind.TRADE if number % 2 else Kind.QUOTE, f"S{number}") for number in range(700))
        )
        stage.now_ns += 100_000_000
        stage.cut()
    held.socket.held_bytes = 0
    stage.catch_up(held)
    joined = stage.join(selection, way, snapshot=True)
    for member in (live, held, joined):
        sizes = [size for write in member.socket.written for size in message_sizes(*way, write)]
        assert len(sizes) > 3
        assert max(sizes) <= MAX_MESSAGE_BYTES
        assert len(member.take_objects()) > 700


def test_an_event_longer_than_a_frame_is_sent_alone() -> None:
    stage = Stage()
    member = stage.seat()
    giant = Status("AAPL", "H", "x" * (MAX_MESSAGE_BYTES + 1), "", "", 2)
    stage.publish_ticks([numbered(1), giant, numbered(3)])
    stage.cut()
    assert [[nanoseconds(item["t"]) for item in piece.objects] for piece in member.take()] == [
        [1],
        [2],
        [3],
    ]
