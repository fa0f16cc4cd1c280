"""Ticks with some of their keys, in each codec."""

import gc
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import InvalidParameter
from feed.market.ticks import KIND_OF_CHANNEL, Channel, ConflatedTrade, Kind, Tick
from feed.wire.codec import CODECS, Codec
from feed.wire.control import Subscribe, parse_control
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.messages import GapReason, gap_message
from feed.wire.position import Position
from feed.wire.projection import EVERY_LETTER, LETTERS_OF, ProjectedCodec, check_fields, projected
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.requests import Request
from tests.fakes.numbered_ticks import numbered
from tests.fakes.strategies import examples

TICKS: list[Tick] = [
    *(numbered(1_700_000_000_000_000_000 + place, kind) for place, kind in enumerate(Kind)),
    ConflatedTrade(
        *("AAPL", 7, "V", 10.5, 100.0, 1_700_000_000_000_000_000, ("@",), "C", "B", "x7"),
        trade_count=3,
        high=11.0,
        low=9.5,
        volume=300.0,
        vwap=10.1,
        first_trade_id=5,
        first_exact_id="x5",
    ),
]
LETTERS = st.frozensets(st.sampled_from(sorted(EVERY_LETTER)), min_size=1)


def decoded(codec: Codec, ticks: list[Tick]) -> Any:
    return codec.decode(codec.join(codec.encode(ticks)))


@pytest.mark.parametrize("codec", [JSON, MESSAGE_PACK], ids=["json", "msgpack"])
@settings(max_examples=examples(100))
@given(fields=LETTERS)
def test_a_tick_has_the_keys_that_are_kept_as_they_were(
    codec: Codec, fields: frozenset[str]
) -> None:
    kept = fields | {"T", "S"}
    whole = decoded(codec, TICKS)
    some = decoded(projected(codec, fields, Channel), TICKS)
    assert some == [{key: tick[key] for key in tick if key in kept} for tick in whole]
    assert all(next(iter(tick)) == "T" for tick in some)


@settings(max_examples=examples(50))
@given(fields=LETTERS)
def test_in_protobuf_the_others_are_not_set(fields: frozenset[str]) -> None:
    codec = projected(PROTOBUF, fields, Channel)
    whole, some = decoded(PROTOBUF, TICKS), decoded(codec, TICKS)
    nothing: tuple[object, ...] = (0, 0.0, "", [], "1970-01-01T00:00:00.000000000Z")
    for before, after in zip(whole, some, strict=True):
        for key in before:
            if key in fields | {"T", "S"}:
                assert after[key] == before[key]
            else:
                assert key not in after or after[key] in nothing


def test_messages_that_are_no_ticks_are_whole() -> None:
    gap = gap_message(Position("e", 1), Position("e", 2), GapReason.OVERRUN)
    for codec in CODECS.values():
        some = projected(codec, frozenset("p"), [Channel.TRADES])
        assert some.fragment(gap) == codec.fragment(gap)
        assert some.array([gap]) == codec.array([gap])


def test_equal_projections_are_one_object_while_somebody_uses_them() -> None:
    one = projected(JSON, frozenset({"p", "s", "t"}), [Channel.TRADES])
    assert projected(JSON, frozenset({"t", "s", "p", "T"}), [Channel.TRADES]) is one
    assert projected(JSON, frozenset({"p", "s", "t"}), [Channel.TRADES, Channel.QUOTES]) is one
    assert projected(JSON, frozenset({"p", "s"}), [Channel.TRADES]) is not one
    assert projected(MESSAGE_PACK, frozenset({"p", "s", "t"}), [Channel.TRADES]) is not one
    assert (one.name, one.joints) == (JSON.name, JSON.joints)


def test_what_keeps_all_keys_is_no_projection() -> None:
    every = LETTERS_OF[Kind.QUOTE]
    assert projected(JSON, every, [Channel.QUOTES]) is JSON
    assert projected(JSON, every - {"T", "S"}, [Channel.QUOTES]) is JSON
    assert isinstance(projected(JSON, every, [Channel.QUOTES, Channel.TRADES]), ProjectedCodec)
    for fields in (None, frozenset("*"), frozenset({"*", "p"})):
        assert projected(JSON, fields, [Channel.TRADES]) is JSON
    assert projected(JSON, frozenset("p"), []) is JSON


def test_a_key_that_no_selected_kind_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidParameter, match=r"fields: 'bp'.*on trades the keys S, T, c, fi"):
        check_fields(frozenset({"bp", "p"}), [Channel.TRADES])
    check_fields(frozenset({"bp", "p"}), [Channel.TRADES, Channel.QUOTES])
    for channel in Channel:
        check_fields(LETTERS_OF[KIND_OF_CHANNEL[channel]], [channel])


@pytest.mark.parametrize("fields", ["", ",", "price", "p,q", "p;s", ",".join(["p"] * 101)])
def test_what_is_not_a_list_of_keys_is_refused(fields: str) -> None:
    with pytest.raises(InvalidParameter, match=r"accepted: a list of keys of ticks, S, T"):
        Request.of_query([("trades", "AAPL"), ("fields", fields)])
    with pytest.raises(InvalidParameter, match=r"accepted: a list of keys of ticks, S, T"):
        parse_control({"action": "subscribe", "trades": ["AAPL"], "fields": fields})


def test_a_message_and_a_query_ask_alike() -> None:
    asked = Request.of_query([("trades", "AAPL"), ("fields", "t,p,t")])
    message = parse_control({"action": "subscribe", "trades": ["AAPL"], "fields": ["p", "t"]})
    assert isinstance(message, Subscribe)
    assert asked.project(JSON) is message.project(JSON)
    with pytest.raises(InvalidParameter, match="on trades the keys"):
        Request.of_query([("trades", "AAPL"), ("fields", "bp")]).project(JSON)
    gc.collect()


def test_a_trade_has_less_than_half_of_its_bytes_with_three_keys() -> None:
    [whole], [some] = (
        JSON.encode(TICKS[:1]),
        projected(JSON, frozenset("pst"), [Channel.TRADES]).encode(TICKS[:1]),
    )
    assert orjson.loads(b'{"T":' + some + b"}").keys() == {"T", "S", "p", "s", "t"}
    assert len(some) < 0.8 * len(whole)
