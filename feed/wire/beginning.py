"""Beginnings: where a subscriber wants to begin, as it writes it.

That is a position, `0` for all that the ring holds, a time, or a while ago. Which sequence it is
the ring knows (`feed.broadcast.rewind`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from feed.errors import InvalidParameter, InvalidPosition
from feed.market.ticks import SECOND_NS
from feed.wire.position import POSITION_PATTERN, Position

MOST_AGO_NS = 30 * 86_400 * SECOND_NS  # longer than any ring holds
MOST_LAST = 1_000_000  # ticks that `last` may ask for
_UNITS_NS = {"ms": SECOND_NS // 1_000, "s": SECOND_NS, "m": 60 * SECOND_NS, "h": 3_600 * SECOND_NS}
_AGO = re.compile(r"-([1-9][0-9]{0,9})(ms|s|m|h)", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
# The same for documents, in the regular expressions of JSON Schema.
BEGINNING_PATTERN = (
    POSITION_PATTERN
    + r"|^-[1-9][0-9]{0,9}(ms|s|m|h)$"
    + r"|^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    + r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
ACCEPTED = (
    "a position as this server sends it, <epoch>-<sequence>, or 0; a time such as "
    "2026-11-27T14:30:00Z (in a URL + is written %2B); or a while ago: -500ms, -30s, -5m, -1h, "
    "at most -720h"
)


@dataclass(frozen=True, slots=True)
class Ago:
    """A while ago: everything of that long."""

    ns: int

    def __str__(self) -> str:
        """Return it as it is written, in the largest unit that says it exactly."""
        unit = next(unit for unit in ("h", "m", "s", "ms") if not self.ns % _UNITS_NS[unit])
        return f"-{self.ns // _UNITS_NS[unit]}{unit}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A time: everything from then on.

    Attributes:
        unix_ns: since the Unix epoch.
        text: as it was written.
    """

    unix_ns: int
    text: str

    def __str__(self) -> str:
        return self.text


Beginning = Position | Ago | Moment


def read_beginning(text: str, parameter: str = "after") -> Beginning:
    """Read a position, a time, or a while ago.

    Raises:
        InvalidParameter: it is none of them; the error names `parameter`.
    """
    if isinstance(text, str):
        if text.startswith("-"):
            return _ago(text, parameter)
        if found := _TIME.fullmatch(text):
            return _moment(text, found, parameter)
    try:
        return Position.parse(text, parameter)
    except InvalidPosition:
        raise InvalidParameter(parameter, text, ACCEPTED) from None


def _ago(text: str, parameter: str) -> Ago:
    found = _AGO.fullmatch(text)
    ns = int(found[1]) * _UNITS_NS[found[2]] if found else 0
    if not 0 < ns <= MOST_AGO_NS:
        raise InvalidParameter(parameter, text, ACCEPTED)
    return Ago(ns)


def _moment(text: str, found: re.Match[str], parameter: str) -> Moment:
    second, fraction, offset = found.groups("")
    try:
        zoned = datetime.fromisoformat(second + offset.upper())
        whole_s = int(zoned.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):  # of the 31st of February, or before the year 1
        raise InvalidParameter(parameter, text, ACCEPTED) from None
    return Moment(whole_s * SECOND_NS + int(fraction.ljust(9, "0")), text)
