"""The values of rows: what is accepted of each kind of field; checked once, however often it comes.

Times are written as on the wire; else what is accepted is what programs that publish may hand over
(`feed.market.tick_rules`). Equal values are one object. Knows no row and no clock.
"""

from collections.abc import Sequence

from feed.errors import InvalidTick
from feed.market.symbols import check_symbol
from feed.market.tick_rules import check_conditions, check_event_ns, check_text, check_trade_id
from feed.market.ticks import MAX_EVENT_NS, SECOND_NS
from feed.sources.pushed.flaws import Flaw, FlawedRow
from feed.sources.replay.event_time import time_ns
from feed.wire.protobuf_rows import LEAST_NS

_MOST_KNOWN = 65_536  # texts, and symbols, that were checked; then all are forgotten
LONG = len("2026-01-05T14:30:00.123456789Z")  # as servers of ours write times


class Values:
    """The values that come to one source."""

    __slots__ = ("_conditions", "_second", "_second_ns", "_symbols", "_texts")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._symbols: dict[str, str] = {}
        self._texts: dict[str | None, str] = {None: ""}
        self._conditions: dict[tuple[str, ...], tuple[str, ...]] = {}
        # Of the time that came last: its text up to the second, and what that is.
        self._second, self._second_ns = "", 0

    def symbol(self, value: object) -> str:
        """Return a symbol that is accepted, the same object each time."""
        try:
            return self._symbols[value]  # type: ignore[index]  # what is none is told
        except (KeyError, TypeError):
            pass
        try:
            checked = check_symbol(value)
        except InvalidTick as error:
            raise FlawedRow(Flaw.SYMBOL, f"S: {error}") from None
        if len(self._symbols) >= _MOST_KNOWN:
            self._symbols.clear()
        self._symbols[checked] = checked
        return checked

    def symbols(self, column: Sequence[object]) -> list[str]:
        """Return symbols that are accepted, as `symbol` does."""
        known = self._symbols
        try:
            return [known[value] for value in column]  # type: ignore[index]  # what is none is told
        except (KeyError, TypeError):
            return list(map(self.symbol, column))

    def text(self, name: str, value: object) -> str:
        """Return a short text that is accepted, the same object each time; None is ""."""
        try:
            return self._texts[value]  # type: ignore[index]  # what is none is told
        except (KeyError, TypeError):
            pass
        checked = check_text(name, value)
        if len(self._texts) >= _MOST_KNOWN:
            self._texts = {None: ""}
        self._texts[checked] = checked
        return checked

    def conditions(self, value: object) -> tuple[str, ...]:
        """Return the conditions of a tick, the same object each time."""
        if not value:
            return ()
        told = (value,) if type(value) is str else tuple(value)  # type: ignore[arg-type]
        try:
            return self._conditions[told]
        except (KeyError, TypeError):
            pass
        try:
            checked = check_conditions("c", value if isinstance(value, list) else told)
        except InvalidTick as error:
            raise FlawedRow(Flaw.TEXT, str(error)) from None
        if len(self._conditions) >= _MOST_KNOWN:
            self._conditions.clear()
        self._conditions[checked] = checked
        return checked

    def event_ns(self, value: object, wall_ns: int) -> int:
        """Return when a tick happened: as on the wire, or as a number of any unit; None: now."""
        if value is None:
            return wall_ns
        if type(value) is str:
            if len(value) == LONG and value[:19] == self._second and value[29] == "Z":
                digits = value[20:29]
                if value[19] == "." and digits.isdigit() and digits.isascii():
                    event_ns = self._second_ns + int(digits)
                    if event_ns <= MAX_EVENT_NS:
                        return event_ns
        elif type(value) is int and value >= LEAST_NS:
            return check_event_ns("t", value)
        try:
            event_ns = time_ns(value)
        except InvalidTick as error:
            raise FlawedRow(Flaw.TIME, f"t: {error}") from None
        if type(value) is str and len(value) == LONG:
            self._second, self._second_ns = value[:19], event_ns - event_ns % SECOND_NS
        return event_ns

    def check_ids(self, number: object, exact: object) -> None:
        """See that a trade may have such ids; either may be None."""
        if type(number) is not int or number < 0:
            check_trade_id("i", number)
        if exact is not None:
            check_trade_id("xi", check_text("xi", exact))
