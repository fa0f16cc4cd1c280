"""Price steps: the grid of prices, told by somebody, or judged by the prices that came.

What is judged is never coarser than a hundredth: that no price has had cents so far says little.
Doubles carry noise behind their digits, so that a price is held against its own rounding.
"""

from collections.abc import Iterable, Iterator

from feed.market.ticks import Bar, Quote, Tick, Trade

LEAST_DECIMALS = 2
MOST_DECIMALS = 9  # finer steps are noise of doubles
_NOISE = 1e-12  # of a price, that rounding may take or add
_LARGEST = 1e12  # the digits behind the point of larger prices are noise


def decimals_of(prices: Iterable[float], decimals: int = LEAST_DECIMALS) -> int:
    """Return with how many digits after the point prices come; at least `decimals`."""
    for price in prices:
        if abs(price) < _LARGEST:
            noise = _NOISE * abs(price)
            while decimals < MOST_DECIMALS and abs(round(price, decimals) - price) > noise:
                decimals += 1
    return decimals


def decimals_of_step(step: float) -> int:
    """Return how many digits after the point prices on a grid have: 0 for 1, 2 for 0.25."""
    return decimals_of([step], 0)


def prices_of(ticks: Iterable[Tick]) -> Iterator[float]:
    """Yield the prices in ticks; the average of a bar is none that anybody paid."""
    for tick in ticks:
        if isinstance(tick, Trade):
            yield tick.price
        elif isinstance(tick, Quote):
            yield tick.bid_price
            yield tick.ask_price
        elif isinstance(tick, Bar):
            yield from (tick.open, tick.high, tick.low, tick.close)
