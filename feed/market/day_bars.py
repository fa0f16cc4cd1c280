"""Daily bars: the minutes of one symbol on one day, a day being that of UTC.

Every minute that finishes is added to the day that it is of; a day is over when a minute of a later
one comes, or when somebody asks later. Daily bars are in answers only, so nothing is published when
one ends. In memory they are bars of the kind `Kind.BAR`: what tells them apart is where they are.
Knows no clock: all time is event time.
"""

from collections.abc import Iterator
from typing import Any

from feed.market.bar_store import BarHistory
from feed.market.open_bar import OpenBar
from feed.market.ticks import MINUTE_NS, Bar, Kind

DAY_NS = 24 * 60 * MINUTE_NS
DAY_BARS_KEPT = 365  # a year
DAYS = "1d"  # their kind in a state


def day_of(event_ns: int) -> int:
    """Return the start of a day, in ns."""
    return event_ns - event_ns % DAY_NS


class DayBars:
    """The newest daily bars of every symbol, and the day that is open."""

    __slots__ = ("_finished", "_open")

    def __init__(self, kept: int = DAY_BARS_KEPT) -> None:
        """Begin without a day; so many finished ones are kept of a symbol, fewer of very many."""
        self._finished = BarHistory(second_bars=0, minute_bars=kept)
        self._open: dict[str, tuple[int, OpenBar]] = {}  # with the start of its day

    @property
    def bars(self) -> int:
        """How many finished days are held now."""
        return self._finished.bars

    def clear(self) -> None:
        """Forget all days."""
        self._finished.clear()
        self._open.clear()

    def add(self, symbol: str, part: OpenBar, event_ns: int) -> None:
        """Add trades to their day, in any order; the part is changed no more, nor kept by others.

        Args:
            symbol: of the trades.
            part: a minute, or a trade that came late.
            event_ns: a time of the day.
        """
        start_ns = day_of(event_ns)
        self._roll(symbol, start_ns)
        known = self._open.get(symbol)
        if known is not None and known[0] == start_ns:
            known[1].merge(part)
        elif found := self._finished.find(Kind.BAR, symbol, start_ns):
            day = OpenBar.reopen(*found)
            day.merge(part)
            self._put(symbol, start_ns, day)
        elif known is None:
            self._open[symbol] = start_ns, part
        else:
            self._put(symbol, start_ns, part)

    def amend(self, before: Bar, after: Bar) -> None:
        """Let a day have a minute as it was corrected; what was lowest and highest stays so."""
        start_ns = day_of(after.event_ns)
        known = self._open.get(after.symbol)
        if known is not None and known[0] == start_ns:
            known[1].amend(before, after)
        elif found := self._finished.find(Kind.BAR, after.symbol, start_ns):
            day = OpenBar.reopen(*found)
            day.amend(before, after)
            self._put(after.symbol, start_ns, day)

    def recall(self, symbol: str, days: bytes, today: OpenBar | None, today_ns: int) -> None:
        """Put days of before the first tick in front.

        Args:
            symbol: of the days.
            days: rows of a store, oldest first.
            today: the part of the day that the first tick came in, before that; None: nothing.
            today_ns: the start of that day.
        """
        self._finished.prepend(Kind.BAR, symbol, days)
        if today is None:
            return
        known = self._open.get(symbol)
        found = self._finished.find(Kind.BAR, symbol, today_ns)
        if known is not None and known[0] == today_ns:
            today.extend(known[1])
        elif found:
            today.extend(OpenBar.reopen(*found))
        if found or (known is not None and known[0] > today_ns):
            self._put(symbol, today_ns, today)
        else:
            self._open[symbol] = today_ns, today

    def history(self, symbol: str, limit: int, day_ns: int) -> list[Bar]:
        """Return the newest finished days, at most `limit`, oldest first.

        Args:
            symbol: of the days.
            limit: the most to return.
            day_ns: the start of the day that it is now; earlier ones are over.
        """
        self._roll(symbol, day_ns)
        return self._finished.read(Kind.BAR, symbol, limit)

    def current(self, symbol: str, day_ns: int) -> OpenBar | None:
        """Return the day that is open, as far as its minutes are finished; arguments as above."""
        self._roll(symbol, day_ns)
        known = self._open.get(symbol)
        return None if known is None else known[1]

    def rows(self) -> Iterator[tuple[str, str, bytes]]:
        """Return a copy of all finished days, as a store does."""
        return ((DAYS, symbol, rows) for _, symbol, rows in self._finished.rows())

    def restore_rows(self, symbol: str, rows: bytes) -> None:
        """Keep the finished days that another one had kept.

        Raises:
            ValueError: they are no rows.
        """
        self._finished.restore(Kind.BAR.value, symbol, rows)

    def state(self) -> list[Any]:
        """Return the open days, as plain data."""
        return [
            [name, str(start_ns), bar.state(start_ns)]
            for name, (start_ns, bar) in self._open.items()
        ]

    def restore(self, state: list[Any]) -> None:
        """Take up the open days of another one."""
        self._open = {
            name: (int(start_ns), OpenBar.restored(bar, int(start_ns)))
            for name, start_ns, bar in state
        }

    def _roll(self, symbol: str, day_ns: int) -> None:
        """Finish the open day of a symbol if it is over."""
        known = self._open.get(symbol)
        if known is not None and known[0] < day_ns:
            del self._open[symbol]
            self._put(symbol, *known)

    def _put(self, symbol: str, start_ns: int, day: OpenBar) -> None:
        bar = day.bar(Kind.BAR, symbol, start_ns)
        self._finished.put(bar, (day.first_ns, day.last_ns))
