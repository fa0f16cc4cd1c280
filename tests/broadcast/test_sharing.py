"""Everything is made once, and shared by all that asked for the same."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from feed.broadcast.segments import SEGMENT_TICKS
from feed.market.ticks import Kind
from feed.wire.codec import CODECS, Codec
from feed.wire.compression import Compression
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.position import Position
from tests.fakes.selections import EVERYTHING, of_channels, select
from tests.fakes.stage import EPOCH, Stage
from tests.fakes.ways import BINARY_SOCKET, SSE, WAYS, Way, way_name

each_way = pytest.mark.parametrize("way", WAYS, ids=way_name)


@each_way
def test_equal_selections_are_sent_the_same_object(way: Way) -> None:
    stage = Stage()
    members = [
        stage.seat(of_channels(trades=["AAPL", "MSFT"], quotes=[]), way),
        stage.seat(of_channels(trades=["MSFT", "AAPL", "MSFT"]), way),
        stage.seat(of_channels(trades=iter(["AAPL", "MSFT"])), way),
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
    members = [stage.seat(EVERYTHING, way) for way in WAYS if way[0] is MESSAGE_PACK]
    stage.publish_and_cut("AAPL", "MSFT")
    assert len(members) > 2
    assert len(stage.broadcast.lanes) == len(members)
    assert calls == [("msgpack", "encode", 2), ("msgpack", "join", 2)]


def test_a_batch_is_encoded_once_for_all_selections_and_for_who_comes_late(
    calls: list[tuple[str, str, int]],
) -> None:
    stage = Stage(newest=SEGMENT_TICKS - 1)
    for symbol in ("AAPL", "MSFT", "*"):
        stage.seat(of_channels(trades=[symbol]))
    stage.publish_and_cut("AAPL", "MSFT", "TSLA")
    late = stage.join(of_channels(trades=["TSLA"]), after=Position(EPOCH, SEGMENT_TICKS))
    assert late.take_sequences() == [SEGMENT_TICKS + 2]
    assert [call for call in calls if call[1] == "encode"] == [("json", "encode", 3)]


def test_a_codec_that_nobody_uses_is_not_encoded(calls: list[tuple[str, str, int]]) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    member = stage.seat(EVERYTHING, (MESSAGE_PACK, BINARY_SOCKET))
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
    stage.seat(EVERYTHING)
    stage.seat(**{"selection": EVERYTHING, **other})
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
    members = [stage.seat(selection, way) for selection in wishes]
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
    early = stage.seat(EVERYTHING, way, compression=Compression())
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    late = stage.seat(EVERYTHING, way, compression=Compression())
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    assert early.take_sequences() == list(range(1, 13))
    assert late.take_sequences() == list(range(7, 13))
    assert [lane.members for lane in stage.broadcast.lanes] == [2]
