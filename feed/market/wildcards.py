"""Wildcards: values that stand for symbols in a selection, in place of their names.

A set of symbols never grows because a symbol is new, since caches and lanes go by it. So whatever
stands for many symbols is in the set as a text that no client can name: `*` for every symbol, a
class of assets, a glob of a grant, or several of these, parted by commas, all of which have to be
true of a symbol.
"""

from collections.abc import Callable, Iterable

from feed.market.globs import covers, fewest
from feed.market.symbols import ALL

# It stands in every set that has globs in it: so these are told apart without walking over 5,000
# names. By itself it stands for nothing.
GLOBBED = "[*]"
_AND = ","
_CLASS = "*["  # the beginning of a class; a glob has no bracket


def every_of(asset_class: str) -> str:
    """Return the wildcard for every symbol of an asset class."""
    return f"{_CLASS}{asset_class}]"


def wildcards_of(symbols: frozenset[str]) -> frozenset[str]:
    """Return the wildcards of a set of symbols, without `GLOBBED`."""
    return frozenset(value for value in symbols if ALL in value) - {GLOBBED}


def marked(values: Iterable[str]) -> frozenset[str]:
    """Return a set of symbols and wildcards, with `GLOBBED` where there are globs among them."""
    some = frozenset(values) - {GLOBBED}
    return some | {GLOBBED} if any(map(_has_glob, some)) else some


def both(one: str, other: str) -> str | None:
    """Return the value for the symbols that two values stand for; None: they have none together.

    A value is returned where that is not certain: no symbol may match two globs.
    """
    terms = {*one.split(_AND), *other.split(_AND)}
    classes = {term for term in terms if term.startswith(_CLASS)}
    globs = terms - classes
    names = [glob for glob in globs if ALL not in glob]
    if len(classes) > 1 or len(names) > 1:
        return None
    if names and not all(covers(glob, names[0]) for glob in globs):
        return None
    narrow = {
        each for each in globs if not any(covers(each, glob) for glob in globs if glob != each)
    }
    return _AND.join(sorted(classes | (narrow - {ALL} if classes else narrow)))


def without_covered(values: Iterable[str]) -> frozenset[str]:
    """Return a set without the names and globs that its globs cover, so that equals are equal.

    Values with a class are kept: which symbols these stand for is the listing's to say.
    """
    some = frozenset(values) - {GLOBBED}
    plain = {value for value in some if _AND not in value and not value.startswith(_CLASS)}
    return marked(fewest(plain) | (some - plain))


class Patterns:
    """The wildcards of a set of symbols, taken apart for matching."""

    __slots__ = ("_globs", "_joint", "_prefixes", "_symbols", "_whole", "_with_class")

    def __init__(self, symbols: frozenset[str]) -> None:
        self._symbols = symbols
        self._whole = ALL in symbols
        self._with_class = any(_CLASS in value for value in symbols)
        wild = wildcards_of(symbols)
        self._joint = [value.split(_AND) for value in wild if _AND in value]
        globs = [value for value in wild if _AND not in value and not value.startswith(_CLASS)]
        # One call for all of them: 0.1 µs, where a glob takes 0.4.
        self._prefixes = tuple(glob[:-1] for glob in globs if glob.find(ALL) == len(glob) - 1)
        self._globs = [glob for glob in globs if glob.find(ALL) < len(glob) - 1]

    def match(self, symbol: str, class_of: Callable[[str], str]) -> bool:
        """Tell whether the set stands for a symbol, among others.

        Args:
            symbol: which.
            class_of: returns what stands for its class.
        """
        if self._whole or symbol in self._symbols or symbol.startswith(self._prefixes):
            return True
        if any(covers(glob, symbol) for glob in self._globs):
            return True
        if not self._with_class:
            return any(all(covers(term, symbol) for term in terms) for terms in self._joint)
        own = class_of(symbol)
        return own in self._symbols or any(
            all(term == own if term.startswith(_CLASS) else covers(term, symbol) for term in terms)
            for terms in self._joint
        )


def _has_glob(value: str) -> bool:
    """Tell whether a value is more than a name, `*` or a class, which a look-up finds."""
    return ALL in value and value != ALL and (_AND in value or not value.startswith(_CLASS))
