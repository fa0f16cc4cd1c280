"""The summary: what stands out among the figures of many symbols.

Theory of operation: figures are taken in runs, and each list keeps the few at its top meanwhile, so
that no step is longer than a run, however many symbols there are.
Lists are ordered by value, and by symbol where that is equal: the same figures make the same
summary. The median is exact: sorted runs are merged up to the middle. Knows no words.
"""

from bisect import insort
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from feed.market.summary.figures import Base, Figures

RUN = 32  # figures between two yields: 0.1 ms
MOST_LISTED = 10  # symbols of a list
_SORTED = 1_024  # spreads that are sorted together, and passed on the way to the median: 0.3 ms


@dataclass(slots=True)
class Breadth:
    """How many symbols rose and fell; it grows until it is in a summary.

    Attributes:
        up, down, unchanged: by their change.
        unknown: those whose change is unknown.
        against_open: those of the first three that are measured against the day's open, since
            no previous close is known.
    """

    up: int = 0
    down: int = 0
    unchanged: int = 0
    unknown: int = 0
    against_open: int = 0

    @property
    def known(self) -> int:
        """How many changes are known."""
        return self.up + self.down + self.unchanged


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


class _Top:
    """The few symbols with the least keys, of all that were offered."""

    __slots__ = ("_best", "count")

    def __init__(self) -> None:
        self._best: list[tuple[float, str, Figures]] = []  # ascending
        self.count = 0  # of all that were offered

    def offer(self, key: float, figures: Figures) -> None:
        self.count += 1
        best = self._best
        if len(best) < MOST_LISTED or key <= best[-1][0]:
            insort(best, (key, figures.symbol, figures))  # symbols differ: no figures are compared
            del best[MOST_LISTED:]

    @property
    def figures(self) -> tuple[Figures, ...]:
        return tuple(figures for _, _, figures in self._best)


class _Tally:
    """What stands out among the figures that were taken so far."""

    __slots__ = (
        *("active", "fallen", "gapped", "halted", "risen", "widest"),
        *("breadth", "figures", "gaps", "spreads"),
    )

    def __init__(self) -> None:
        self.figures: dict[str, Figures] = {}
        self.breadth = Breadth()
        self.risen, self.fallen, self.active = _Top(), _Top(), _Top()
        self.gapped, self.widest, self.halted = _Top(), _Top(), _Top()
        self.gaps = 0
        self.spreads: list[list[float]] = [[]]  # all but the last are full, and sorted

    def take(self, run: list[Figures]) -> None:
        """Take the figures of some symbols."""
        for figures in run:
            self.figures[figures.symbol] = figures
            self._take_change(figures)
            if (gap := figures.gap_pct) is not None:
                self.gaps += 1
                if gap:
                    self.gapped.offer(-abs(gap), figures)
            if (value := figures.value) is not None and value > 0:
                self.active.offer(-value, figures)
            if figures.halt is not None:
                self.halted.offer(0, figures)
            if (spread := figures.spread_bp) is not None:
                self.widest.offer(-spread, figures)
                self._take_spread(spread)

    def _take_spread(self, spread_bp: float) -> None:
        last = self.spreads[-1]
        last.append(spread_bp)
        if len(last) == _SORTED:
            last.sort()
            self.spreads.append([])

    def _take_change(self, figures: Figures) -> None:
        breadth, change = self.breadth, figures.change_pct
        if change is None:
            breadth.unknown += 1
            return
        if change > 0:
            breadth.up += 1
            self.risen.offer(-change, figures)
        elif change < 0:
            breadth.down += 1
            self.fallen.offer(change, figures)
        else:
            breadth.unchanged += 1
        breadth.against_open += figures.base is Base.OPEN


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
        tally.breadth,
        tally.risen.figures,
        tally.fallen.figures,
        tally.active.figures,
        tally.gapped.figures,
        tally.widest.figures,
        tally.halted.figures,
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
