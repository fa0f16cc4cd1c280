"""Bars of the simulated past: what was traded while a fair value went from here to there.

Only the ends of an interval are known. How many trades there were is Poisson's; how far the price
went in between is that of a random walk that is held at both ends, whose highest point has a known
distribution (P(max > m) = exp(-2 (m - a)(m - b) / s²)); first and last trade are at bid or ask, as
in the book. Knows neither time nor what comes before or after.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from math import exp, log, sqrt
from operator import mul
from random import Random
from typing import NamedTuple

from feed.market.bar_store import pack_row
from feed.market.open_bar import OpenBar
from feed.market.price_steps import decimals_of
from feed.market.ticks import SECOND_NS, Bar, Kind
from feed.market.vwap import vwap_of
from feed.sources.simulated.book import Nature
from feed.sources.simulated.walk import NORMALS

_MANY_TRADES = 40.0  # from here on their number is drawn from the normal distribution
_EACH_DRAWN = 4  # sizes of as many trades are drawn one by one; of more, their sum

# Quantiles of 2 s² (m - a)(m - b) / s² = -log(u), to be drawn with 8 random bits.
_FALLS = tuple(-log((number + 0.5) / 256) for number in range(256))
_LEAST = -0.75  # of the mean, that the sum of sizes is below it
_SHARES = tuple(0.25 + number / 128 for number in range(64))  # of a bar's range, up to its vwap
_EIGHTHS = tuple((number + 0.5) / 8 for number in range(8))


class PastBar(NamedTuple):
    """The trades of an interval; plain, since there are thousands of them a symbol."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int
    vwap: float

    def row(self, start_s: int, interval_s: int) -> bytes:
        """Return it as a row of a store."""
        last_ns = interval_s * SECOND_NS - 1 if self.trade_count > 1 else 0
        return pack_row(start_s, 0, *self, 0, last_ns)


def joined(bars: Sequence[PastBar]) -> PastBar:
    """Return consecutive bars as one; there is one at least."""
    if len(bars) == 1:
        return bars[0]
    opens, highs, lows, closes, volumes, counts, vwaps = zip(*bars, strict=True)
    high, low, close = max(highs), min(lows), closes[-1]
    volume = sum(volumes)
    notional = sum(map(mul, vwaps, volumes))
    vwap = vwap_of(notional, volume, low=low, high=high, close=close)
    return PastBar(opens[0], high, low, close, volume, sum(counts), vwap)


def open_bar(bars: Sequence[PastBar], first_s: int, last_s: int) -> OpenBar | None:
    """Return consecutive bars as one that goes on, whose trades were between two times."""
    if not bars:
        return None
    start_ns = first_s * SECOND_NS
    bar = Bar(Kind.BAR, "", *joined(bars), start_ns)
    return OpenBar.reopen(bar, (start_ns, last_s * SECOND_NS - 1))


