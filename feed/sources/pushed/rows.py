"""Maps with the letters of the wire into ticks: one batch of them, all or none.

The fields have the defaults of `feed.Trade` and its like: a tick without a time is of now, a trade
without an id is numbered. What is accepted is what those accept (`feed.market.tick_rules`), but
that times are written as on the wire. Runs of plain rows are read by `columns`; all others here,
with words for what is not accepted. Knows no codec and no clock; the time comes with each batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Any

from feed.errors import InvalidTick, shorten
from feed.market.tick_rules import check_number, check_taker_side
from feed.market.ticks import Bar, Kind, Quote, Status, Tick, Trade
from feed.sources.pushed.batch import MOST_TICKS, Batch
from feed.sources.pushed.columns import ColumnReader
from feed.sources.pushed.flaws import BatchRefused, Flaw, FlawedRow
from feed.sources.pushed.runs import Run, columns_of
from feed.sources.pushed.values import Values

Row = Mapping[str, Any]


class RowReader:
    """Reads rows into ticks, for all producers of one source."""

    __slots__ = ("_by_kind", "_columns", "_values", "accepted")

    def __init__(self, *, bars: bool = False) -> None:
        """Begin with nothing known.

        Args:
            bars: whether bars are ticks here.
        """
        self._values = Values()
        self._columns = ColumnReader(self._values)
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
        self, runs: Iterable[Run], batch: Batch, wall_ns: int, most_ticks: int = MOST_TICKS
    ) -> Iterator[None]:
        """Read the rows of a batch, one run of them a step.

        Args:
            runs: as their codec gives them; it raises BatchRefused where that is at its end.
            batch: gets the ticks.
            wall_ns: the time of those that tell none.
            most_ticks: that a batch may have.

        Raises:
            BatchRefused: a row is no tick, there are too many, or none.
        """
        for run in runs:
            columns = columns_of(run)
            if columns is None or not self._columns.read(columns, batch, wall_ns):
                self._read_rows(run, batch, wall_ns)
            yield
            if len(batch.ticks) > most_ticks:
                raise too_many(most_ticks)
        if not batch.ticks:
            raise BatchRefused(Flaw.SHAPE, "there is no tick; accepted: one at least")

    def _read_rows(self, rows: Iterable[object], batch: Batch, wall_ns: int) -> None:
        ticks, numbering, firsts = batch.ticks, batch.numbering, batch.firsts
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
            firsts[tick.kind].setdefault(tick.symbol, len(ticks))
            ticks.append(tick)
            if type(tick) is Trade:
                numbering.append((tick, row.get("i"), row.get("xi") or ""))  # type: ignore[attr-defined]

    def _trade(self, row: Row, wall_ns: int) -> Tick:
        price, size, get, values = row["p"], row["s"], row.get, self._values
        if type(price) is not float or price - price:  # an infinite one less itself is NaN
            price = check_number("p", price)
        if type(size) is not float or not 0.0 <= size < inf:
            size = check_number("s", size, 0.0)
        symbol, side = values.symbol(row["S"]), get("tks")
        trade = Trade(
            symbol,
            0,
            values.text("x", get("x")),
            price,
            size,
            values.event_ns(get("t"), wall_ns),
            values.conditions(get("c")),
            values.text("z", get("z")),
            check_taker_side("tks", side) if side else "",
        )
        values.check_ids(get("i"), get("xi"))
        return trade

    def _quote(self, row: Row, wall_ns: int) -> Tick:
        get, values = row.get, self._values
        return Quote(
            values.symbol(row["S"]),
            values.text("bx", get("bx")),
            check_number("bp", row["bp"]),
            check_number("bs", get("bs", 0.0), 0.0),
            values.text("ax", get("ax")),
            check_number("ap", row["ap"]),
            check_number("as", get("as", 0.0), 0.0),
            values.event_ns(get("t"), wall_ns),
            values.conditions(get("c")),
            values.text("z", get("z")),
        )

    def _status(self, row: Row, wall_ns: int) -> Tick:
        get, text, values = row.get, self._values.text, self._values
        code = text("sc", row["sc"])
        if not code:
            raise InvalidTick("sc is empty; accepted: a status code such as H or T")
        return Status(
            values.symbol(row["S"]),
            code,
            text("sm", get("sm")),
            text("rc", get("rc")),
            text("rm", get("rm")),
            values.event_ns(get("t"), wall_ns),
            text("z", get("z")),
        )

    def _bar(self, row: Row, wall_ns: int) -> Tick:
        count = row["n"]
        if type(count) is not int or count < 0:
            raise InvalidTick(f"n {shorten(count)} is not accepted; accepted: a count")
        begins = row["t"]  # which has no default
        if begins is None:
            raise FlawedRow(Flaw.TIME, "t: a bar has the time where it begins")
        values = self._values
        return Bar(
            Kind(row["T"]),
            values.symbol(row["S"]),
            check_number("o", row["o"]),
            check_number("h", row["h"]),
            check_number("l", row["l"]),
            check_number("c", row["c"]),
            check_number("v", row["v"], 0.0),
            count,
            check_number("vw", row["vw"]),
            values.event_ns(begins, wall_ns),
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
