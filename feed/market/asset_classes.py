"""Asset classes: which symbols a `*` stands for where it means one class only.

The dialect has a path for shares and one for pairs, and a `*` on either is everything of its class.
The class of a symbol is the listing's; one that is not listed by its first tick is judged by its
form. It is decided once, so that a position means the same whenever somebody comes back to it.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum

from feed.market.symbols import ALL


class AssetClass(StrEnum):
    """A class of instruments, in the dialect's words."""

    EQUITY = "us_equity"
    CRYPTO = "crypto"


# Every symbol of a class, in place of a symbol; not one that a client could name.
EVERY_OF: dict[str, str] = {each: f"{ALL}{each}" for each in AssetClass}
WILDCARDS = frozenset({ALL, *EVERY_OF.values()})
Listed = Iterable[tuple[str, str]]  # symbols and their asset classes


class AssetClasses(dict[str, str]):
    """What stands for the class of each symbol that had a tick: symbol → a value of `EVERY_OF`.

    A look-up costs what one in a dict does. The listing is asked when a symbol is new, for it may
    grow while ticks come.
    """

    def __init__(self, listed: Callable[[], Listed] = tuple) -> None:
        """Begin without symbols; `listed` returns those of the listing, as far as it is known."""
        super().__init__()
        self._listed = listed

    def __missing__(self, symbol: str) -> str:
        """Learn what was listed meanwhile, and remember the class of a symbol that has a tick."""
        self._learn()
        return self.setdefault(symbol, _by_form(symbol))

    def among(self, symbols: frozenset[str], wildcards: frozenset[str]) -> frozenset[str]:
        """Return the symbols that some wildcards stand for.

        Whoever subscribes may name anything, so symbols that are unknown are not remembered.
        """
        if not symbols <= self.keys():
            self._learn()
        return frozenset(
            symbol for symbol in symbols if self.get(symbol, _by_form(symbol)) in wildcards
        )

    def _learn(self) -> None:
        for symbol, asset_class in self._listed():
            self.setdefault(symbol, EVERY_OF.get(asset_class, ""))


def _by_form(symbol: str) -> str:
    return EVERY_OF[AssetClass.CRYPTO if "/" in symbol else AssetClass.EQUITY]


BY_FORM = AssetClasses()  # for whoever knows no listing
