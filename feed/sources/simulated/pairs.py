"""Crypto pairs of the simulated market: fine price steps, fractional sizes, the taker's side.

As in the dialect's crypto feed, their ticks are without exchange, conditions and tape. Pairs trade
round the clock: they neither open nor halt.
"""

from functools import cache
from math import exp, floor, log2, log10

from feed.market.ticks import Quote, Trade
from feed.sources.simulated.book import CALM, Book, Surroundings
from feed.sources.simulated.instruments import PricedInstrument
from feed.sources.simulated.walk import NORMALS

_TYPICAL_TRADE_VALUE = {"BTC": 0.03, "ETH": 1.0}  # in the pair's second currency
_TYPICAL_DOLLARS = 2_500.0
_SIZE_SPREAD = 1.5  # of the logarithm of sizes
_SIZE_DIGITS = 4  # decimal places below the typical size's leading digit


class PairBook(Book):
    """The book of a crypto pair."""

    __slots__ = ("_sizes",)

    def __init__(self, priced: PricedInstrument, *, rank: int, around: Surroundings) -> None:
        super().__init__(priced, rank=rank, steps=priced.steps, session=CALM, around=around)
        currency = priced.instrument.symbol.rpartition("/")[2]
        value = _TYPICAL_TRADE_VALUE.get(currency, _TYPICAL_DOLLARS)
        self._sizes = _sizes(round(log2(value / priced.price)))

    def _sizes_of_trades(self) -> tuple[float, ...]:
        return self._sizes

    def quote(self, event_ns: int) -> Quote:
        """Make a tick of the present bid and ask."""
        bits = self._bits
        return Quote(
            self.symbol,
            "",
            self._bid / self._steps,
            self._sizes[bits(8)],
            "",
            self._ask / self._steps,
            self._sizes[bits(8)],
            event_ns,
        )

    def trade(self, event_ns: int) -> Trade:
        """Make a trade at or between the present bid and ask; near the ask, the taker bought."""
        self._trade_id += 1
        strike = self._strike()
        return Trade(
            self.symbol,
            self._trade_id,
            "",
            strike / self._steps,
            self._sizes[self._bits(8)],
            event_ns,
            (),
            "",
            "B" if 2 * strike > self._bid + self._ask else "S",
        )


@cache
def _sizes(magnitude: int) -> tuple[float, ...]:
    """Return 256 sizes, equally likely, of about 2**magnitude."""
    places = max(0, _SIZE_DIGITS - floor(log10(2**magnitude)))
    sizes = (2**magnitude * exp(_SIZE_SPREAD * normal) for normal in NORMALS[2::4])
    return tuple(max(round(size, places), 10**-places) for size in sizes)
