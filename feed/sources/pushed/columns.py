"""Runs of plain rows into ticks, column by column: 1.6 µs a trade, where row by row takes 2.1.

What is plain is a subset of what `rows` accepts, and gives the same ticks (a test compares the
two): rows with the same keys, numbers that are floats or integers, times as servers of ours write
them or in nanoseconds. Whatever raises a doubt is left to `rows`, which has the words for what it
refuses. Knows no codec and no clock.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from math import isfinite
from typing import Any

from feed.errors import InvalidTick
from feed.market.tick_rules import check_taker_side
from feed.market.ticks import MAX_EVENT_NS, SECOND_NS, Kind, Quote, Tick, Trade
from feed.sources.pushed.batch import Batch, Largest, Unnumbered
from feed.sources.pushed.runs import Columns
from feed.sources.pushed.values import LONG, Values
from feed.sources.replay.listing import MAX_EXACT_ID
from feed.wire.protobuf_rows import LEAST_NS

_NONE = {type(None)}
_SECOND = len("2026-01-05T14:30:00.")
_DIGITS = slice(_SECOND, LONG - 1)
_Column = Sequence[Any]


class Doubt(Exception):
    """A column has something that is not plain."""


class ColumnReader:
    """Reads columns into ticks, for all producers of one source."""

    __slots__ = ("_values",)

    def __init__(self, values: Values) -> None:
        self._values = values

    def read(self, columns: Columns, batch: Batch, wall_ns: int) -> bool:
        """Add a run to a batch, if all of it is plain; tell whether it is.

        Args:
            columns: of the run.
            batch: gets the ticks.
            wall_ns: the time of those that tell none.
        """
        numbering: Iterable[Unnumbered | Largest] = ()
        ticks: Sequence[Tick]
        try:
            kinds = set(columns["T"])
            symbols = self._values.symbols(columns["S"])
            if kinds == {Kind.TRADE.value}:
                ticks, numbering = self._trades(symbols, columns, wall_ns)
            elif kinds == {Kind.QUOTE.value}:
                ticks = self._quotes(symbols, columns, wall_ns)
            else:
                return False
        except (Doubt, InvalidTick, LookupError, TypeError, OverflowError):
            return False
        firsts, place = batch.firsts[ticks[0].kind], len(batch.ticks)
        if not firsts.keys() >= set(symbols):
            for index, symbol in enumerate(symbols, place):
                firsts.setdefault(symbol, index)
        batch.ticks += ticks
        batch.numbering += numbering
        return True

    def _trades(
        self, symbols: Sequence[str], columns: Columns, wall_ns: int
    ) -> tuple[Sequence[Tick], Iterable[Unnumbered | Largest]]:
        get = columns.get
        numbers, exact_ids = get("i"), get("xi")
        if exact_ids is not None and set(map(type, exact_ids)) == _NONE:
            exact_ids = None
        are_plain = numbers is not None and exact_ids is None and _are_ids(numbers)
        trades = list(
            map(
                Trade,
                symbols,
                numbers if are_plain and numbers is not None else repeat(0),
                self._texts("x", get("x")),
                _numbers(columns["p"]),
                _sizes(columns["s"]),
                self._times(get("t"), wall_ns),
                self._conditions(get("c")),
                self._texts("z", get("z")),
                _sides(get("tks")),
            )
        )
        if are_plain and numbers is not None:
            return trades, (_largest(symbols, numbers),)
        own, exact = numbers or repeat(None), exact_ids or repeat(None)
        unnumbered: list[Unnumbered] = []
        for trade, number, exact_id in zip(trades, own, exact, strict=False):
            self._values.check_ids(number, exact_id)
            unnumbered.append((trade, number, exact_id or ""))
        return trades, unnumbered

    def _quotes(self, symbols: Sequence[str], columns: Columns, wall_ns: int) -> Sequence[Tick]:
        get = columns.get
        bid_sizes, ask_sizes = get("bs"), get("as")
        return list(
            map(
                Quote,
                symbols,
                self._texts("bx", get("bx")),
                _numbers(columns["bp"]),
                repeat(0.0) if bid_sizes is None else _sizes(bid_sizes),
                self._texts("ax", get("ax")),
                _numbers(columns["ap"]),
                repeat(0.0) if ask_sizes is None else _sizes(ask_sizes),
                self._times(get("t"), wall_ns),
                self._conditions(get("c")),
                self._texts("z", get("z")),
            )
        )

    def _texts(self, name: str, column: _Column | None) -> Iterable[str]:
        if column is None:
            return repeat("")
        known = {text: self._values.text(name, text) for text in set(column)}
        if len(known) == 1:
            return repeat(*known.values())
        return [known[text] for text in column]

    def _conditions(self, column: _Column | None) -> Iterable[tuple[str, ...]]:
        if column is None or (kinds := set(map(type, column))) == _NONE:
            return repeat(())
        if kinds != {list}:
            raise Doubt
        told = list(map(tuple, column))
        known = {each: self._values.conditions(list(each)) for each in set(told)}
        return [known[each] for each in told]

    def _times(self, column: _Column | None, wall_ns: int) -> Iterable[int]:
        if column is None:
            return repeat(wall_ns)
        kinds = set(map(type, column))
        if kinds == {int}:
            if not LEAST_NS <= min(column) <= max(column) <= MAX_EVENT_NS:
                raise Doubt
            return column
        if kinds == _NONE:
            return repeat(wall_ns)
        if kinds != {str}:
            raise Doubt
        return self._written_times(column)

    def _written_times(self, column: Sequence[str]) -> Sequence[int]:
        """Return times that are written with nine digits of a second, and in UTC."""
        if set(map(len, column)) != {LONG}:
            raise Doubt
        joined = "".join(column)  # so that one place of all of them is one text
        if set(joined[LONG - 1 :: LONG]) != {"Z"} or not joined.isascii():
            raise Doubt
        if not all(joined[place::LONG].isdigit() for place in range(_SECOND, LONG - 1)):
            raise Doubt
        digits = [text[_DIGITS] for text in column]
        begins: dict[str, int] = {}  # of the seconds that they are in
        for begin, text in {text[:_SECOND]: text for text in column}.items():
            event_ns = self._values.event_ns(text, 0)
            begins[begin] = event_ns - event_ns % SECOND_NS
        if len(begins) == 1:
            [begin_ns] = begins.values()
            times = [begin_ns + number for number in map(int, digits)]
        else:
            times = [
                begins[text[:_SECOND]] + number
                for text, number in zip(column, map(int, digits), strict=True)
            ]
        if max(times) > MAX_EVENT_NS:
            raise Doubt
        return times


def _numbers(column: _Column) -> Sequence[float]:
    """Return finite numbers."""
    kinds = set(map(type, column))
    if not kinds <= {float, int}:
        raise Doubt
    numbers: Sequence[float] = column if kinds == {float} else list(map(float, column))
    if not isfinite(sum(numbers)):  # one that is not makes the sum so, too
        raise Doubt
    return numbers


def _sizes(column: _Column) -> Sequence[float]:
    sizes = _numbers(column)
    if min(sizes) < 0.0:
        raise Doubt
    return sizes


def _sides(column: _Column | None) -> Iterable[str]:
    if column is None:
        return repeat("")
    known = {side: check_taker_side("tks", side) if side else "" for side in set(column)}
    return [known[side] for side in column]


def _are_ids(column: _Column) -> bool:
    """Tell whether ids of trades are told as they are: numbers that every JSON parser keeps."""
    return set(map(type, column)) == {int} and 0 <= min(column) <= max(column) <= MAX_EXACT_ID


def _largest(symbols: Sequence[str], numbers: Sequence[int]) -> Largest:
    largest: Largest = {}
    for symbol, number in zip(symbols, numbers, strict=True):
        if number >= largest.get(symbol, 0):
            largest[symbol] = number
    return largest
