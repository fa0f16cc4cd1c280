"""Event times of a recording: text into nanoseconds since the Unix epoch, exactly.

Knows ISO 8601 as files have it, and numbers of any unit; integers and decimals only, no float and
no clock.
"""

import re
from datetime import date
from decimal import Context, Decimal
from functools import lru_cache

from msgpack import Timestamp

from feed.errors import InvalidTick, shorten
from feed.market.ticks import MAX_EVENT_NS, SECOND_NS

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SECOND = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)", re.ASCII
)  # RFC 3339 section 5.6; its leap second (:60) has no number of its own since the epoch
_REST = re.compile(
    r"(?:[.,](\d{1,9})\d{0,9})?(?: ?(?:[Zz]|UTC|([+-])([01]\d|2[0-3])(?::?([0-5]\d))?))?", re.ASCII
)  # UTC where no zone is told; databases write +00, and more digits than nanoseconds have
_SECOND_LENGTH = len("2020-02-22T00:00:00")
_NS_PER_DIGIT = tuple(10 ** (9 - digits) for digits in range(10))
_ISO_SHAPE = "RFC 3339 from 1970 to 2262, such as 2020-02-22T00:00:02.111Z (UTC without a zone)"

# Upper bounds of a number's magnitude as seconds, ms, µs; larger ones are nanoseconds. As
# seconds the first bound is the year 5138, as milliseconds it is March 1973.
_UNITS_NS = ((10**11, SECOND_NS), (10**14, 1_000_000), (10**17, 1_000))
_MAX_EVENT_DIGITS = 19
# The same by the number of digits, for integers that do not begin with a zero.
_UNIT_NS_OF_DIGITS = [
    next((unit_ns for bound, unit_ns in _UNITS_NS if 10**digits <= bound), 1)
    for digits in range(_MAX_EVENT_DIGITS + 1)
]
_NUMBER = re.compile(r"\d{1,19}(?:\.\d{0,18})?(?:[eE]\+?\d{1,2})?", re.ASCII)
_EXACT = Context(prec=64)  # digits: all that such a number and its unit have
_TIME_SHAPE = (
    "an integer or decimal of seconds, ms, µs or ns since 1970 (told apart by magnitude), or "
    f"{_ISO_SHAPE}"
)


@lru_cache(maxsize=1024)
def _whole_second_ns(text: str) -> int | None:
    """Return a date and time without fraction or offset in ns, or None; neighbours share it."""
    match = _SECOND.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    return (days * 86_400 + hour * 3_600 + minute * 60 + second) * SECOND_NS


def rfc3339_ns(text: object) -> int:
    """Read an RFC 3339 time as nanoseconds since the Unix epoch, exactly (integers only).

    Accepts any offset or none, which is UTC, and a space or small letters for `T` and `Z`. Fraction
    digits after the ninth are cut off. Refuses leap seconds, and times that do not fit into 63
    bits.

    Raises:
        InvalidTick: it is not such a time; the message shows one.
    """
    if type(text) is str:
        whole_ns = _whole_second_ns(text[:_SECOND_LENGTH])
        rest = _REST.fullmatch(text, _SECOND_LENGTH)
        if whole_ns is not None and rest is not None:
            fraction, sign, hours, minutes = rest.groups()
            if fraction is not None:
                whole_ns += int(fraction) * _NS_PER_DIGIT[len(fraction)]
            if sign is not None:
                offset_ns = (int(hours) * 60 + int(minutes or 0)) * 60 * SECOND_NS
                whole_ns += -offset_ns if sign == "+" else offset_ns
            if 0 <= whole_ns <= MAX_EVENT_NS:
                return whole_ns
    raise InvalidTick(f"time {shorten(text)} is not accepted; accepted: {_ISO_SHAPE}")


def time_ns(value: object) -> int:
    """Read a time as nanoseconds since the Unix epoch: RFC 3339, or a number of any unit.

    A number may be in a text too: exchanges write numbers of many digits so. MessagePack has a type
    for times.
    """
    if isinstance(value, Timestamp):
        whole_ns: int = value.to_unix_nano()
        if not 0 <= whole_ns <= MAX_EVENT_NS:
            raise InvalidTick(f"time {shorten(value)} is not accepted; accepted: {_ISO_SHAPE}")
        return whole_ns
    if type(value) is int or type(value) is float:
        return csv_time_ns(repr(value))  # the file's digits, as far as a float keeps them
    if type(value) is str and value[4:5] != "-":
        return csv_time_ns(value)
    return rfc3339_ns(value)


def csv_time_ns(text: str) -> int:
    """Read a CSV's time as nanoseconds since the Unix epoch: a number of any unit, or RFC 3339.

    The unit is told by magnitude, which is unambiguous for times after March 1973. What is finer
    than a nanosecond is cut off.

    Raises:
        InvalidTick: it is neither; the message shows the accepted forms.
    """
    if text.isdigit() and text.isascii() and len(text) <= _MAX_EVENT_DIGITS:
        number = int(text)
        value = number * (_UNIT_NS_OF_DIGITS[len(text)] if text[0] > "0" else _unit_ns(number))
        if value <= MAX_EVENT_NS:
            return value
    elif _NUMBER.fullmatch(text):
        decimal = Decimal(text)
        if decimal <= MAX_EVENT_NS:
            value = int(_EXACT.multiply(decimal, _unit_ns(decimal)))
            if value <= MAX_EVENT_NS:
                return value
    try:
        return rfc3339_ns(text)
    except InvalidTick:
        raise InvalidTick(
            f"timestamp {shorten(text)} is not accepted; accepted: {_TIME_SHAPE}"
        ) from None


def number_ns(text: str, unit_ns: int) -> int:
    """Read a number of a unit as nanoseconds since the Unix epoch; what is finer is cut off.

    Raises:
        InvalidTick: it is not a number, or more than 63 bits of nanoseconds hold.
    """
    if _NUMBER.fullmatch(text):
        value = int(_EXACT.multiply(Decimal(text), unit_ns))
        if value <= MAX_EVENT_NS:
            return value
    raise InvalidTick(
        f"timestamp {shorten(text)} is not accepted; accepted: an integer or decimal of the unit "
        "that was told"
    )


def _unit_ns(value: int | Decimal) -> int:
    """Return the length of the unit that a number of this magnitude is in."""
    for bound, unit_ns in _UNITS_NS:
        if value < bound:
            return unit_ns
    return 1
