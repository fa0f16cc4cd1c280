"""The sets of symbols that have wildcards in them, and which of these a symbol belongs to.

A symbol is looked at once for each different set, at its first tick, and never again: from then on
its sets are found by a look-up, however many there are that it does not belong to. A set that comes
later is looked at when each symbol ticks next. Many of both at once would hold up a cut, so the
hub resolves what is new before it is published, in slices. Knows no selection: sets are shared by
all that have an equal one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.market.ticks import Tick
from feed.market.wildcards import Patterns

MOST_LEFT = 64  # sets that nobody has any more, and that symbols are still looked at for
_PIECE = 64  # sets that are looked at in one step: 20 µs


@dataclass(slots=True)
class _Found:
    """What is known of a symbol.

    Attributes:
        looked: how many of the sets, in their order, were looked at.
        sets: those of them that it belongs to.
    """

    looked: int = 0
    sets: list[frozenset[str]] = field(default_factory=list)


class WildcardSets(dict[str, Sequence[frozenset[str]]]):
    """Symbol → the sets that it belongs to; a look-up is that of a dict where that is known."""

    def __init__(self, classes: AssetClasses = BY_FORM) -> None:
        """Begin without sets."""
        super().__init__()
        self._classes = classes
        self._members: Counter[frozenset[str]] = Counter()  # how many have each; 0: it was left
        self._order: list[tuple[frozenset[str], Patterns]] = []
        self._found: dict[str, _Found] = {}
        self._left = 0

    def add(self, symbols: frozenset[str]) -> None:
        """Take in a set, or an equal one once more."""
        if symbols not in self._members:
            self._order.append((symbols, Patterns(symbols)))
            self.clear()
        elif not self._members[symbols]:
            self._left -= 1
        self._members[symbols] += 1

    def remove(self, symbols: frozenset[str]) -> None:
        """Let go of a set that `add` was told of; those that come back soon find all as it was."""
        self._members[symbols] -= 1
        if not self._members[symbols]:
            self._left += 1
            if self._left == len(self._order) or self._left > MOST_LEFT + len(self._order) // 2:
                self._forget()

    def __missing__(self, symbol: str) -> Sequence[frozenset[str]]:
        """Look at a symbol for the sets that are new to it."""
        for _ in self._resolve(symbol):
            pass
        return self[symbol]

    def all_known(self, ticks: Iterable[Tick]) -> bool:
        """Tell whether there is nothing to resolve for ticks: 40 ns each, if there are sets."""
        return not self._members or all(tick.symbol in self for tick in ticks)

    def resolving(self, ticks: Iterable[Tick]) -> Iterator[None]:
        """Look at the symbols of ticks for the sets that are new to them, a little in each step."""
        for tick in ticks:
            if self._members and tick.symbol not in self:
                yield from self._resolve(tick.symbol)

    def _resolve(self, symbol: str) -> Iterator[None]:
        """Look on; sets that come meanwhile are looked at as well, and the order may begin anew."""
        match_class = self._classes.__getitem__
        while symbol not in self:
            found = self._found.get(symbol)
            if found is None:
                found = self._found[symbol] = _Found()
            piece = self._order[found.looked : found.looked + _PIECE]
            found.sets += [some for some, patterns in piece if patterns.match(symbol, match_class)]
            found.looked += len(piece)
            if found.looked == len(self._order):
                self[symbol] = found.sets
            else:
                yield

    def _forget(self) -> None:
        """Begin anew with the sets that somebody has."""
        self._order = [(some, patterns) for some, patterns in self._order if self._members[some]]
        self._members = Counter({some: self._members[some] for some, _ in self._order})
        self._left = 0
        self._found.clear()
        self.clear()
