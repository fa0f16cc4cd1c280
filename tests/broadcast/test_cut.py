"""The broadcast: everything is made once, and shared by all who asked for the same."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from feed.broadcast.frame_sizes import MAX_MESSAGE_BYTES
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.segments import SEGMENT_TICKS
from feed.market.ticks import Channel, Kind, Quote, Status, Trade
from feed.wire.codec import CODECS, Codec
from feed.wire.compression import Compression
from feed.wire.framing import ENVELOPE_BYTES
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.position import Position
from feed.wire.selection import Selection
from tests.fakes.frame_reader import message_sizes
from tests.fakes.numbered_ticks import nanoseconds, numbered
from tests.fakes.selections import EVERYTHING, of_channels, select
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Member, Stage
from tests.fakes.ways import BINARY_SOCKET, TEXT_SOCKET, WAYS, Way, way_name

S = 1_000_000_000

SSE = next(way for way in WAYS if way[1].transport == "sse")
STREAM = next(way for way in WAYS if way[1].transport == "stream")


def seated(stage: Stage, *asked: Any, **more: Any) -> Member:
    """Return a member who has read what it was told when it joined."""
    member = stage.join(*asked, **more)
    member.take()
    return member


each_way = pytest.mark.parametrize("way", WAYS, ids=way_name)


# Sharing.


@each_way
def test_equal_selections_are_sent_the_same_object(way: Way) -> None:
    stage = Stage()
    members = [
        seated(stage, of_channels(trades=["AAPL", "MSFT"], quotes=[]), way),
        seated(stage, of_channels(trades=["MSFT", "AAPL", "MSFT"]), way),
        seated(stage, of_channels(trades=iter(["AAPL", "MSFT"])), way),  # type: ignore[arg-type]
    ]
    stage.publish_and_cut("AAPL", "TSLA", "MSFT")
    stage.publish_and_cut("MSFT")
    frames = [member.socket.written for member in members]
    assert len(frames[0]) == 2
    for other in frames[1:]:
        assert [a is b for a, b in zip(frames[0], other, strict=True)] == [True, True]
    assert len(stage.broadcast.lanes) == 1


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Calls of encode and join: of which codec, which, and of how many."""
    noted: list[tuple[str, str, int]] = []
    for codec in CODECS.values():
        for name in ("encode", "join"):
            monkeypatch.setattr(type(codec), name, _noting(codec.name, name, codec, noted))
    return noted


def _noting(
    codec_name: str, name: str, codec: Codec, noted: list[tuple[str, str, int]]
) -> Callable[[Codec, Sequence[Any]], Any]:
    original = getattr(codec, name)

    def call(_: Codec, many: Sequence[Any]) -> Any:
        noted.append((codec_name, name, len(many)))
        return original(many)

    return call


def test_a_batch_is_encoded_once_and_joined_once_for_all_transports(
    calls: list[tuple[str, str, int]],
) -> None:
    stage = Stage()
    members = [seated(stage, EVERYTHING, way) for way in WAYS if way[0] is MESSAGE_PACK]
    stage.publish_and_cut("AAPL", "MSFT")
    assert len(members) > 2
    assert len(stage.broadcast.lanes) == len(members)
    assert calls == [("msgpack", "encode", 2), ("msgpack", "join", 2)]


def test_a_batch_is_encoded_once_for_all_selections_and_for_who_comes_late(
    calls: list[tuple[str, str, int]],
) -> None:
    stage = Stage(newest=SEGMENT_TICKS - 1)
    for symbol in ("AAPL", "MSFT", "*"):
        seated(stage, of_channels(trades=[symbol]))
    stage.publish_and_cut("AAPL", "MSFT", "TSLA")
    late = stage.join(of_channels(trades=["TSLA"]), after=Position(EPOCH, SEGMENT_TICKS))
    assert late.take_sequences() == [SEGMENT_TICKS + 2]
    assert [call for call in calls if call[1] == "encode"] == [("json", "encode", 3)]


def test_a_codec_that_nobody_uses_is_not_encoded(calls: list[tuple[str, str, int]]) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    member = seated(stage, EVERYTHING, (MESSAGE_PACK, BINARY_SOCKET))
    stage.publish_and_cut("MSFT", "MSFT")
    stage.leave(member)
    stage.publish_and_cut("AAPL")
    assert calls == [("msgpack", "encode", 2), ("msgpack", "join", 2)]


@pytest.mark.parametrize(
    "other",
    [
        {"selection": of_channels(trades=["AAPL"])},
        {"way": (MESSAGE_PACK, BINARY_SOCKET)},
        {"way": SSE},
        {"marks": True},
        {"compression": Compression()},
    ],
    ids="".join,
)
def test_whoever_asked_for_something_else_is_in_a_lane_of_its_own(other: dict[str, Any]) -> None:
    stage = Stage()
    seated(stage, EVERYTHING)
    seated(stage, **{"selection": EVERYTHING, **other})
    assert [lane.members for lane in stage.broadcast.lanes] == [1, 1]


@each_way
def test_everybody_is_sent_what_they_selected_and_nothing_else(way: Way) -> None:
    stage = Stage()
    wishes = [
        of_channels(trades=["AAPL"]),
        of_channels(trades="*", bars=["MSFT"]),
        of_channels(quotes=["MSFT", "AAPL"], statuses="*"),
        of_channels(bars=["NOBODY"]),
        EVERYTHING,
    ]
    members = [seated(stage, selection, way) for selection in wishes]
    ticks = [(kind, symbol) for symbol in ("AAPL", "MSFT") for kind in Kind]
    stage.publish_and_cut(*ticks)
    all_ticks = stage.ring.read(0, 100)
    for selection, member in zip(wishes, members, strict=True):
        expected = [tick.event_ns for tick in select(selection, all_ticks)]
        assert member.take_sequences() == expected
        assert member.socket.written == []


