"""MessagePack: times as its timestamps."""

from dataclasses import replace
from typing import Any

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from feed.market.ticks import Trade
from feed.wire.messagepack_codec import MESSAGE_PACK
from tests.fakes import strategies


def _trade() -> Trade:
    return Trade("AAPL", 1, "V", 1.0, 1.0, 1)


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
