"""Our own JSON back into ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidTick
from feed.market.ticks import ConflatedTrade, Tick
from feed.wire.json_ticks import TickReader, array_of
from tests.fakes import strategies


@given(st.lists(strategies.ticks.filter(lambda tick: not isinstance(tick, ConflatedTrade))))
def test_what_is_read_back_is_equal_to_what_was_written(ticks: list[Tick]) -> None:
    again = TickReader().read(array_of(ticks))
    assert again == ticks
    assert list(map(type, again)) == list(map(type, ticks))


def test_equal_texts_are_one_object() -> None:
    row = (
        b'{"T":"q","S":"%s","bx":"","bp":1,"bs":1,"ax":"","ap":2,"as":1,"c":["R"],"z":"","t":"%s"}'
    )
    row = row % (b"AAPL", b"2020-02-22T00:00:00.000000001Z")
    one, other = TickReader().read(b"[%s,%s]" % (row, row))
    assert one.symbol is other.symbol


@pytest.mark.parametrize(
    "data", [b"", b"{", b"1", b"[1]", b"[{}]", b'[{"T":"x"}]', b'[{"T":"t","t":"x"}]']
)
def test_what_is_no_tick_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidTick):
        TickReader().read(data)
