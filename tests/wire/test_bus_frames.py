"""The bus: what goes in as events comes out as events, with the bytes that were encoded once."""

from typing import Any, get_args

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidMessage, InvalidTick
from feed.market.ticks import ConflatedTrade, Opaque, Tick
from feed.wire.bus_codec import BusCodec, bus_codec
from feed.wire.bus_frames import BusFrameReader, cut_frame
from feed.wire.codec import CODECS, encode_events
from feed.wire.codec_name import CodecName
from feed.wire.follow_frames import Cut, StateTicks, Word, cut_message
from feed.wire.json_codec import JSON
from feed.wire.messages import mark_message
from feed.wire.position import Position
from tests.fakes import strategies
from tests.fakes.said import words_of
from tests.fakes.servers import quote, trade

TOKEN = words_of("gen-1", ["", "a word"])[1]
OPAQUE = Opaque(JSON.fragment({"T": "later", "x": 1}))


# What a ring holds: conflated ticks are made of it.
RING_TICKS = strategies.ticks.filter(lambda tick: type(tick) is not ConflatedTrade)


def frame_of(events: list[Any], codec: BusCodec) -> bytes:
    rows = encode_events(codec, events, opaque=True)
    at = [7] * len(events)
    return cut_frame(rows, cut_message(Position("epoch", len(events)), at, 9, len(events)))


def cut_in(frame: bytes) -> Cut:
    cut = BusFrameReader().read(frame)
    assert isinstance(cut, Cut)
    return cut


@given(
    ticks=st.lists(RING_TICKS, min_size=1, max_size=6),
    names=st.sets(st.sampled_from(get_args(CodecName))),
)
def test_ticks_come_as_they_were_and_with_equal_bytes(
    ticks: list[Tick], names: set[CodecName]
) -> None:
    codec = bus_codec(sorted(names), CODECS)
    cut = cut_in(frame_of(ticks, codec))
    assert cut.events == ticks
    assert not cut.others
    assert [[*column] for column in cut.carried] == [each.encode(ticks) for each in codec.carried]
    assert {each.name for each in codec.carried} == names | {"json"}


@pytest.mark.parametrize("names", [(), ("msgpack",)])
def test_words_and_unknown_events_come_along(names: tuple[CodecName, ...]) -> None:
    events: list[Any] = [trade(1), TOKEN, OPAQUE, quote(2)]
    cut = cut_in(frame_of(events, bus_codec(names, CODECS)))
    assert (cut.events, cut.others, cut.carried) == (events, True, [])
    assert [*cut.ingested_ns] == [7] * 4


def test_messages_and_states_have_no_end() -> None:
    codec, reader = BusCodec(), BusFrameReader()
    mark = mark_message(Position("epoch", 3), 5)
    assert reader.read(codec.array([mark])) == Word(dict(mark))
    assert reader.read(codec.join(codec.encode([trade(1)]))) == StateTicks([trade(1)])


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        msgpack.packb([]),
        msgpack.packb({"T": "mark"}),
        msgpack.packb([{"T": "unheard"}]),
        msgpack.packb([{"T": "mark"}, {"T": "mark"}]),
        msgpack.packb(["t"])[:1],
        b"\x91" * 2_000,
    ],
)
def test_what_is_no_frame_is_refused(frame: bytes) -> None:
    with pytest.raises((InvalidMessage, InvalidTick)):
        BusFrameReader().read(frame)


@pytest.mark.parametrize(
    "row", [[], ["t"], ["t", 1, 2], ["zz", "A"], [""], ["", b"{"], [["t"]], ["b", "A", 1.0, b""]]
)
def test_a_row_that_is_none_is_refused(row: list[Any]) -> None:
    frame = msgpack.packb([row, cut_message(Position("epoch", 1), [1], 2, 1)])
    with pytest.raises(InvalidTick, match="rows of the bus"):
        BusFrameReader().read(frame)


def test_an_end_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="a cut as of version"):
        BusFrameReader().read(msgpack.packb([{"T": "cut", "pos": "?"}]))
