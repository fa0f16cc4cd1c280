"""Maps with the letters of the wire into ticks: one batch of them, all or none.

The fields have the defaults of `feed.Trade` and its like: a tick without a time is of now, a trade
without an id is numbered. What is accepted is what those accept (`feed.market.tick_rules`), but
that times are written as on the wire. Values that come again and again are checked once. Knows no
codec and no clock; the time comes with each batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Any

from feed.errors import InvalidTick, shorten
from feed.market.symbols import check_symbol
from feed.market.tick_rules import (
    check_conditions,
    check_event_ns,
    check_number,
    check_taker_side,
    check_text,
    check_trade_id,
)
from feed.market.ticks import SECOND_NS, Bar, Kind, Quote, Status, Tick, Trade
from feed.sources.pushed.batch import MOST_TICKS, Batch
from feed.sources.pushed.flaws import BatchRefused, Flaw, FlawedRow
from feed.sources.replay.event_time import time_ns
from feed.wire.protobuf_codec import LEAST_NS

_MOST_KNOWN = 65_536  # texts, and symbols, that were checked; then all are forgotten
_LONG = len("2026-01-05T14:30:00.123456789Z")  # as servers of ours write times
Row = Mapping[str, Any]


class RowReader:
    """Reads rows into ticks, for all producers of one source."""

    __slots__ = (
        *("_by_kind", "_conditions", "_second", "_second_ns", "_symbols", "_texts"),
        "accepted",
    )

    def __init__(self, *, bars: bool = False) -> None:
        """Begin with nothing known.

        Args:
            bars: whether bars are ticks here.
        """
        # Those that were checked, so that equal ones are one object.
        self._symbols: dict[str, str] = {}
        self._texts: dict[str | None, str] = {None: ""}
        self._conditions: dict[tuple[str, ...], tuple[str, ...]] = {}
        # Of the time that came last: its text up to the second, and what that is.
        self._second, self._second_ns = "", 0
        self._by_kind: dict[object, Callable[[Row, int], Tick]] = {
            Kind.TRADE.value: self._trade,
            Kind.QUOTE.value: self._quote,
            Kind.STATUS.value: self._status,
        }
        if bars:
            kinds = (Kind.BAR, Kind.UPDATED_BAR, Kind.SECOND_BAR)
            self._by_kind |= dict.fromkeys((kind.value for kind in kinds), self._bar)
        self.accepted = ", ".join(map(str, self._by_kind))

    def read(
        self, rows: Iterable[object], batch: Batch, wall_ns: int, most_ticks: int = MOST_TICKS
    ) -> Iterator[None]:
        """Read the rows of a batch, one a step.

        Args:
            rows: as their codec gives them; it raises BatchRefused where that is at its end.
            batch: gets the ticks.
            wall_ns: the time of those that tell none.
            most_ticks: that a batch may have.

        Raises:
            BatchRefused: a row is no tick, there are too many, or none.
        """
        ticks, unnumbered, firsts = batch.ticks, batch.unnumbered, batch.firsts
        readers = self._by_kind
        for row in rows:
            try:
                read = readers[row["T"]]  # type: ignore[index]  # what has none is told
            except (LookupError, TypeError):
                flaw, words = self._without_kind(row)
                raise BatchRefused(flaw, words, len(ticks) + 1) from None
            try:
                tick = read(row, wall_ns)  # type: ignore[arg-type]  # a map
            except KeyError as missing:
                words = f"{missing.args[0]} of T {row['T']!r} is missing"  # type: ignore[index]
                raise BatchRefused(Flaw.MISSING, words, len(ticks) + 1) from None
            except InvalidTick as error:
                raise BatchRefused(_flaw_of(error), str(error), len(ticks) + 1) from None
            known = firsts[tick.kind]
            if tick.symbol not in known:
                known[tick.symbol] = len(ticks)
            ticks.append(tick)
            if type(tick) is Trade:
                unnumbered.append((tick, row.get("i"), row.get("xi") or ""))  # type: ignore[attr-defined]
            yield
            if len(ticks) > most_ticks:
                raise too_many(most_ticks)
        if not ticks:
            raise BatchRefused(Flaw.SHAPE, "there is no tick; accepted: one at least")

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
            if len(value) == _LONG and value[:19] == self._second and value[29] == "Z":
                digits = value[20:29]
                if value[19] == "." and digits.isdigit() and digits.isascii():
                    return self._second_ns + int(digits)
        elif type(value) is int and value >= LEAST_NS:
            return check_event_ns("t", value)
        try:
            event_ns = time_ns(value)
        except InvalidTick as error:
            raise FlawedRow(Flaw.TIME, f"t: {error}") from None
        if type(value) is str and len(value) == _LONG:
            self._second, self._second_ns = value[:19], event_ns - event_ns % SECOND_NS
        return event_ns

    def _trade(self, row: Row, wall_ns: int) -> Tick:
        price, size, get = row["p"], row["s"], row.get
        if type(price) is not float or price - price:  # an infinite one less itself is NaN
            price = check_number("p", price)
        if type(size) is not float or not 0.0 <= size < inf:
            size = check_number("s", size, 0.0)
        symbol, side = self.symbol(row["S"]), get("tks")
        trade = Trade(
            symbol,
            0,
            self.text("x", get("x")),
            price,
            size,
            self.event_ns(get("t"), wall_ns),
            self.conditions(get("c")),
            self.text("z", get("z")),
            check_taker_side("tks", side) if side else "",
        )
        number, exact = get("i"), get("xi")
        if type(number) is not int or number < 0:
            check_trade_id("i", number)
        if exact is not None:
            check_trade_id("xi", check_text("xi", exact))
        return trade

    def _quote(self, row: Row, wall_ns: int) -> Tick:
        get = row.get
        return Quote(
            self.symbol(row["S"]),
            self.text("bx", get("bx")),
            check_number("bp", row["bp"]),
            check_number("bs", get("bs", 0.0), 0.0),
            self.text("ax", get("ax")),
            check_number("ap", row["ap"]),
            check_number("as", get("as", 0.0), 0.0),
            self.event_ns(get("t"), wall_ns),
            self.conditions(get("c")),
            self.text("z", get("z")),
        )

    def _status(self, row: Row, wall_ns: int) -> Tick:
        get, text = row.get, self.text
        code = text("sc", row["sc"])
        if not code:
            raise InvalidTick("sc is empty; accepted: a status code such as H or T")
        return Status(
            self.symbol(row["S"]),
            code,
            text("sm", get("sm")),
            text("rc", get("rc")),
            text("rm", get("rm")),
            self.event_ns(get("t"), wall_ns),
            text("z", get("z")),
        )

    def _bar(self, row: Row, wall_ns: int) -> Tick:
        count = row["n"]
        if type(count) is not int or count < 0:
            raise InvalidTick(f"n {shorten(count)} is not accepted; accepted: a count")
        begins = row["t"]  # which has no default
        if begins is None:
            raise FlawedRow(Flaw.TIME, "t: a bar has the time where it begins")
        return Bar(
            Kind(row["T"]),
            self.symbol(row["S"]),
            check_number("o", row["o"]),
            check_number("h", row["h"]),
            check_number("l", row["l"]),
            check_number("c", row["c"]),
            check_number("v", row["v"], 0.0),
            count,
            check_number("vw", row["vw"]),
            self.event_ns(begins, wall_ns),
        )

    def _without_kind(self, row: object) -> tuple[Flaw, str]:
        """Return the flaw of a row that has no kind which is known here, and its words."""
        if not isinstance(row, dict):
            return Flaw.SHAPE, f"{shorten(row)} is no tick; accepted: a map with T"
        if "T" not in row:
            return Flaw.MISSING, f"T is missing; accepted: {self.accepted}"
        return Flaw.KIND, f"T {shorten(row['T'])} is not accepted; accepted: {self.accepted}"


def too_many(most_ticks: int) -> BatchRefused:
    """Return the error of a batch with too many ticks."""
    return BatchRefused(Flaw.TOO_MANY, f"too many ticks; accepted: at most {most_ticks} a batch")


def _flaw_of(error: InvalidTick) -> Flaw:
    """Return the flaw of a row: of the field that its words begin with, if it does not say."""
    if isinstance(error, FlawedRow):
        return error.flaw
    return Flaw.of_field(str(error).partition(" ")[0])
