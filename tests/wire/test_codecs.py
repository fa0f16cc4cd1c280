"""Fragments and arrays against other people's decoders, and against the golden bytes."""

import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidMessage
from feed.market.ticks import Bar, ConflatedTrade, Kind, Quote, Status, Tick, Trade
from feed.wire.codec import CODECS, Codec
from feed.wire.codec_name import CodecName
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from tests.fakes import strategies
from tests.fakes.frame_reader import decode, decode_ticks
from tests.fakes.numbered_ticks import nanoseconds, numbered
from tests.fakes.ways import WAYS
from tests.golden import TICKS, TickVector

ALL_CODECS = list(CODECS.values())
WITHOUT_SCHEMA: list[Codec] = [JSON, MESSAGE_PACK]  # these take any message


def test_every_name_that_is_offered_is_a_codec() -> None:
    assert get_args(CodecName) == tuple(CODECS)


def test_a_media_type_names_one_codec() -> None:
    media_types = [name for codec in ALL_CODECS for name in codec.media_types]
    assert len(set(media_types)) == len(media_types)
    assert all(codec.media_types for codec in ALL_CODECS)


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_joining_adds_what_the_codec_says_and_no_byte_more(codec: Codec) -> None:
    # Messages are filled up to their limit by it.
    added = [
        len(codec.join([b"x"] * count)) - count - codec.between_bytes * (count - 1)
        for count in (1, 2, 15, 16, 65_535, 65_536, 65_537)
    ]
    assert max(added) == codec.around_bytes


def expected(tick: Tick) -> dict[str, Any]:
    """Return a tick's object as the dialect has it, with its time in nanoseconds."""
    head = {"T": tick.kind.value, "S": tick.symbol, "t": tick.event_ns}
    match tick:
        case Trade():
            more: dict[str, Any] = {"tks": tick.taker_side} if tick.taker_side else {}
            if isinstance(tick, ConflatedTrade):
                more = {
                    "n": tick.trade_count,
                    "h": tick.high,
                    "l": tick.low,
                    "v": tick.volume,
                    "vw": tick.vwap,
                    "fi": tick.first_trade_id,
                }
                if tick.first_exact_id:
                    more["xfi"] = tick.first_exact_id
            if tick.exact_id:
                more["xi"] = tick.exact_id
            return {
                **head,
                "i": tick.trade_id,
                "x": tick.exchange,
                "p": tick.price,
                "s": tick.size,
                "c": list(tick.conditions),
                "z": tick.tape,
                **more,
            }
        case Quote():
            return {
                **head,
                "bx": tick.bid_exchange,
                "bp": tick.bid_price,
                "bs": tick.bid_size,
                "ax": tick.ask_exchange,
                "ap": tick.ask_price,
                "as": tick.ask_size,
                "c": list(tick.conditions),
                "z": tick.tape,
            }
        case Bar():
            return {
                **head,
                "o": tick.open,
                "h": tick.high,
                "l": tick.low,
                "c": tick.close,
                "v": tick.volume,
                "n": tick.trade_count,
                "vw": tick.vwap,
            }
        case Status():
            return {
                **head,
                "sc": tick.status_code,
                "sm": tick.status_message,
                "rc": tick.reason_code,
                "rm": tick.reason_message,
                "z": tick.tape,
            }


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
@given(ticks=st.lists(strategies.ticks, min_size=1, max_size=6))
def test_a_batch_arrives_as_it_was(codec: Codec, ticks: list[Tick]) -> None:
    fragments = codec.encode(ticks)
    assert len(fragments) == len(ticks)
    assert decode_ticks(codec, codec.join(fragments)) == [expected(tick) for tick in ticks]


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
@given(ticks=st.lists(strategies.ticks, min_size=1, max_size=6), data=st.data())
def test_any_fragments_join_in_any_order(
    codec: Codec, ticks: list[Tick], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(ticks) - 1), min_size=1, max_size=20))
    fragments = codec.encode(ticks)
    joined = codec.join([fragments[index] for index in chosen])
    assert decode_ticks(codec, joined) == [expected(ticks[index]) for index in chosen]


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
@given(ticks=st.lists(strategies.ticks, min_size=1, max_size=6))
def test_a_fragment_does_not_depend_on_its_batch(codec: Codec, ticks: list[Tick]) -> None:
    alone = [fragment for tick in ticks for fragment in codec.encode([tick])]
    assert codec.encode(ticks) == alone


