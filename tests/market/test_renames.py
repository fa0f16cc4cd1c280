"""Symbols of one source under other names; the source's own ticks stay as they are."""

from dataclasses import replace

import pytest

from feed.market.renames import Renames
from feed.market.ticks import Tick
from tests.fakes.servers import bar, quote, status, trade


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("XBT/USD", "BTC/USD"),  # of the map: without the prefix
        ("AAPL", "FX:AAPL"),
        ("A" * 62, None),  # too long with it
    ],
)
def test_a_symbol_is_told_by_the_map_or_else_with_the_prefix(symbol: str, name: str | None) -> None:
    renames = Renames({"XBT/USD": "BTC/USD"}, "FX:")
    assert renames.name(symbol) == name
    assert name is None or renames.symbol(name) == symbol


def test_a_symbol_whose_name_another_one_has_is_not_told() -> None:
    renames = Renames({"XBT/USD": "BTC/USD"})
    assert renames.name("BTC/USD") is None
    assert renames.renamed([trade(1, "BTC/USD"), trade(2, "XBT/USD")]) == [
        None,
        trade(2, "BTC/USD"),
    ]


def test_ticks_of_every_kind_are_copied_and_differ_by_their_symbol_alone() -> None:
    ticks: list[Tick] = [trade(1), quote(2), bar(), status()]
    before = [replace(tick) for tick in ticks]
    assert Renames(prefix="X.").renamed(ticks) == [
        replace(tick, symbol=f"X.{tick.symbol}") for tick in ticks
    ]
    assert ticks == before
    unchanged = Renames({"MSFT": "X"}).renamed(ticks)
    assert all(told is tick for told, tick in zip(unchanged, ticks, strict=True))
