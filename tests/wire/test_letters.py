"""The table of letters, and the function that repeats it for speed."""

from dataclasses import fields

import pytest
from hypothesis import given

from feed.market.ticks import ConflatedTrade, Kind, Tick, Trade
from feed.wire.letters import LETTERS, fields_of, names_by_letter
from tests.fakes import strategies


@given(strategies.ticks)
def test_a_tick_has_each_field_under_its_letter(tick: Tick) -> None:
    expected = {
        LETTERS[field.name]: getattr(tick, field.name)
        for field in fields(tick)
        if field.name not in {"kind", "event_ns"}
    }
    if isinstance(tick, Trade) and (isinstance(tick, ConflatedTrade) or not tick.taker_side):
        del expected["tks"]
    for letter in ("xi", "xfi"):  # few trades have ids that no integer says
        if expected.get(letter) == "":
            del expected[letter]
    assert fields_of(tick) == {"T": tick.kind, **expected}


@pytest.mark.parametrize("kind", Kind)
def test_each_letter_of_a_kind_stands_for_one_field(kind: Kind) -> None:
    names = names_by_letter(kind)
    assert len(set(names.values())) == len(names)
    assert names["S"] == "symbol"
    assert names["t"] == "event_ns"


def test_a_letter_of_one_kind_may_be_of_another_field_in_another() -> None:
    assert names_by_letter(Kind.TRADE)["c"] == "conditions"
    assert names_by_letter(Kind.BAR)["c"] == "close"
