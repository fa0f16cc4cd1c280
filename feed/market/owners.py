"""Whose a symbol is: each belongs to one strand of sources, the first that lists it or ticks it.

Two markets under one symbol would be a price that jumps to and fro, and bars of both. So whatever
another strand tells of a symbol is foreign there. A symbol stays whose it is, also when its source
has come to its end. Knows no source, ring or clock.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

_NOTHING: frozenset[str] = frozenset()


class Owners:
    """The owner of every symbol that was listed or ticked."""

    __slots__ = ("_by_symbol", "_own")

    def __init__(self) -> None:
        self._by_symbol: dict[str, str] = {}
        self._own: dict[str, set[str]] = {}  # the symbols of each strand

    def claim(self, symbols: Iterable[str], strand: str) -> None:
        """Let a strand have the symbols of these that are nobody's yet."""
        self.foreign(set(symbols), strand)

    def foreign(self, symbols: AbstractSet[str], strand: str) -> AbstractSet[str]:
        """Return those of some symbols that are another strand's; what is nobody's is its own now.

        Complexity: one difference of sets where all are known as its own.
        """
        own = self._own.setdefault(strand, set())
        unknown = symbols - own
        if not unknown:
            return _NOTHING
        foreign = {each for each in unknown if self._by_symbol.setdefault(each, strand) != strand}
        own |= unknown - foreign
        return foreign

    def owner(self, symbol: str) -> str | None:
        """Return whose a symbol is; None: nobody's."""
        return self._by_symbol.get(symbol)

    def state(self) -> dict[str, list[str]]:
        """Return all of it, as plain data."""
        return {strand: sorted(own) for strand, own in self._own.items()}
