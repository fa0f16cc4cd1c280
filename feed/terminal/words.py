"""Numbers in few characters, as a table of a terminal wants them. Knows no table and no clock.

A number that is not known is "–".
"""

from datetime import datetime
from itertools import pairwise
from math import isfinite

from feed.errors import MAX_SHOWN_LENGTH
from feed.market.ticks import SECOND_NS

UNKNOWN = "–"
PRICE_WIDTH = 10  # characters of any price
_CHANGE_WIDTH = 8
_MOST_DIGITS = 4  # of a price that is written as a power of ten
_NEAR = (
    5e-4  # share of a price that rounding may take or add; more, and digits that matter are gone
)
_SMALL = 10  # below it, a digit after the point matters
_LONG = 100_000  # from it on, counts are shortened
_STEP = 1_000
_PREFIXES = ("", "k", "M", "G", "T")
_SECOND_S = 1
_MILLISECOND_S = 1e-3
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "\N{REPLACEMENT CHARACTER}")
_CONTROLS |= {ord("\n"): "\n", ord("\t"): "\t", ord("\r"): ""}
_UNITS_S = ((86_400, "d"), (3_600, "h"), (60, "m"), (_SECOND_S, "s"))


def price(value: float | None, decimals: int, width: int = PRICE_WIDTH) -> str:
    """Return a price: `67,123.45`, with at most `decimals` digits after the point.

    A price that is too small or too large for that is told by its power of ten: `1.25e-12`.
    """
    if value is None:
        return UNKNOWN
    if abs(value) < 10.0**width:  # a larger one does not fit, and has up to 309 digits
        room = width - len(f"{value:,.0f}.")
        text = f"{value:,.{max(0, min(decimals, room))}f}"
        if len(text) <= width and abs(float(text.replace(",", "")) - value) <= _NEAR * abs(value):
            return text
    return _by_power(value, width)


def percent(share: float | None) -> str:
    """Return a change, always with its sign: `+0.53%` for 0.0053; one that rounds to 0 has none."""
    if share is None or not isfinite(100 * share):
        return UNKNOWN
    text = f"{100 * share:+.2f}%"
    if text[1:] == "0.00%":
        return text[1:]
    if len(text) > _CHANGE_WIDTH:
        text = f"{100 * share:+.0f}%"
    return text if len(text) <= _CHANGE_WIDTH else f"{100 * share:+.0e}%".replace("e+", "e")


def share(value: float | None) -> str:
    """Return a part of a whole: `72%` for 0.72."""
    return UNKNOWN if value is None else f"{100 * value:.0f}%"


def count(value: float | None) -> str:
    """Return a number in at most six characters: `0.5`, `12`, `99,999`, `123k`, `4.6M`."""
    if value is None:
        return UNKNOWN
    if value < _SMALL and value != int(value):
        return f"{value:.1f}"
    return f"{value:,.0f}" if value < _LONG else "".join(_scaled(value))


def rate(value: float | None) -> str:
    """Return how often a second: `1.2/s`."""
    return f"{count(value)}/s"


def data_size(size_bytes: float | None) -> str:
    """Return an amount of data: `812 B`, `64.0 kB`."""
    return UNKNOWN if size_bytes is None else "{} {}B".format(*_scaled(size_bytes))


def age(age_ns: int | None) -> str:
    """Return how long ago something was, in at most five characters: `0.2s`, `59s`, `3m`, `12h`."""
    if age_ns is None:
        return UNKNOWN
    age_s = max(0, age_ns) / SECOND_NS
    if age_s < _SMALL:
        return f"{age_s:.1f}s"
    unit_s, unit = next(each for each in _UNITS_S if age_s >= each[0])
    return f"{int(age_s) // unit_s}{unit}"


def as_of(time_ns: int, wall_ns: int) -> str:
    """Return the local time that something is of: `as of 12:34:56`, with a date of another day."""
    time, now = (datetime.fromtimestamp(ns // SECOND_NS).astimezone() for ns in (time_ns, wall_ns))
    return f"as of {time:%H:%M:%S}" if time.date() == now.date() else f"as of {time:%F %T}"


def duration(duration_s: float | None) -> str:
    """Return how long something takes: `850µs`, `1.2ms`, `3.4s`, `3m 20s`, `2h 5m`, `4d 0h`."""
    if duration_s is None:
        return UNKNOWN
    for (unit_s, unit), (part_s, part) in pairwise(_UNITS_S):
        if duration_s >= unit_s:
            return f"{int(duration_s) // unit_s}{unit} {int(duration_s) % unit_s // part_s}{part}"
    if duration_s >= _SECOND_S:
        return f"{duration_s:.1f}s"
    if duration_s >= _MILLISECOND_S:
        return f"{duration_s * 1e3:.1f}ms"
    return f"{duration_s * 1e6:.0f}µs"


def printable(text: object, limit: int = MAX_SHOWN_LENGTH) -> str:
    """Return a text from outside without what a terminal would obey, cut to `limit` characters."""
    clean = "".join(char if char.isprintable() else "�" for char in str(text)[: limit + 1])
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def obeyed_by_none(text: str) -> str:
    """Return a text of many lines without what a terminal would obey, but for lines and tabs."""
    return text.translate(_CONTROLS)


def _by_power(value: float, width: int) -> str:
    """Return a number by its power of ten, with as many digits as there is room for: `1.25e-12`."""
    for digits in range(_MOST_DIGITS - 1, -1, -1):
        mantissa, power = f"{value:.{digits}e}".split("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        text = f"{mantissa}e{int(power)}"
        if len(text) <= width:
            break
    return text


def _scaled(value: float) -> tuple[str, str]:
    """Return a number of at most five characters, and the prefix of its unit."""
    power = 0
    while round(value) >= _STEP and power < len(_PREFIXES) - 1:
        value /= _STEP
        power += 1
    whole = power == 0 or value >= 100  # noqa: PLR2004 - three digits are enough
    return f"{value:.{0 if whole else 1}f}", _PREFIXES[power]
