"""Ticks around a noon, and the bars that are woven of them."""

from collections.abc import Iterable
from itertools import chain, pairwise

from feed.market.bars import BarBuilder
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Quote, Tick, Trade

NOON_NS = 1_700_000_000 * SECOND_NS // MINUTE_NS * MINUTE_NS  # a whole minute
MS = 1_000_000
LENGTH_NS = {Kind.SECOND_BAR: SECOND_NS, Kind.BAR: MINUTE_NS}


def trade(at_ms: float, price: float = 10.0, size: float = 1.0, symbol: str = "AAPL") -> Trade:
    return Trade(symbol, 1, "V", price, size, NOON_NS + int(at_ms * MS))


def quote(at_ms: float, symbol: str = "AAPL") -> Quote:
    return Quote(symbol, "V", 9.0, 1.0, "V", 11.0, 1.0, NOON_NS + int(at_ms * MS))


def bar(kind: Kind, at_ms: float, close: float = 10.0, symbol: str = "AAPL") -> Bar:
    return Bar(kind, symbol, close, close, close, close, 1.0, 1, close, NOON_NS + int(at_ms * MS))


def bars_in(ticks: list[Tick], *kinds: Kind) -> list[Bar]:
    return [tick for tick in ticks if isinstance(tick, Bar) and (not kinds or tick.kind in kinds)]


def weave_in_parts(builder: BarBuilder, ticks: list[Tick], cuts: Iterable[int]) -> list[Tick]:
    edges = sorted({0, *(cut for cut in cuts if cut < len(ticks)), len(ticks)})
    parts = [builder.weave(ticks[start:end]) for start, end in pairwise(edges)]
    return list(chain.from_iterable(parts))