@pytest.mark.parametrize(
    "text",
    [
        "},{",  # what follows is the closing quote: `},{"`
        '},{"',
        '},{"T":',
        '"},{"T":"t","S":"',
        "},{\\",
        "\\",
        '\\"',
        "}]",
        "\n\ndata: x",
        "\u2028\0\x1f\x7f",
        "Handel ausgesetzt: Δ > 5 € 🐎",
    ],
)
@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_texts_that_look_like_the_wire_do_not_part_a_batch(codec: Codec, text: str) -> None:
    ticks: list[Tick] = [
        Status("AAPL", text, text, text, text, 1, text),
        Trade("AAPL", 2, text, 1.0, 1.0, 2, (text, text), text),
        Quote("AAPL", text, 1.0, 1.0, text, 1.0, 1.0, 3, (text,), text),
    ]
    fragments = codec.encode(ticks)
    assert len(fragments) == 3
    assert decode_ticks(codec, codec.join(fragments[1:])) == [expected(tick) for tick in ticks[1:]]


@pytest.mark.parametrize("codec", WITHOUT_SCHEMA, ids=lambda codec: codec.name)
@given(
    ticks=st.lists(strategies.ticks, max_size=3),
    text=strategies.texts(),
    number=st.integers(-(1 << 63), (1 << 64) - 1),
)
def test_feed_messages_join_like_ticks(
    codec: Codec, ticks: list[Tick], text: str, number: int
) -> None:
    message = {"T": "gap", "from": text, "to": number}
    joined = codec.join([*codec.encode(ticks), codec.fragment(message)])
    objects = decode(codec, joined)
    assert objects[-1] == message
    assert len(objects) == len(ticks) + 1
    assert codec.array([message]) == codec.join([codec.fragment(message)])


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_nothing_is_no_fragments(codec: Codec) -> None:
    assert codec.encode([]) == []


# Headers of MessagePack arrays grow at 16 and at 65,536 elements.
@pytest.mark.parametrize("count", [1, 15, 16, 17, 65_535, 65_536])
@pytest.mark.parametrize("codec", WITHOUT_SCHEMA, ids=lambda codec: codec.name)
def test_arrays_of_every_size_can_be_joined(codec: Codec, count: int) -> None:
    fragment = codec.fragment({"T": "x"})
    joined = codec.join([fragment] * count)
    assert joined == codec.array([{"T": "x"}] * count)
    assert decode(codec, joined) == [{"T": "x"}] * count


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_a_tick_that_cannot_be_encoded_does_not_spoil_the_next(codec: Codec) -> None:
    broken = replace(_trade(), exchange="\ud800")  # half a character
    with pytest.raises((TypeError, UnicodeEncodeError)):
        codec.encode([_trade(), broken])
    assert decode_ticks(codec, codec.join(codec.encode([_trade()]))) == [expected(_trade())]


def _trade() -> Trade:
    return Trade("AAPL", 1, "V", 1.0, 1.0, 1)


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_encoded_batches_hold_no_more_memory_than_their_bytes(codec: Codec) -> None:
    # A view into a larger buffer, or an over-allocated one, would be paid for as long as the ring.
    for fragment in codec.encode([numbered(sequence) for sequence in range(1, 50)]):
        assert type(fragment) is bytes
        assert fragment.__sizeof__() == bytes.__itemsize__ * len(fragment) + b"".__sizeof__()


