"""Movers: who rose and fell most, and how many did."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from feed.market.summary.top import Top

_Item = TypeVar("_Item")


@dataclass(slots=True)
class Breadth:
    """How many symbols rose and fell; it grows until it is told.

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


class Movers(Generic[_Item]):
    """The movers among those that were taken so far.

    Attributes:
        breadth: how many rose and fell.
        risen, fallen: those that changed most, the farthest first.
    """

    __slots__ = ("breadth", "fallen", "risen")

    def __init__(self, most: int) -> None:
        """Begin without any; at most so many are listed."""
        self.breadth = Breadth()
        self.risen, self.fallen = Top[_Item](most), Top[_Item](most)

    def take(self, change_pct: float | None, symbol: str, item: _Item) -> None:
        """Take what a symbol has changed by; None: it is unknown."""
        if change_pct is None:
            self.breadth.unknown += 1
        elif change_pct > 0:
            self.breadth.up += 1
            self.risen.offer(-change_pct, symbol, item)
        elif change_pct < 0:
            self.breadth.down += 1
            self.fallen.offer(change_pct, symbol, item)
        else:
            self.breadth.unchanged += 1
