"""Bars: the trades of one symbol in one interval, built and published as the ticks go by.

Theory of operation: the *watermark* is the largest event time seen so far, of any tick. When it
passes the end of an interval, the bars of that interval are published, right before the tick that
moved it. So the result depends on the ticks and their order, never on how they were chunked.

- One second and one minute are open at any moment, the same for all symbols: those that the
  watermark is in. A trade of the open second joins its bar in any order of arrival. A second
  bar that is finished extends the minute's, so that a trade is added once, not twice.
- Bars that finish at one moment: second bars before the minute bars that they add up to, symbols
  in alphabetical order.
- `open` and `close` go by event time, and by arrival where that is equal. Sums are plain floats,
  added in order of arrival: trades to their second, seconds to their minute.
- A *late* trade is of a second that was published. It corrects the second bar that is kept, and
  joins the minute bar; if that was published too, it goes out again as an updated bar, with all
  its new values, right after the trade. A bar that is kept no longer is not corrected.
- A *stray* is a tick with a broken clock. One that is believed would make every trade after it
  late, so it is passed on, but joins no bar and does not move the watermark. A recording has its
  times judged before (`feed.market.market_clock`): strays are ahead of the market's clock, and
  the watermark goes by that alone. Elsewhere a stray is more than `MAX_STEP_NS` away from the
  watermark, before or after it; when `MAX_STRAYS` come in a row, it is time that has moved, and
  the builder restarts there. The first tick may be the stray itself: where the next two are both
  far from it, they are believed. A replay that begins again says so with `restart`.

- A *day* is the sum of its minutes, in answers only; and so is the *past* of a source that can tell
  one (`feed.market.past`), but for the minute that it ends in, which goes on.

Knows no clock: all time is event time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import chain
from typing import Any

from feed.market.bar_store import BarHistory
from feed.market.day_bars import DAYS, DayBars, day_of
from feed.market.day_sums import DaySums, sums_of
from feed.market.open_bar import OpenBar
from feed.market.past import Past, Recollection
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Tick, Trade

# Longer than any exchange is closed on schedule (China's Golden Weeks: up to 11 days), so that the
# first trade after a holiday counts; short enough to tell wrong units and wrong years.
MAX_STEP_NS = 14 * 24 * 60 * MINUTE_NS

# More than one symbol with a broken clock sends without another one in between. A recording
# with a hole of weeks loses as many from its bars.
MAX_STRAYS = 100

_AGAINST_FIRST = 2  # strays right behind the first tick, which is one itself then


class BarBuilder:
    """Weaves finished bars into the ticks of a source, and answers for the bars of a symbol."""

    __slots__ = (
        "_days",
        "_earliest_ns",
        "_first_tick",
        "_history",
        "_minute_ns",
        "_minutes",
        "_recorded_kinds",
        "_second_end_ns",
        "_seconds",
        "_strays_in_row",
        "_tick_after_stray",
        "_ticks_seen",
        "late_trades",
        "recollection",
        "stray_ticks",
        "uncorrected_trades",
    )

    def __init__(self, *, history: BarHistory | None = None) -> None:
        """Make a builder that has seen no tick, of a source that brings no bars.

        Args:
            history: keeps the finished bars; by default one of the usual size.
        """
        self._recorded_kinds: frozenset[Kind] = frozenset()
        self._history = BarHistory() if history is None else history
        self._days = DayBars()
        self.recollection = Recollection(self._history, self._days)
        self._seconds: dict[str, OpenBar] = {}  # of the open second
        self._minutes: dict[str, OpenBar] = {}  # of the open minute, without `_seconds`
        # A tick between these two moves nothing. Equal: no tick was seen, so that any moves.
        self._earliest_ns = 0
        self._second_end_ns = 0
        self._minute_ns = 0  # start of the open minute
        self._ticks_seen = 0  # without the batch at hand
        self._strays_in_row = 0
        self._tick_after_stray = 0  # the tick with this number continues the row of strays
        self._first_tick = -MAX_STRAYS  # the number of the one that the watermark began with
        self.late_trades = 0
        self.uncorrected_trades = 0  # late ones whose minute bar is kept no longer
        self.stray_ticks = 0

    def source_opened(self, recorded_kinds: frozenset[Kind]) -> None:
        """Learn which kinds of bars the source brings itself, before its first tick.

        If there are any, no bar is built, and those that come by are kept. If there are none, bars
        that come by nevertheless are passed on and not kept. A source may turn out to bring bars
        later: those that are open then are its own business.
        """
        if recorded_kinds:
            self._seconds.clear()
            self._minutes.clear()
        self._recorded_kinds = recorded_kinds

    def begin_after(self, past: Past, symbols: Sequence[str]) -> Iterator[None]:
        """Take up what was before the first tick, piece by piece; after one there is nothing to do.

        The minute that the past ends in goes on, so that it is published as a whole.

        Args:
            past: of the source; where a state was taken up, that of the same one.
            symbols: those that have a past, and are told here.
        """
        if self._second_end_ns != self._earliest_ns or self._recorded_kinds:
            self.recollection.resume(past)
            return
        minutes: dict[str, OpenBar] = {}
        for symbol in symbols:
            minute = past.open_minute(symbol)
            if minute is not None:
                minutes[symbol] = minute
            yield
        self._minutes = minutes
        self._open(past.until_ns)
        self.recollection.take(past, symbols)

    def weave(self, ticks: list[Tick], clocks_ns: Sequence[int] | None = None) -> list[Tick]:
        """Return the ticks, with the bars that they finish or correct put in.

        Args:
            ticks: in order.
            clocks_ns: per tick the market's clock, where somebody has judged their times.

        Every tick of the feed goes through this loop. A quote costs one comparison and a trade
        one `add`; all else is rare. The list is not changed, and comes back itself when nothing
        is put in.
        """
        if self._recorded_kinds:
            self._keep(ticks)
            return ticks
        woven: list[Tick] = []
        done = 0  # ticks that are in `woven`
        seconds = self._seconds
        earliest_ns, second_end_ns = self._earliest_ns, self._second_end_ns
        second_ns = second_end_ns - SECOND_NS
        for index, tick in enumerate(ticks):
            event_ns = tick.event_ns
            if not earliest_ns <= event_ns < second_end_ns:
                clock_ns = None if clocks_ns is None else clocks_ns[index]
                bars = self._advance(event_ns, self._ticks_seen + index, clock_ns)
                if bars is None:
                    continue
                if bars:
                    woven += ticks[done:index]
                    woven += bars
                    done = index
                earliest_ns, second_end_ns = self._earliest_ns, self._second_end_ns
                second_ns = second_end_ns - SECOND_NS
            if type(tick) is Trade:
                if event_ns < second_ns:
                    update = self._add_late(tick)
                    if update is not None:
                        woven += ticks[done : index + 1]
                        woven.append(update)
                        done = index + 1
                    continue
                bar = seconds.get(tick.symbol)
                if bar is None:
                    seconds[tick.symbol] = OpenBar(tick.price, tick.size, event_ns)
                else:
                    bar.add(tick.price, tick.size, event_ns)
        self._ticks_seen += len(ticks)
        return woven + ticks[done:] if woven else ticks

    def finish(self) -> list[Tick]:
        """Return the bars that are still open, as finished ones to be published.

        For the end of a source. Trades of these bars that come all the same are late.
        """
        if not self._seconds and not self._minutes:
            return []
        return self._move_to(self._minute_ns + MINUTE_NS)

    def restart(self) -> list[Tick]:
        """Finish, and forget watermark and history: the source begins again.

        Returns:
            The bars that were still open, to be published before the first tick of the new pass.
        """
        bars = self.finish()
        self._history.clear()
        self._days.clear()
        self.recollection.forget()
        self._earliest_ns = self._second_end_ns = self._minute_ns = 0
        self._strays_in_row = 0
        return bars

    def state(self) -> dict[str, Any]:
        """Return all that it knows but for the finished bars, as plain data.

        Times may have more than 64 bits, where a clock is broken; within a minute they have not.
        """
        minute_ns = self._minute_ns
        return {
            "earliest_ns": str(self._earliest_ns),
            "second_end_ns": str(self._second_end_ns),
            "minute_ns": str(minute_ns),
            "seconds": [[name, bar.state(minute_ns)] for name, bar in self._seconds.items()],
            "minutes": [[name, bar.state(minute_ns)] for name, bar in self._minutes.items()],
            "days": self._days.state(),
            **self.recollection.state(),
            "recorded": sorted(self._recorded_kinds),
            "strays_in_row": self._strays_in_row,
            "since_stray": self._ticks_seen - self._tick_after_stray,
            "since_first": self._ticks_seen - self._first_tick,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what another builder knew; this one has seen no tick."""
        self._earliest_ns = int(state["earliest_ns"])
        self._second_end_ns = int(state["second_end_ns"])
        self._minute_ns = minute_ns = int(state["minute_ns"])
        self._seconds = {name: OpenBar.restored(bar, minute_ns) for name, bar in state["seconds"]}
        self._minutes = {name: OpenBar.restored(bar, minute_ns) for name, bar in state["minutes"]}
        self._days.restore(state.get("days", []))
        self.recollection.restore(state)
        self._recorded_kinds = frozenset(map(Kind, state["recorded"]))
        self._strays_in_row = state["strays_in_row"]
        self._tick_after_stray = self._ticks_seen - state["since_stray"]
        self._first_tick = self._ticks_seen - state["since_first"]

    def take_up(
        self, states: Iterable[Mapping[str, Any]], rows: Iterable[tuple[str, str, bytes]]
    ) -> None:
        """Take up the bars that others had built: this one builds none, and keeps those that come.

        Args:
            states: of those others; of them the days that have not ended.
            rows: their finished bars, as `restore_rows` takes them.

        Raises:
            ValueError: the rows are none.
        """
        self._days.restore([day for state in states for day in state.get("days", [])])
        for kind, symbol, packed in rows:
            self.restore_rows(kind, symbol, packed)

    def rows(self) -> Iterator[tuple[str, str, bytes]]:
        """Return a copy of all finished bars as of this call: each kind and symbol, packed.

        It may be iterated in slices, while bars come and go. Another call ends it.
        """
        return chain(self._history.rows(), self._days.rows())

    def restore_rows(self, kind: str, symbol: str, rows: bytes) -> None:
        """Keep the finished bars of a kind and symbol that another builder had kept.

        Raises:
            ValueError: there is no such kind, or they are no rows.
        """
        if kind == DAYS:
            self._days.restore_rows(symbol, rows)
        else:
            self._history.restore(kind, symbol, rows)

    @property
    def finished(self) -> BarHistory:
        """The finished bars of seconds and minutes."""
        return self._history

    @property
    def kept(self) -> int:
        """How many finished bars are held now, days among them."""
        return self._history.bars + self._days.bars

    @property
    def builds(self) -> bool:
        """Whether bars are built, and none come from the source."""
        return not self._recorded_kinds

    def history(self, symbol: str, kind: Kind, limit: int) -> list[Bar]:
        """Return the newest finished bars, at most `limit` of them, oldest first, as corrected.

        Args:
            symbol: a symbol; [] if it has no bars.
            kind: SECOND_BAR or BAR.
            limit: the most to return; fewer are kept of many symbols (see `BarHistory`).
        """
        return self._history.read(kind, symbol, limit)

    def history_from(self, symbol: str, kind: Kind, start_ns: int, limit: int) -> list[Bar]:
        """Return the first finished bars that start at a time or later, as `history` does."""
        return self._history.read_from(kind, symbol, start_ns, limit)

    def current(self, symbol: str, kind: Kind) -> Bar | None:
        """Return the bar of SECOND_BAR or BAR that is still open, as it stands, if there is one."""
        second = self._seconds.get(symbol)
        if kind is Kind.SECOND_BAR:
            start_ns = self._second_end_ns - SECOND_NS
            return None if second is None else second.bar(kind, symbol, start_ns)
        minute = self._minutes.get(symbol)
        if minute is None:
            minute = second
        elif second is not None:
            minute = copy(minute)
            minute.extend(second)
        return None if minute is None else minute.bar(kind, symbol, self._minute_ns)

    def days(self, symbol: str, limit: int) -> list[Bar]:
        """Return the newest finished days of a symbol, at most `limit`, oldest first."""
        return self._days.history(symbol, limit, self.day_ns)

    def day(self, symbol: str) -> Bar | None:
        """Return the day that is still open, as it stands, if there is one."""
        day = self._days.current(symbol, self.day_ns)
        if day is not None:
            day = copy(day)
        for part in (self._minutes.get(symbol), self._seconds.get(symbol)):
            if part is not None and day is not None:
                day.extend(part)
            elif part is not None:
                day = copy(part)
        return None if day is None else day.bar(Kind.BAR, symbol, day_of(day.last_ns))

    def sums(self, symbol: str) -> DaySums | None:
        """Return what `day` does, for whoever asks for all symbols: no high, no low, no bar."""
        return sums_of(
            self._days.current(symbol, self.day_ns),
            self._minutes.get(symbol),
            self._seconds.get(symbol),
        )

    def previous_close(self, symbol: str) -> float | None:
        """Return the last price of a symbol on a day before this one, if there is one."""
        return self.recollection.previous_close(symbol, self.day_ns)

    @property
    def day_ns(self) -> int:
        """The start of the day that the watermark is in."""
        return day_of(self._minute_ns)

    def _keep(self, ticks: list[Tick]) -> None:
        """Keep recorded bars; a correction instead of the bar that it corrects."""
        for tick in ticks:
            if type(tick) is Bar:
                span = (tick.event_ns, tick.event_ns)  # nobody asks: trades do not correct these
                if tick.kind is Kind.UPDATED_BAR:
                    before = self._history.find(Kind.BAR, tick.symbol, tick.event_ns)
                    self._history.put(replace(tick, kind=Kind.BAR), span)
                    if before is not None:
                        self._days.amend(before[0], tick)
                        continue
                else:
                    self._history.put(tick, span)
                if tick.kind is not Kind.SECOND_BAR:
                    self._follow_minutes(tick.event_ns)
                    self._days.add(tick.symbol, OpenBar.reopen(tick, span), tick.event_ns)

    def _follow_minutes(self, start_ns: int) -> None:
        """Let the day be that of the newest minute bar, unless its clock is broken."""
        if not self._minute_ns or 0 < start_ns - self._minute_ns <= MAX_STEP_NS:
            self._minute_ns = start_ns - start_ns % MINUTE_NS

    def _advance(self, event_ns: int, number: int, clock_ns: int | None) -> list[Tick] | None:
        """Move the watermark to the tick with this number; return the bars that this finishes.

        None: the tick is a stray.
        """
        if clock_ns is not None:
            return self._follow(event_ns, clock_ns)
        if self._second_end_ns == self._earliest_ns:
            self._first_tick = number
            self._open(event_ns)
            return []
        if self._earliest_ns <= event_ns < self._second_end_ns + MAX_STEP_NS:
            return self._move_to(event_ns)
        self.stray_ticks += 1
        self._strays_in_row = self._strays_in_row + 1 if number == self._tick_after_stray else 1
        self._tick_after_stray = number + 1
        is_row_of_first = number - self._first_tick == self._strays_in_row == _AGAINST_FIRST
        if self._strays_in_row < MAX_STRAYS and not is_row_of_first:
            return None
        bars = self.restart()
        self._open(event_ns)
        return bars

    def _follow(self, event_ns: int, clock_ns: int) -> list[Tick] | None:
        """Move the watermark to a tick as the market's clock does; return as `_advance` does."""
        if event_ns > clock_ns or event_ns < self._earliest_ns:
            self.stray_ticks += 1
            return None
        if self._second_end_ns == self._earliest_ns:
            self._open(event_ns)
            return []
        return self._move_to(event_ns)

    def _move_to(self, event_ns: int) -> list[Tick]:
        """Finish the open second, and the open minute too if that is over; open the next ones."""
        finished: list[Tick] = []
        start_ns = self._second_end_ns - SECOND_NS
        for symbol in sorted(self._seconds):
            second = self._seconds[symbol]
            finished.append(self._finish(second, Kind.SECOND_BAR, symbol, start_ns))
            minute = self._minutes.get(symbol)
            if minute is None:
                self._minutes[symbol] = second
            else:
                minute.extend(second)
        self._seconds.clear()
        if event_ns >= self._minute_ns + MINUTE_NS:
            for symbol in sorted(self._minutes):
                minute = self._minutes[symbol]
                finished.append(self._finish(minute, Kind.BAR, symbol, self._minute_ns))
                self._days.add(symbol, minute, self._minute_ns)
            self._minutes.clear()
        self._open(event_ns)
        return finished

    def _open(self, event_ns: int) -> None:
        second_ns = event_ns - event_ns % SECOND_NS
        self._second_end_ns = second_ns + SECOND_NS
        self._earliest_ns = second_ns - MAX_STEP_NS
        self._minute_ns = event_ns - event_ns % MINUTE_NS

    def _finish(self, open_bar: OpenBar, kind: Kind, symbol: str, start_ns: int) -> Bar:
        bar = open_bar.bar(kind, symbol, start_ns)
        self._history.append(bar, (open_bar.first_ns, open_bar.last_ns))
        return bar

    def _add_late(self, trade: Trade) -> Bar | None:
        """Add a trade whose second was published; return the updated bar to publish, if any."""
        self.late_trades += 1
        self._correct(Kind.SECOND_BAR, SECOND_NS, trade)
        if trade.event_ns < self._minute_ns:
            update = self._correct(Kind.BAR, MINUTE_NS, trade)
            if update is None:
                self.uncorrected_trades += 1
                return None
            late = OpenBar(trade.price, trade.size, trade.event_ns)
            self._days.add(trade.symbol, late, trade.event_ns)
            return replace(update, kind=Kind.UPDATED_BAR)
        minute = self._minutes.get(trade.symbol)
        if minute is None:
            self._minutes[trade.symbol] = OpenBar(trade.price, trade.size, trade.event_ns)
        else:
            minute.add(trade.price, trade.size, trade.event_ns)
        return None

    def _correct(self, kind: Kind, interval_ns: int, trade: Trade) -> Bar | None:
        """Add a trade to the finished bar that it belongs in, or make it one; None: too old."""
        start_ns = trade.event_ns - trade.event_ns % interval_ns
        kept = self._history.find(kind, trade.symbol, start_ns)
        if kept is None:
            again = OpenBar(trade.price, trade.size, trade.event_ns)
        else:
            again = OpenBar.reopen(*kept)
            again.add(trade.price, trade.size, trade.event_ns)
        bar = again.bar(kind, trade.symbol, start_ns)
        return bar if self._history.put(bar, (again.first_ns, again.last_ns)) else None