@each_way
def test_whoever_joins_a_compressed_lane_can_read_from_its_first_frame_on(way: Way) -> None:
    stage = Stage()
    early = seated(stage, EVERYTHING, way, compression=Compression())
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    late = seated(stage, EVERYTHING, way, compression=Compression())
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    assert early.take_sequences() == list(range(1, 13))
    assert late.take_sequences() == list(range(7, 13))
    assert [lane.members for lane in stage.broadcast.lanes] == [2]


# Cuts.


def test_a_cut_of_nothing_makes_nothing() -> None:
    stage = Stage()
    member = seated(stage)
    cut = stage.cut()
    assert (cut.ticks, cut.envelopes, member.socket.written) == (0, [], [])


def test_a_cut_knows_its_ticks_and_when_the_oldest_of_them_came() -> None:
    stage = Stage()
    seated(stage)
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
    seated(stage, of_channels(trades=["MSFT"]))
    seated(stage, of_channels(trades=["AAPL"]))
    cut = stage.publish_and_cut("AAPL")
    ((lane, envelopes),) = cut.envelopes
    assert lane.payload.key.selection == of_channels(trades=["AAPL"])
    assert (len(envelopes), cut.follows) == (1, 0)


def test_whoever_joins_between_cuts_is_sent_what_waits() -> None:
    # It stands at the last cut, so what was published since then is still due.
    stage = Stage()
    stage.publish_and_cut("AAPL")
    stage.publish("AAPL")
    member = seated(stage)
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
    member = seated(stage, of_channels(trades=["AAPL"]), SSE)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.publish_and_cut("MSFT")
    stage.publish_and_cut("AAPL")
    assert [piece.position for piece in member.take()] == ["stage-2", "stage-4"]


@each_way
def test_marks_come_last_and_only_to_those_who_asked(way: Way) -> None:
    stage = Stage()
    marked = seated(stage, EVERYTHING, way, marks=True)
    plain = seated(stage, EVERYTHING, way)
    stage.now_ns = 77
    stage.publish_and_cut("AAPL", "MSFT")
    (piece,) = marked.take()
    mark = piece.objects.pop()
    assert (mark["T"], mark["pos"], nanoseconds(mark["t"])) == ("mark", "stage-2", 77)
    assert [piece.objects] == [piece.objects for piece in plain.take()]


# Large batches.


def long_status(number: int, symbol: str = "AAPL") -> Status:
    return Status(symbol, "H", "x" * 1000, "", "", number)


@each_way
def test_a_batch_that_is_too_large_is_split_with_the_right_positions(way: Way) -> None:
    _, framing = way
    stage = Stage(2048)
    selection = of_channels(statuses=["AAPL"])
    member = seated(stage, selection, way, marks=True)
    stage.publish_ticks(
        [long_status(number, "AAPL" if number % 3 else "MSFT") for number in range(1, 1001)]
    )
    cut = stage.cut()
    ((_, envelopes),) = cut.envelopes
    assert cut.follows == 0
    assert len(member.socket.written) == 1, "the pieces of a cut are one write"
    sizes = [len(envelope) for envelope in envelopes]
    assert len(sizes) > 20
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


def test_a_batch_just_small_enough_is_one_frame() -> None:
    stage = Stage(2048)
    member = seated(stage)
    overhead = len(JSON.join(JSON.encode([long_status(1)]))) + 2
    count = (MAX_MESSAGE_BYTES - ENVELOPE_BYTES) // overhead
    stage.publish_ticks([long_status(number) for number in range(1, count + 1)])
    stage.cut()
    assert len(member.socket.written) == 1
    assert MAX_MESSAGE_BYTES - 2 * overhead < len(member.socket.written[0]) <= MAX_MESSAGE_BYTES


def test_a_batch_of_several_messages_is_missed_whole_and_comes_whole() -> None:
    stage = Stage(2048)
    member = seated(stage)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_ticks([long_status(number) for number in range(1, 1001)])
    cut = stage.cut()
    assert len(cut.envelopes[0][1]) > 20
    assert member.socket.written == []
    assert member.subscriber.due.sequence == cut.follows == 0
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
    member = seated(stage)
    giant = Status("AAPL", "H", "x" * (MAX_MESSAGE_BYTES + 1), "", "", 2)
    stage.publish_ticks([numbered(1), giant, numbered(3)])
    stage.cut()
    assert [[nanoseconds(item["t"]) for item in piece.objects] for piece in member.take()] == [
        [1],
        [2],
        [3],
    ]


# Who comes and goes.


def test_the_last_member_takes_its_lane_along() -> None:
    stage = Stage()
    one, other = seated(stage), seated(stage)
    beside = seated(stage, EVERYTHING, SSE)
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
    assert stage.publish_and_cut("AAPL").envelopes == []


def test_lanes_that_come_and_go_leave_nothing_behind() -> None:
    stage = Stage()
    rng = random.Random(7)
    members: list[Member] = []
    for step in range(300):
        if members and rng.random() < 0.5:
            stage.leave(members.pop(rng.randrange(len(members))))
        else:
            selection = of_channels(trades=[f"S{rng.randrange(5)}"], quotes=["*"])
            members.append(seated(stage, selection, rng.choice(WAYS), marks=rng.random() < 0.5))
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
    sse = seated(stage, EVERYTHING, SSE)
    stream = seated(stage, EVERYTHING, STREAM, marks=True)
    socket = seated(stage, EVERYTHING, marks=True)
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
    member = seated(stage, EVERYTHING, SSE)
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
    member = seated(stage, EVERYTHING, SSE)
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
    member = seated(stage)
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
