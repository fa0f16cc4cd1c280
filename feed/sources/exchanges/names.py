"""The names of exchanges and symbols, and the nearest ones to a name that is none.

Names of exchanges are those of the files of ccxt: looking at them imports nothing.
"""

import difflib
from collections.abc import Collection, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

EXTRA = "streaming from exchanges needs ccxt: pip install 'feed-broadcaster[exchanges]'"
_MOST_NEAREST = 3
_CLOSE = 0.5


class Exchanges(NamedTuple):
    """The exchanges that ccxt knows.

    Attributes:
        streaming: those with streams.
        others: those without.
    """

    streaming: frozenset[str]
    others: frozenset[str]


def known_exchanges() -> Exchanges | None:
    """Return the exchanges of the ccxt that is installed; None: there is none."""
    found = find_spec("ccxt")
    if found is None or not found.submodule_search_locations:
        return None
    home = Path(next(iter(found.submodule_search_locations)))
    streaming = _modules(home / "pro")
    return Exchanges(streaming, _modules(home) - streaming)


def nearest(name: str, known: Iterable[str], *, count: int = _MOST_NEAREST) -> list[str]:
    """Return the names that are like one, the nearest first."""
    return difflib.get_close_matches(name.lower(), known, n=count, cutoff=_CLOSE)


def nearest_symbols(symbol: str, symbols: Collection[str]) -> list[str]:
    """Return the symbols that somebody may have meant: the same letters first, then like ones."""
    bare = _letters(symbol)
    same = [known for known in symbols if _letters(known) == bare]
    by_folded = {known.upper(): known for known in symbols}
    like = difflib.get_close_matches(symbol.upper(), by_folded, n=_MOST_NEAREST, cutoff=_CLOSE)
    return list(dict.fromkeys([*same, *(by_folded[each] for each in like)]))[:_MOST_NEAREST]


def _letters(symbol: str) -> str:
    """Return the letters and digits of a symbol without those of its settlement."""
    return "".join(filter(str.isalnum, symbol.partition(":")[0])).upper()


def _modules(folder: Path) -> frozenset[str]:
    return frozenset(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
