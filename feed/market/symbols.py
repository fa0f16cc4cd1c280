"""Symbols: the form of the texts that name something traded.

Exchanges and vendors name things as they like: `BRK.B`, `BTC/USD`, `I:SPX`, `^GSPC`, options with
two spaces inside, coins in Chinese. A symbol is compared as it is: case is kept, and nothing is
normalised. Commas part symbols in queries, and `*?[]` are kept for patterns.
"""

from feed.errors import InvalidTick, shorten

ALL = "*"  # every symbol, in place of a symbol
MAX_SYMBOL_LENGTH = 64  # characters
SYMBOL_SHAPE = (
    f"1 to {MAX_SYMBOL_LENGTH} printable characters without ',', '*', '?', '[' and ']', and spaces "
    "only inside, such as AAPL, BRK.B, BTC/USD or I:SPX"
)
_RESERVED = frozenset(",*?[]")
_PRINTED = r"[^\p{C}\p{Z},*?\[\]]"
# The same for documents, with `*` and without: as JSON Schema has them, in ECMA-262 with `u`.
_TRADED = rf"{_PRINTED}(({_PRINTED}| ){{0,{MAX_SYMBOL_LENGTH - 2}}}{_PRINTED})?"
SYMBOL_PATTERN = rf"^(\*|{_TRADED})$"
TRADED_PATTERN = f"^{_TRADED}$"


def is_symbol(text: str) -> bool:
    """Tell whether a text can be a symbol; nothing but a space is both printable and blank."""
    return (
        0 < len(text) <= MAX_SYMBOL_LENGTH
        and text.isprintable()
        and _RESERVED.isdisjoint(text)
        and text[0] != " " != text[-1]
    )


def check_symbol(value: object) -> str:
    """Return the value if it is a symbol.

    Raises:
        InvalidTick: it is not; the message says which are accepted.
    """
    if not isinstance(value, str) or not is_symbol(value):
        raise InvalidTick(f"symbol {shorten(value)} is not accepted; accepted: {SYMBOL_SHAPE}")
    return value
