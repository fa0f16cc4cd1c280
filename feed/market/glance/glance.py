"""A glance: what stands out of a table, as somebody asks for it.

Theory of operation: a table is looked at once for everybody. Rows are taken in runs, and each list
keeps as many at its top meanwhile as anybody may ask for, so that no step is longer than a run; a
glance is then cut from these. Lists are ordered by value, and by symbol where that is equal: the
same table makes the same glance. Symbols that are traded for most are given sector by sector; of
the others each sector says how many they are.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from operator import attrgetter

from feed.market.glance.row import Row
from feed.market.glance.table import Table
from feed.market.summary.movers import Breadth, Movers
from feed.market.summary.top import Top
from feed.market.vwap import volume_of

TOP, MOST_TOP = 5, 100  # rows of each list
HEAT, MOST_HEAT = 200, 1_000  # rows over all sectors
RUN = 64  # rows between two yields: 0.1 ms


class By(StrEnum):
    """What makes symbols active."""

    VOLUME = "volume"
    TRADES = "trades"
    TURNOVER = "turnover"


_MEASURES: dict[By, Callable[[Row], float | None]] = {by: attrgetter(by) for by in By}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a glance is asked for.

    Attributes:
        top: the most rows of each list.
        by: what makes symbols active.
        heat: the most rows over all sectors.
        asset_class: of all symbols; "": of any.
    """

    top: int = TOP
    by: By = By.VOLUME
    heat: int = HEAT
    asset_class: str = ""


@dataclass(slots=True)
class Sector:
    """The symbols of one sector; it grows until it is told.

    Attributes:
        name: in words; "": unknown.
        symbols: how many they are.
        volume: of all of them.
        turnover: of all of them.
    """

    name: str
    symbols: int = 0
    volume: float = 0.0
    turnover: float = 0.0
    _changes: float = 0.0
    _weighted: float = 0.0

    def take(self, row: Row) -> None:
        """Count a symbol in."""
        self.symbols += 1
        self._changes += row.change_pct
        if row.volume is not None and row.turnover is not None:
            self.volume += row.volume
            self.turnover += row.turnover
            self._weighted += row.volume * row.change_pct

    @property
    def change_pct(self) -> float:
        """The mean change of its symbols by volume; where nothing has a volume, the plain one."""
        if not self.volume:
            return volume_of(self._changes) / self.symbols
        return volume_of(self._weighted) / volume_of(self.volume)


@dataclass(frozen=True, slots=True)
class Glance:
    """What stands out.

    Attributes:
        breadth: how many rose and fell.
        untraded: how many were not traded yet.
        gainers, losers: those that changed most, the farthest first.
        most_active: the most active first.
        sectors: the largest turnover first, each with those of its symbols that are given.
    """

    breadth: Breadth
    untraded: int
    gainers: tuple[Row, ...]
    losers: tuple[Row, ...]
    most_active: tuple[Row, ...]
    sectors: tuple[tuple[Sector, list[Row]], ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What any glance at a table is cut from; attributes as there, with as many as may be asked.

    Attributes:
        active: the most active first, by what makes them so.
        largest: the largest turnover first.
    """

    breadth: Breadth
    untraded: int
    gainers: tuple[Row, ...]
    losers: tuple[Row, ...]
    active: Mapping[By, tuple[Row, ...]]
    largest: tuple[Row, ...]
    sectors: tuple[Sector, ...]

    def cut(self, terms: Terms) -> Glance:
        """Return the glance that is asked for; whose class it is of is decided already."""
        rows: dict[str, list[Row]] = {sector.name: [] for sector in self.sectors}
        for row in self.largest[: terms.heat]:
            rows[row.known.sector].append(row)
        top = terms.top
        return Glance(
            self.breadth,
            self.untraded,
            self.gainers[:top],
            self.losers[:top],
            self.active[terms.by][:top],
            tuple((sector, rows[sector.name]) for sector in self.sectors),
        )


def look(table: Table, asset_class: str = "") -> Generator[None, None, Overview]:
    """Return the overview of a table, or of one class of it; yield between runs of rows.

    Complexity: O(symbols), 1 µs each.
    """
    movers, largest = Movers[Row](MOST_TOP), Top[Row](MOST_HEAT)
    active = {by: Top[Row](MOST_TOP) for by in By}
    measured = [(measure, active[by]) for by, measure in _MEASURES.items()]
    sectors: dict[str, Sector] = {}
    remaining = _of_class(table, asset_class)
    while run := list(islice(remaining, RUN)):
        for row in run:
            symbol, sector = row.known.symbol, row.known.sector
            movers.take(row.change_pct, symbol, row)
            for measure, top in measured:
                if activity := measure(row):
                    top.offer(-activity, symbol, row)
            largest.offer(-(row.turnover or 0.0), symbol, row)
            if sector not in sectors:
                sectors[sector] = Sector(sector)
            sectors[sector].take(row)
        yield
    untraded = table.untraded
    return Overview(
        movers.breadth,
        untraded[asset_class] if asset_class else untraded.total(),
        movers.risen.items,
        movers.fallen.items,
        {by: top.items for by, top in active.items()},
        largest.items,
        tuple(sorted(sectors.values(), key=_largest_first)),
    )


def _of_class(table: Table, asset_class: str) -> Iterator[Row]:
    if not asset_class:
        return iter(table.rows)
    return (row for row in table.rows if row.known.asset_class == asset_class)


def _largest_first(sector: Sector) -> tuple[float, str]:
    return -sector.turnover, sector.name
