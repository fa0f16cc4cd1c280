"""Figures: what is known of one symbol, and the changes that follow from it.

Prices are those of other people's files: they may be nothing, negative, or so far apart that a
quotient says nothing. Whatever follows from them is a finite number, or unknown.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

_PER_CENT, _PER_BASIS_POINT = 100.0, 10_000.0
_NUMBERS = ("last", "open", "previous_close", "volume", "bid", "ask")


class Base(StrEnum):
    """What a change is measured against."""

    PREVIOUS_CLOSE = "previous close"
    OPEN = "first known price of the day"


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one symbol; None where it is unknown.

    Attributes:
        symbol: whose figures they are.
        last: the last price.
        open: the first price of the day that is known, a day being that of UTC.
        previous_close: the last price of the day before on which there was one.
        volume: of the day, as far as it is known.
        bid, ask: the best prices of the last quote.
        halt: why it is halted, "" where nobody says why; None: it is not, as far as is known.
        price_step: the grid of its prices.
    """

    symbol: str
    last: float | None = None
    open: float | None = None
    previous_close: float | None = None
    volume: float | None = None
    bid: float | None = None
    ask: float | None = None
    halt: str | None = None
    price_step: float | None = None

    def __post_init__(self) -> None:
        """Take numbers that are none for unknown."""
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not isfinite(value):
                object.__setattr__(self, name, None)

    @property
    def base(self) -> Base | None:
        """What its change is measured against: the previous close where that is known."""
        if _is_base(self.previous_close):
            return Base.PREVIOUS_CLOSE
        return Base.OPEN if _is_base(self.open) else None

    @property
    def change_pct(self) -> float | None:
        """How far its last price is from its base, in percent."""
        base = self.previous_close if self.base is Base.PREVIOUS_CLOSE else self.open
        return percent_from(base, self.last)

    @property
    def gap_pct(self) -> float | None:
        """How far its open is from the previous close, in percent."""
        return percent_from(self.previous_close, self.open)

    @property
    def spread_bp(self) -> float | None:
        """How far its ask is above its bid, in basis points of their mean; None: not two prices.

        Below 0 where the quote is crossed.
        """
        bid, ask = self.bid, self.ask
        if bid is None or ask is None or not (bid > 0 and ask > 0):
            return None
        return _finite((ask - bid) / (bid / 2 + ask / 2) * _PER_BASIS_POINT)

    @property
    def value(self) -> float | None:
        """What its volume is worth at its last price."""
        if self.volume is None or self.last is None:
            return None
        return _finite(self.volume * self.last)

    @property
    def is_known(self) -> bool:
        """Whether anything of its market is known."""
        prices = (self.last, self.open, self.previous_close, self.bid, self.ask, self.halt)
        return any(each is not None for each in prices)


def _is_base(price: float | None) -> bool:
    """Tell whether changes against a price say something: none are told of nothing, or of less."""
    return price is not None and price > 0


def percent_from(base: float | None, price: float | None) -> float | None:
    """Return how far a price is from its base, in percent; None: that cannot be told."""
    if base is None or price is None or not _is_base(base):
        return None
    return _finite((price - base) / base * _PER_CENT)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
