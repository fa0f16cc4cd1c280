"""Asset classes: which symbols a `*` stands for where it means one class only.

The dialect has a path for shares and one for pairs, and a `*` on either is everything of its class.
The class of a symbol is the listing's; one that is not listed by its first tick is judged by its
form. It is decided once, so that a position means the same whenever somebody comes back to it.
"""

from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum

from feed.market.symbols import ALL
from feed.market.wildcards import GLOBBED, Patterns, every_of


class AssetClass(StrEnum):
    """A class of instruments, in the dialect's words."""

    EQUITY = "us_equity"
    CRYPTO = "crypto"


# Every symbol of a class, in place of a symbol; not one that a client could name.
EVERY_OF: dict[str, str] = {each: every_of(each) for each in AssetClass}
WILDCARDS = frozenset({ALL, *EVERY_OF.values()})
ClassOf = Callable[[str], str | None]  # the asset class of a symbol; None: it is not listed
REMEMBERED_SETS = 64  # of symbols that had a tick, and which of them a set stands for: 0.4 MB each
_MARKS = WILDCARDS | {GLOBBED}


def has_wildcard(symbols: frozenset[str]) -> bool:
    """Tell whether a set of symbols stands for more than those that are named."""
    return not _MARKS.isdisjoint(symbols)


class Chosen(dict[str, bool]):
    """Which of the symbols that had a tick a set stands for: each is looked at once."""

    def __init__(self, patterns: Patterns, class_of: Callable[[str], str]) -> None:
        """Begin without symbols."""
        super().__init__()
        self._patterns = patterns
        self._class_of = class_of

    def __missing__(self, symbol: str) -> bool:
        """Look at a symbol that is new."""
        return self.setdefault(symbol, self._patterns.match(symbol, self._class_of))


class AssetClasses(dict[str, str]):
    """What stands for the class of each symbol that had a tick: symbol → a value of `EVERY_OF`.

    A look-up costs what one in a dict does. A symbol that is new is looked up in the listing, which
    may grow while ticks come; the listing as a whole is never gone through.
    """

    def __init__(self, class_of: ClassOf = lambda _: None) -> None:
        """Begin without symbols; `class_of` looks one up in the listing as it is by now."""
        super().__init__()
        self._class_of = class_of
        self._chosen: OrderedDict[frozenset[str], Chosen] = OrderedDict()

    def __missing__(self, symbol: str) -> str:
        """Remember the class of a symbol that has a tick."""
        return self.setdefault(symbol, self._found(symbol))

    def among(self, symbols: frozenset[str], others: frozenset[str]) -> frozenset[str]:
        """Return the symbols that others, wildcards among them, stand for.

        Whoever subscribes may name anything, so symbols that are unknown are not remembered.
        """
        patterns = Patterns(others)
        return frozenset(symbol for symbol in symbols if patterns.match(symbol, self._known))

    def chosen(self, symbols: frozenset[str]) -> Chosen:
        """Return which symbols a set stands for that has wildcards; asked only for ticks."""
        chosen = self._chosen.get(symbols)
        if chosen is None:
            chosen = self._chosen[symbols] = Chosen(Patterns(symbols), self.__getitem__)
            if len(self._chosen) > REMEMBERED_SETS:
                self._chosen.popitem(last=False)
        self._chosen.move_to_end(symbols)
        return chosen

    def _known(self, symbol: str) -> str:
        return self[symbol] if symbol in self else self._found(symbol)

    def _found(self, symbol: str) -> str:
        """Return what the listing says, or the form of a symbol that it does not have."""
        listed = self._class_of(symbol)
        return _by_form(symbol) if listed is None else EVERY_OF.get(listed, "")


def _by_form(symbol: str) -> str:
    return EVERY_OF[AssetClass.CRYPTO if "/" in symbol else AssetClass.EQUITY]


BY_FORM = AssetClasses()  # for whoever knows no listing
