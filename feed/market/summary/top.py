"""The few items with the least keys, of all that were offered."""

from bisect import insort
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Top(Generic[_Item]):
    """A list of the few; where keys are equal, by symbol.

    Attributes:
        count: how many were offered.
    """

    __slots__ = ("_best", "_most", "count")

    def __init__(self, most: int) -> None:
        """Begin without items; at most so many are kept."""
        self._best: list[tuple[float, str, _Item]] = []  # ascending
        self._most = most
        self.count = 0

    def offer(self, key: float, symbol: str, item: _Item) -> None:
        """Offer an item of a symbol that no other one is of: O(log(most)), seldom O(most)."""
        self.count += 1
        best = self._best
        if len(best) < self._most or (best and key <= best[-1][0]):
            insort(best, (key, symbol, item))  # symbols differ: no items are compared
            del best[self._most :]

    @property
    def items(self) -> tuple[_Item, ...]:
        """The few, the least key first."""
        return tuple(item for _, _, item in self._best)
