"""MessagePack: times as its timestamps."""

import math
from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.ticks import Bar, ConflatedTrade, Kind, Quote, Tick, Trade
from feed.wire.letters import fields_of
from feed.wire.messagepack_codec import MESSAGE_PACK, _with_one_more
from tests.fakes import strategies


def _trade() -> Trade:
    return Trade("AAPL", 1, "V", 1.0, 1.0, 1)


@given(strategies.ticks)
def test_a_map_begins_with_its_kind_as_the_dialects_sdk_for_go_wants_it(tick: Tick) -> None:
    (fragment,) = MESSAGE_PACK.encode([tick])
    assert list(msgpack.unpackb(fragment))[:2] == ["T", "S"]


@pytest.mark.parametrize(
    ("tick", "letters"),
    [
        (Trade("A", 1, "V", 2.0, 100.0, 1), "s"),
        (ConflatedTrade("A", 1, "V", 2.0, 3.0, 1, volume=2.0**53 - 1, trade_count=2), "s v n"),
        (Quote("A", "V", 2.0, 0.0, "Q", 3.0, 2.0**32, 1), "bs as"),
        (Bar(Kind.BAR, "A", 1.0, 1.0, 1.0, 1.0, 7e12, 3, 1.0, 1), "v n"),
        (Trade("A", 1, "V", 2.0, 100, 1), "s"),
    ],
    ids=["trade", "conflated trade", "quote", "bar", "a trade of integers"],
)
def test_whole_sizes_volumes_and_counts_are_integers_and_prices_stay_floats(
    tick: Tick, letters: str
) -> None:
    (fragment,) = MESSAGE_PACK.encode([tick])
    read = msgpack.unpackb(fragment)
    assert {letter for letter, value in read.items() if type(value) is int} - {"i", "fi"} == set(
        letters.split()
    )
    assert all(read[letter] == fields_of(tick)[letter] for letter in letters.split())


@pytest.mark.parametrize("size", [0.5, 1e-9, 2.0**53, 1e300, math.inf])
def test_what_is_no_exact_whole_number_stays_a_float(size: float) -> None:
    (fragment,) = MESSAGE_PACK.encode([replace(_trade(), size=size)])
    assert repr(msgpack.unpackb(fragment)["s"]) == repr(size)


@pytest.mark.parametrize("count", [13, 14, 15, 16, 17])
def test_a_map_takes_one_field_more_whatever_its_header_is(count: int) -> None:
    fields = {str(number): number for number in range(count)}
    longer = _with_one_more(msgpack.packb(fields), count) + b"\xa1t\x07"
    assert longer == msgpack.packb(fields | {"t": 7})


def test_messagepack_times_are_timestamps_of_64_bits() -> None:
    (fragment,) = MESSAGE_PACK.encode([_trade()])
    # fixext 8, type −1, 30 bits of nanoseconds, 34 bits of seconds.
    assert b"\xa1t\xd7\xff\x00\x00\x00\x04\x00\x00\x00\x00" in fragment


@given(st.integers(0, strategies.LAST_EVENT_NS))
def test_messagepack_writes_a_time_as_msgpack_reads_it(event_ns: int) -> None:
    (fragment,) = MESSAGE_PACK.encode([replace(_trade(), event_ns=event_ns)])
    assert msgpack.unpackb(fragment)["t"] == msgpack.Timestamp.from_unix_nano(event_ns)


@given(strategies.json_values)
def test_what_a_client_packs_is_unpacked(value: Any) -> None:
    packed: bytes = msgpack.packb(value)
    assert repr(MESSAGE_PACK.decode(packed)) == repr(value)  # repr, since NaN is not itself
