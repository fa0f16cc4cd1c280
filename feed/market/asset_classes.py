"""Asset classes: which symbols a `*` stands for where it means one class only.

The dialect has a path for shares and one for pairs, and a `*` on either is everything of its class.
The class of a symbol is the listing's; one that is not listed by its first tick is judged by its
form. It is decided once, so that a position means the same whenever somebody comes back to it.
"""

from collections.abc import Callable
from enum import StrEnum

from feed.market.symbols import ALL


class AssetClass(StrEnum):
    """A class of instruments, in the dialect's words."""

    EQUITY = "us_equity"
    CRYPTO = "crypto"


# Every symbol of a class, in place of a symbol; not one that a client could name.
EVERY_OF: dict[str, str] = {each: f"{ALL}{each}" for each in AssetClass}
WILDCARDS = frozenset({ALL, *EVERY_OF.values()})
ClassOf = Callable[[str], str | None]  # the asset class of a symbol; None: it is not listed


class AssetClasses(dict[str, str]):
    """What stands for the class of each symbol that had a tick: symbol → a value of `EVERY_OF`.

    A look-up costs what one in a dict does. A symbol that is new is looked up in the listing, which
    may grow while ticks come; the listing as a whole is never gone through.
    """

    def __init__(self, class_of: ClassOf = lambda _: None) -> None:
        """Begin without symbols; `class_of` looks one up in the listing as it is by now."""
        super().__init__()
        self._class_of = class_of

    def __missing__(self, symbol: str) -> str:
        """Remember the class of a symbol that has a tick."""
        return self.setdefault(symbol, self._found(symbol))

    def among(self, symbols: frozenset[str], wildcards: frozenset[str]) -> frozenset[str]:
        """Return the symbols that some wildcards stand for.

        Whoever subscribes may name anything, so symbols that are unknown are not remembered.
        """
        found = self._found
        return frozenset(
            symbol
            for symbol in symbols
            if (self[symbol] if symbol in self else found(symbol)) in wildcards
        )

    def _found(self, symbol: str) -> str:
        """Return what the listing says, or the form of a symbol that it does not have."""
        listed = self._class_of(symbol)
        return _by_form(symbol) if listed is None else EVERY_OF.get(listed, "")


def _by_form(symbol: str) -> str:
    return EVERY_OF[AssetClass.CRYPTO if "/" in symbol else AssetClass.EQUITY]


BY_FORM = AssetClasses()  # for whoever knows no listing
