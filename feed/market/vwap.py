"""The volume-weighted average price, of sums of any floats.

Prices and sizes are those of other people's files: sums may overflow, cancel each other out, or be
so small that their quotient means nothing. Whatever they are, what is told is finite, so that every
codec has a number for it: JSON knows neither infinity nor NaN.
"""

from math import isfinite
from sys import float_info

_MAX = float_info.max


def volume_of(summed: float) -> float:
    """Return a sum of sizes as it is told: one that overflowed is the largest number there is.

    Args:
        summed: the plain sum; infinite or not a number where it overflowed.
    """
    return summed if isfinite(summed) else _MAX


def vwap_of(notional: float, volume: float, *, low: float, high: float, close: float) -> float:
    """Return the average price of trades: a finite number between the lowest and the highest.

    Where the sums say nothing (they overflowed, or nothing has a size) that is the close.

    Args:
        notional: price × size, summed.
        volume: the sizes, summed; both as they came out, or as `volume_of` tells them.
        low: the lowest price of the same trades.
        high: the highest.
        close: the last.
    """
    if not volume or not abs(volume) < _MAX:
        return close
    average = notional / volume
    if not isfinite(average):
        return close
    # Rounding can lead out of the range; of tiny volumes, far out.
    return min(max(average, low), high)
