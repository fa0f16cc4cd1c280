"""Globs: patterns of keys, in which `*` stands for any run of characters, also for none.

Nothing but `*` is a wildcard: `?`, `[` and `]` cannot be in a symbol, and are refused here as well.
A glob without `*` is one key. Matching walks over a key once, whoever wrote the glob: a regular
expression of four `.*` takes seconds for one key.
"""

import re
from collections.abc import Iterable

from feed.market.symbols import ALL, MAX_SYMBOL_LENGTH, is_symbol

MOST_STARS = 4  # in one glob
GLOB_SHAPE = (
    f"a key such as AAPL, or one with up to {MOST_STARS} times '*' for any characters, such as "
    f"BTC/* or *, of at most {MAX_SYMBOL_LENGTH} characters without ',', '?', '[' and ']'"
)
_STARS = re.compile(r"\*+")


def is_glob(text: str) -> bool:
    """Tell whether a text can be a glob."""
    stars = text.count(ALL)
    return (
        0 < len(text) <= MAX_SYMBOL_LENGTH
        and stars <= MOST_STARS
        and (is_symbol(text.replace(ALL, "x")) if stars else is_symbol(text))
    )


def covers(glob: str, key: str) -> bool:
    """Tell whether a glob matches a key; or, where that is a glob, everything that it matches.

    Complexity: O(characters × stars). A `*` of the key is a character like any other here, which
    only a `*` of the glob can stand for: so no text that it stands for makes a difference.
    """
    first, *others = glob.split(ALL)
    if not others:
        return glob == key
    *middle, last = others
    at, end = len(first), len(key) - len(last)
    if end < at or not (key.startswith(first) and key.endswith(last)):
        return False
    for part in middle:
        found = key.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def fewest(globs: Iterable[str]) -> frozenset[str]:
    """Return the globs without those that another one of them covers, so that equals are equal.

    Complexity: O(globs × globs with a `*`).
    """
    some = {_STARS.sub(ALL, glob) for glob in globs}
    wild = [glob for glob in some if ALL in glob]
    return frozenset(
        each for each in some if not any(covers(glob, each) for glob in wild if glob != each)
    )
