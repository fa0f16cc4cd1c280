"""The summary: what stands out among the figures of many symbols.

Theory of operation: figures are taken in runs, and each list keeps the few at its top meanwhile, so
that no step is longer than a run, however many symbols there are.
Lists are ordered by value, and by symbol where that is equal: the same figures make the same
summary. The median is exact: sorted runs are merged up to the middle. Knows no words.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from feed.market.summary.figures import Base, Figures
from feed.market.summary.movers import Breadth, Movers
from feed.market.summary.top import Top

RUN = 32  # figures between two yields: 0.1 ms
MOST_LISTED = 10  # symbols of a list
_SORTED = 1_024  # spreads that are sorted together, and passed on the way to the median: 0.3 ms


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands out; of each list at most `MOST_LISTED`.

    Attributes:
        figures: of all symbols, by symbol.
        breadth: how many rose and fell.
        risen, fallen: those that changed most, the farthest first.
        active: those whose volumes are worth most, whatever the currencies: shares and coins
            do not compare by number.
        gapped: those that opened farthest from their previous close.
        widest: those with the widest spreads.
        halted: by symbol.
        halts: how many are halted.
        gaps: of how many a gap is known, of 0 % or not.
        spreads: of how many a spread is known.
        median_spread_bp: of all of these; None: there are none.
        volumes_since: since when the volumes are that are compared, as text; "": of the day.
    """

    figures: Mapping[str, Figures]
    breadth: Breadth
    risen: tuple[Figures, ...]
    fallen: tuple[Figures, ...]
    active: tuple[Figures, ...]
    gapped: tuple[Figures, ...]
    widest: tuple[Figures, ...]
    halted: tuple[Figures, ...]
    halts: int
    gaps: int
    spreads: int
    median_spread_bp: float | None
    volumes_since: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known."""
        return not any(figures.is_known for figures in self.figures.values())


class _Tally:
    """What stands out among the figures that were taken so far."""

    __slots__ = ("active", "figures", "gapped", "gaps", "halted", "movers", "spreads", "widest")

    def __init__(self) -> None:
        self.figures: dict[str, Figures] = {}
        self.movers = Movers[Figures](MOST_LISTED)
        self.active, self.gapped = Top[Figures](MOST_LISTED), Top[Figures](MOST_LISTED)
        self.widest, self.halted = Top[Figures](MOST_LISTED), Top[Figures](MOST_LISTED)
        self.gaps = 0
        self.spreads: list[list[float]] = [[]]  # all but the last are full, and sorted

    def take(self, run: list[Figures]) -> None:
        """Take the figures of some symbols."""
        for figures in run:
            symbol = figures.symbol
            self.figures[symbol] = figures
            self._take_change(figures)
            if (gap := figures.gap_pct) is not None:
                self.gaps += 1
                if gap:
                    self.gapped.offer(-abs(gap), symbol, figures)
            if (value := figures.value) is not None and value > 0:
                self.active.offer(-value, symbol, figures)
            if figures.halt is not None:
                self.halted.offer(0, symbol, figures)
            if (spread := figures.spread_bp) is not None:
                self.widest.offer(-spread, symbol, figures)
                self._take_spread(spread)

    def _take_spread(self, spread_bp: float) -> None:
        last = self.spreads[-1]
        last.append(spread_bp)
        if len(last) == _SORTED:
            last.sort()
            self.spreads.append([])

    def _take_change(self, figures: Figures) -> None:
        change = figures.change_pct
        self.movers.take(change, figures.symbol, figures)
        self.movers.breadth.against_open += change is not None and figures.base is Base.OPEN


def summarize(figures: Iterable[Figures]) -> Generator[None, None, Summary]:
    """Return the summary of figures, each of a symbol of its own; yield between runs of them.

    Complexity: O(symbols), and O(symbols × log(symbols)) for the median.
    """
    tally = _Tally()
    remaining = iter(figures)
    while run := list(islice(remaining, RUN)):
        tally.take(run)
        yield
    median_bp = yield from _median(tally.spreads)
    return Summary(
        tally.figures,
        tally.movers.breadth,
        tally.movers.risen.items,
        tally.movers.fallen.items,
        tally.active.items,
        tally.gapped.items,
        tally.widest.items,
        tally.halted.items,
        tally.halted.count,
        tally.gaps,
        tally.widest.count,
        median_bp,
    )


def _median(runs: list[list[float]]) -> Generator[None, None, float | None]:
    """Return the median of runs, all but the last of which are sorted; the lower one of two."""
    count = sum(map(len, runs))
    if not count:
        return None
    ranked = merge(*runs[:-1], sorted(runs[-1]))
    middle = (count - 1) // 2
    for passed in range(0, middle, _SORTED):
        for _ in islice(ranked, min(_SORTED, middle - passed)):
            pass
        yield
    return next(ranked)
