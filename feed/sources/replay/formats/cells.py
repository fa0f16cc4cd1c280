"""Cells of tables into the values of ticks: texts as CSV has them, and values as Parquet has them.

An empty cell is "" or None. Each function names the column and the value that it refuses, and says
what is accepted.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from math import inf
from sys import intern

from feed.errors import InvalidTick, shorten
from feed.market.ticks import SECOND_NS
from feed.sources.replay.event_time import csv_time_ns, number_ns, time_ns
from feed.sources.replay.object_rows import at_least, taker_side_of

Cell = object
Number = Callable[[str, Cell, float], float]
NUMBER = float("-inf")  # the least number where any is accepted

UNIT_NS: Mapping[str, int] = {"s": SECOND_NS, "ms": 1_000_000, "us": 1_000, "ns": 1}
_BILLION = 1_000_000_000
_UNDEFINED = (1 << 63) - 1  # a price that is none, as DBN has it
_NO_PRICES = ("", _UNDEFINED, str(_UNDEFINED))
_MAKER_SIDES = {"true": "S", "1": "S", "false": "B", "0": "B", "": ""}


def decimal(column: str, cell: Cell, least: float) -> float:
    """Return a number exactly as `float` reads it: finite, and at least `least`."""
    if type(cell) is str:
        try:
            value = float(cell)
        except ValueError:
            value = inf
        # float() also reads nan, inf, 1_000 and the digits of other scripts.
        if least <= value < inf and value != -inf and "_" not in cell and cell.isascii():
            return value
        raise InvalidTick(f"{column} {shorten(cell)} is not accepted; accepted: {at_least(least)}")
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        value = inf
    if not least <= value < inf or value == -inf or not _is_plain(cell):  # such as True
        raise InvalidTick(f"{column} {_shown(cell)} is not accepted; accepted: {at_least(least)}")
    return value


def billionths(column: str, cell: Cell, least: float) -> float:
    """Return a price that is a whole number of 1e-9, or a decimal number where it has a point."""
    if type(cell) is str and not cell.lstrip("-").isdecimal():
        return decimal(column, cell, least)
    if type(cell) is not int and type(cell) is not str:
        return decimal(column, cell, least)
    if not _is_plain(cell) or len(str(cell)) > 20 or int(cell) == _UNDEFINED:  # noqa: PLR2004
        raise InvalidTick(f"{column} {_shown(cell)} is not accepted; accepted: a price")
    return int(cell) / _BILLION  # of integers, so that it is rounded once


def is_no_price(cell: Cell) -> bool:
    """Tell whether a price says that there is none."""
    return cell is None or cell in _NO_PRICES


def event_time(column: str, cell: Cell, unit_ns: int | None) -> int:
    """Return a time as nanoseconds since 1970.

    Args:
        column: its name.
        cell: a number, or a text: of a number, or as ISO 8601 has it.
        unit_ns: that numbers are in; None: told by their magnitude.
    """
    if type(cell) is str:
        return csv_time_ns(cell) if unit_ns is None else number_ns(cell, unit_ns)
    if cell is None or type(cell) not in {int, float, Decimal}:
        raise InvalidTick(f"{column} {_shown(cell)} is not accepted; accepted: a time")
    return time_ns(cell) if unit_ns is None else number_ns(str(cell), unit_ns)


def text(cell: Cell) -> str:
    """Return a cell as text. The same few come all the time, so equal ones are one object."""
    if type(cell) is str:
        return intern(cell)
    return "" if cell is None else intern(str(cell))


def taker_side(column: str, cell: Cell) -> str:
    """Return the side that took liquidity, from a cell that names it."""
    return taker_side_of(column, text(cell))


def side_of_maker(column: str, cell: Cell) -> str:
    """Return the side that took liquidity, from a cell that says whether the buyer made it."""
    word = text(cell)
    side = _MAKER_SIDES.get(word.lower())
    if side is None:
        raise InvalidTick(f"{column} {shorten(word)} is not accepted; accepted: true or false")
    return side


def conditions(cell: Cell) -> tuple[str, ...]:
    """Return the conditions of a cell: a list, or a text of them parted by commas."""
    if cell is None or cell == "":
        return ()
    if isinstance(cell, list):
        return tuple(text(each) for each in cell)
    return _parted(text(cell))


@lru_cache(maxsize=1024)
def _parted(words: str) -> tuple[str, ...]:
    return tuple(intern(word.strip()) for word in words.strip("[]{}").split(",") if word.strip())


def _is_plain(cell: Cell) -> bool:
    if type(cell) is str:
        return "_" not in cell and cell.isascii()
    return type(cell) in {int, float, Decimal}


def _shown(cell: Cell) -> str:
    return shorten("" if cell is None else cell)
