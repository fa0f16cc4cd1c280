"""A row: one symbol on the day that is open.

A symbol has a row as soon as it was traded on the day, and from then on, halted or not; one whose
base is nothing, or less, has none, since no change can be told.
"""

from typing import NamedTuple, Protocol

from feed.market.day_sums import Traded
from feed.market.summary.figures import percent_from


class Described(Protocol):
    """What is known of a symbol beside its market."""

    @property
    def symbol(self) -> str:
        """The symbol."""

    @property
    def name(self) -> str:
        """In words."""

    @property
    def sector(self) -> str:
        """In words; "": unknown."""

    @property
    def asset_class(self) -> str:
        """Its class."""


class Row(NamedTuple):
    """One symbol; plain, since there are thousands of them a second.

    Attributes:
        known: which it is.
        last: the last price.
        base: the price that its change is measured from.
        change_pct: how far the last price is from its base, in percent.
        volume: sizes of trades, summed; None: not told to whoever asks.
        turnover: price × size, summed, in its own currency; None likewise.
        trades: how many there were; None likewise.
    """

    known: Described
    last: float
    base: float
    change_pct: float
    volume: float | None
    turnover: float | None
    trades: int | None


def row_of(known: Described, base: float, last: float, traded: Traded | None) -> Row | None:
    """Return the row of a symbol; None: its change cannot be told.

    Args:
        known: which it is.
        base: the price that its change is measured from.
        last: the last price.
        traded: what was traded, as far as that compares with other symbols; None: it is not told.
    """
    change = percent_from(base, last)
    if change is None:
        return None
    if traded is None:
        return Row(known, last, base, change, None, None, None)
    volume, notional, trades = traded
    return Row(known, last, base, change, volume, notional, trades)


def less(traded: Traded, before: Traded) -> Traded:
    """Return what was traded but for what was before."""
    return Traded(
        traded.volume - before.volume,
        traded.notional - before.notional,
        traded.trades - before.trades,
    )
