"""Times as people write them: `90d`, `12h`, or a date."""

import re
from datetime import UTC, datetime

from feed.errors import InvalidParameter

WORDS = "a time from now such as 90d, 12h or 30m, or a date such as 2027-01-31"
_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
_NS_PER_S = 1_000_000_000
_MOST_S = 100 * 366 * 86_400  # whatever is longer is a mistake, and no date at some point


def span_ns(name: str, text: str) -> int:
    """Return the length of a span of time such as `90d`.

    Raises:
        InvalidParameter: it is none; the error is of this name.
    """
    found = _SPAN.fullmatch(text)
    if found is None or int(found[1]) * _UNITS_S[found[2]] > _MOST_S:
        raise InvalidParameter(name, text, "a number and one of s, m, h, d and w, such as 90d")
    return int(found[1]) * _UNITS_S[found[2]] * _NS_PER_S


def end_of(name: str, text: str, wall_ns: int) -> int:
    """Return when something ends that is written as a span, or as a date or time.

    Raises:
        InvalidParameter: it is neither, or not to come; the error is of this name.
    """
    if _SPAN.fullmatch(text):
        length_ns = span_ns(name, text)
        if length_ns:
            return wall_ns + length_ns
        raise InvalidParameter(name, text, WORDS)
    try:
        end = datetime.fromisoformat(text)
        at_s = int((end if end.tzinfo else end.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise InvalidParameter(name, text, WORDS) from None
    if not wall_ns < at_s * _NS_PER_S <= wall_ns + _MOST_S * _NS_PER_S:
        raise InvalidParameter(name, text, f"{WORDS}, to come")
    return at_s * _NS_PER_S
