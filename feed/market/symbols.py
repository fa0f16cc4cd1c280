"""Symbols: the form of the texts that name something traded."""

import re

from feed.errors import InvalidTick, shorten

ALL = "*"  # every symbol, in place of a symbol
MAX_SYMBOL_LENGTH = 24
SYMBOL_SHAPE = (
    f"1 to {MAX_SYMBOL_LENGTH} letters, digits, '.', '-', '_' or '/', beginning with a letter or "
    "digit, such as AAPL, BRK.B or BTC/USD"
)
_SYMBOL = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._/-]{{0,{MAX_SYMBOL_LENGTH - 1}}}")


def is_symbol(text: str) -> bool:
    """Tell whether a text can be a symbol: an equity (`BRK.B`) or a pair (`BTC/USD`)."""
    return _SYMBOL.fullmatch(text) is not None


def check_symbol(value: object) -> str:
    """Return the value if it is a symbol.

    Raises:
        InvalidTick: it is not; the message says which are accepted.
    """
    if not isinstance(value, str) or not is_symbol(value):
        raise InvalidTick(f"symbol {shorten(value)} is not accepted; accepted: {SYMBOL_SHAPE}")
    return value