@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_the_largest_trade_id_arrives(codec: Codec) -> None:
    tick = replace(_trade(), trade_id=strategies.LARGEST_ID)
    assert decode_ticks(codec, codec.join(codec.encode([tick])))[0]["i"] == strategies.LARGEST_ID


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_prices_are_the_same_number_in_every_codec(price: float) -> None:
    for codec in ALL_CODECS:
        (got,) = decode_ticks(codec, codec.join(codec.encode([replace(_trade(), price=price)])))
        assert got["p"] == price
        assert math.copysign(1, got["p"]) == math.copysign(1, price)


@pytest.mark.parametrize("vector", TICKS, ids=lambda vector: vector.name)
@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_ticks_become_the_golden_bytes(codec: Codec, vector: TickVector) -> None:
    joined = codec.join(codec.encode([vector.tick]))
    assert joined == vector.data[codec.name]


@pytest.mark.parametrize("vector", TICKS, ids=lambda vector: vector.name)
@pytest.mark.parametrize("codec", ALL_CODECS, ids=lambda codec: codec.name)
def test_golden_bytes_are_read_as_their_objects(codec: Codec, vector: TickVector) -> None:
    (got,) = decode(codec, vector.data[codec.name])
    assert {**got, "t": nanoseconds(got["t"])} == {
        **vector.object,
        "t": nanoseconds(vector.object["t"]),
    }


def test_there_are_golden_bytes_for_every_kind_and_codec() -> None:
    assert {vector.tick.kind for vector in TICKS} == set(Kind)
    names = {codec.name for codec in ALL_CODECS}
    assert all(set(vector.data) >= names for vector in TICKS)


def test_every_codec_and_transport_is_among_the_ways_that_are_tried() -> None:
    assert {codec.name for codec, _ in WAYS} >= {codec.name for codec in ALL_CODECS}
    assert {framing.transport for _, framing in WAYS} == {"websocket", "sse", "stream"}


@pytest.mark.parametrize(
    ("codec", "data", "words"),
    [
        (JSON, b"", "not JSON"),
        (JSON, b"{", "not JSON"),
        (JSON, b"{} {}", "not JSON"),
        (JSON, b"NaN", "not JSON"),
        (JSON, b"\xff", "not JSON"),
        (JSON, "\ud800", "not JSON"),
        (JSON, b'"\\ud800"', "not JSON"),
        (JSON, b"[" * 5000 + b"]" * 5000, "not JSON"),
        (MESSAGE_PACK, b"", "not MessagePack"),
        (MESSAGE_PACK, b"\xc1", "not MessagePack: FormatError"),
        (MESSAGE_PACK, b"\x81\xa1a", "not MessagePack"),
        (MESSAGE_PACK, b"\x80\x80", "not MessagePack"),
        (MESSAGE_PACK, b"\xa1\xff", "not MessagePack"),
        (MESSAGE_PACK, b"\x81\x90\x01", "not MessagePack"),
        (MESSAGE_PACK, b"\x81\xc0\x01", "not MessagePack"),
        (MESSAGE_PACK, b"\xdd\xff\xff\xff\xff", "not MessagePack"),
        (MESSAGE_PACK, b"\xd4\xff\x00", "not MessagePack"),  # a Timestamp of one byte
        (MESSAGE_PACK, b"\xd7\xff" + b"\xff" * 8, "not MessagePack"),  # too many nanoseconds
        (MESSAGE_PACK, b"\x91" * 5000 + b"\xc0", "not MessagePack: StackError"),
        (MESSAGE_PACK, "text", "not MessagePack"),
    ],
)
def test_what_a_client_sends_in_no_codec_is_refused_in_words(
    codec: Codec, data: bytes | str, words: str
) -> None:
    with pytest.raises(InvalidMessage, match=words) as caught:
        codec.decode(data)
    assert "accepted: one" in str(caught.value)