class BarMaker:
    """Makes the bars of one symbol and length."""

    __slots__ = (
        "_bits",
        "_counts",
        "_decimals",
        "_expected",
        "_root",
        "_size",
        "_size_spread",
        "_sizes",
        "_spreads",
        "_steps",
        "_swing",
        "_uniform",
        "_variance",
    )

    def __init__(
        self,
        nature: Nature,
        *,
        deviation: float,
        trades_per_s: float,
        interval_s: int,
        random: Random,
        swing: float = 0.0,
    ) -> None:
        """Prepare.

        Args:
            nature: of the book.
            deviation: of all walks that move it together, in one second.
            trades_per_s: how many there are on average.
            interval_s: the length of the bars.
            random: where all draws come from.
            swing: of the logarithm of how many trades there are, where there are many.
        """
        self._bits = random.getrandbits
        self._uniform = random.random
        self._steps = nature.steps
        # As in the book, where it is 1 and a part of the width: the product of two draws.
        self._spreads = [1 + int(nature.width * 4 * u * v) for u in _EIGHTHS for v in _EIGHTHS]
        self._variance = 2 * deviation**2 * interval_s
        self._expected = expected = trades_per_s * interval_s
        self._root = sqrt(expected)
        self._swing = swing
        self._counts = _poisson(expected) if expected < _MANY_TRADES else []
        self._sizes = nature.sizes
        self._size, self._size_spread, self._decimals = _measured(nature.sizes)

    def make(
        self, fairs: Sequence[float], *, opening: bool = False, closing: bool = False
    ) -> list[PastBar | None]:
        """Make bars that follow each other; None where nothing was traded.

        Args:
            fairs: the fair values between them, in price steps: one more than bars.
            opening: the first trade is the first of a day: it takes place, at the fair value.
            closing: the last trade is the last of a day, likewise.
        """
        bars: list[PastBar | None] = []
        first, last = 0 if opening else -1, len(fairs) - 2 if closing else -1
        for number, (begin, end) in enumerate(pairwise(fairs)):
            opens, closes = number == first, number == last
            count = max(opens + closes, self._count())
            if count <= 0:
                bars.append(None)
                continue
            opened = round(begin) or 1 if opens else None
            if closes:
                closed = round(end) or 1
            else:
                closed = opened if opened is not None and count == 1 else self._traded(end)
            bars.append(self._bar(begin, end, count, opened, closed))
        return bars

    def _count(self) -> int:
        """Draw how many trades there were; below 0 is none."""
        if self._counts:
            return bisect_right(self._counts, self._uniform())
        bits, expected = self._bits, self._expected
        if self._swing:
            expected *= exp(self._swing * NORMALS[bits(10)])
        return int(expected + self._root * NORMALS[bits(10)] + 0.5)

    def _traded(self, fair: float) -> int:
        """Return the price of a trade around a fair value, at the bid or the ask, in steps."""
        draw = self._bits(7)
        spread = self._spreads[draw & 63]
        bid = int(fair - (spread - 1) / 2) or 1
        return bid + spread if draw & 64 else bid

    def _bar(self, begin: float, end: float, count: int, opened: int | None, close: int) -> PastBar:
        """Return a bar of so many trades, the last of them at a price, and perhaps the first."""
        bits, steps = self._bits, self._steps
        if count == 1:
            price = close / steps
            return PastBar(price, price, price, price, self._sizes[bits(8)], 1, price)
        first = self._traded(begin) if opened is None else opened
        high, low = (first, close) if first > close else (close, first)
        if count > 2:  # noqa: PLR2004 - two trades have no others between them
            draw = bits(16)
            way, middle = (end - begin) ** 2, begin + end
            variance = self._variance * end * end * (count - 2) / count
            top = int((middle + sqrt(way + variance * _FALLS[draw & 255])) / 2)
            bottom = int((middle - sqrt(way + variance * _FALLS[draw >> 8])) / 2) + 1
            high, low = max(high, top), min(low, max(1, bottom))
        if count <= _EACH_DRAWN:
            volume = sum(self._sizes[bits(8)] for _ in range(count))
        else:
            wander = self._size_spread * NORMALS[bits(10)] / sqrt(count)
            volume = self._size * count * (1 + max(_LEAST, wander))
        average = low + (high - low) * _SHARES[bits(6)]
        return PastBar(
            first / steps,
            high / steps,
            low / steps,
            close / steps,
            round(volume, self._decimals),
            count,
            average / steps,
        )


@cache
def _measured(sizes: tuple[float, ...]) -> tuple[float, float, int]:
    """Return the mean of sizes, their deviation as a share of it, and their decimals."""
    mean = sum(sizes) / len(sizes)
    variance = sum((size - mean) ** 2 for size in sizes) / len(sizes)
    return mean, sqrt(variance) / mean, decimals_of(sizes, 0)


def _poisson(expected: float) -> list[float]:
    """Return the probabilities that there are so many trades at most."""
    terms = [exp(-expected)]
    while terms[-1] > 1e-9 or len(terms) < expected:  # noqa: PLR2004 - never seen
        terms.append(terms[-1] * expected / len(terms))
    return list(accumulate(terms))
