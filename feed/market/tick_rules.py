"""The rules of what somebody hands over as a tick: one for each kind of field, with its words.

Programs that publish (`feed.market.submissions`), and those that push over the network, name the
same fields differently; so each rule is told what its field is called. Recordings have rules of
their own, since they are what they are. Knows no clock.
"""

from contextlib import suppress
from decimal import Decimal
from math import inf, nan
from numbers import Real

from feed.errors import InvalidTick, shorten
from feed.market.ticks import MAX_EVENT_NS

MAX_TRADE_ID_LENGTH = 128  # of its text: a UUID has 36, and messages stay below 32,000 bytes
MAX_TEXT_LENGTH = 256  # characters of an exchange, a condition, a tape or a status
MAX_CONDITIONS = 16
_SIDES = ("", "B", "S")


def check_number(name: str, value: object, least: float = -inf) -> float:
    """Return a finite number; of numpy and decimals too, of which quants have theirs.

    Raises:
        InvalidTick: it is none, or less than the least.
    """
    number = nan
    if type(value) is float:
        number = value
    elif type(value) is not bool and isinstance(value, Real | Decimal):
        with suppress(OverflowError, ValueError):  # too large; a decimal that signals
            number = float(value)
    if not (least <= number < inf and number != -inf):
        bound = "" if least == -inf else f" of at least {least:g}"
        raise refused(name, value, f"a finite number{bound}")
    return number


def check_trade_id(name: str, value: object) -> None:
    """See that a value can be the id of a trade; None is one, too.

    Raises:
        InvalidTick: it cannot.
    """
    is_number = type(value) is int and value >= 0
    is_text = isinstance(value, str) and len(value) <= MAX_TRADE_ID_LENGTH
    if not (value is None or is_number or is_text):
        accepted = f"a number from 0, a text of at most {MAX_TRADE_ID_LENGTH} characters, or None"
        raise refused(name, value, accepted)


def check_event_ns(name: str, value: object) -> int:
    """Return a time in whole nanoseconds since 1970.

    Raises:
        InvalidTick: it is none.
    """
    if type(value) is not int or not 0 <= value <= MAX_EVENT_NS:
        accepted = f"whole nanoseconds since 1970, from 0 to {MAX_EVENT_NS}, or None"
        raise refused(name, value, accepted)
    return value


def check_text(name: str, value: object) -> str:
    """Return a short text.

    Raises:
        InvalidTick: it is none, or cannot be printed.
    """
    if type(value) is not str or len(value) > MAX_TEXT_LENGTH or not value.isprintable():
        raise refused(name, value, f"printable text of at most {MAX_TEXT_LENGTH} characters")
    return value


def check_conditions(name: str, value: object) -> tuple[str, ...]:
    """Return a few short texts.

    Raises:
        InvalidTick: they are none, or too many.
    """
    if not isinstance(value, tuple | list) or len(value) > MAX_CONDITIONS:
        raise refused(name, value, f"a tuple of at most {MAX_CONDITIONS} texts")
    return tuple(check_text(name, each) for each in value)


def check_taker_side(name: str, value: object) -> str:
    """Return a side; "" where nobody knows.

    Raises:
        InvalidTick: it is none.
    """
    if not isinstance(value, str) or value not in _SIDES:
        raise refused(name, value, '"B", "S" or ""')
    return value


def refused(name: str, value: object, accepted: str) -> InvalidTick:
    """Return the error of a field: its name, its value and what is accepted."""
    return InvalidTick(f"{name} {shorten(value)} is not accepted; accepted: {accepted}")
