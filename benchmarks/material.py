"""The material of micro-benchmarks: a market's ticks, the same in every run."""

from feed.market.ticks import Tick
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market

NOW_NS = 1_795_154_400_000_000_000  # a time in 2026
_RATE = 10_000


def make_ticks(count: int, symbols: int = 100) -> list[Tick]:
    """Return ticks of a simulated market, in order."""
    market = Market(find_instruments(symbols), rate=_RATE, seed=1, start_ns=NOW_NS)
    return market.due(1 << 62, count)
