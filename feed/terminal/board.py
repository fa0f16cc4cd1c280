"""The board: the state of each symbol that is watched. Knows no stream, terminal or clock."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from feed.client.errors import Malformed
from feed.client.events import Batch
from feed.client.tables import event_ns
from feed.market.price_steps import decimals_of_step
from feed.market.symbol_health import HALTED_CODES, RESUMED_CODES, Health
from feed.market.symbols import ALL, is_symbol
from feed.market.ticks import SECOND_NS, Kind
from feed.terminal.course import Course
from feed.terminal.passes import Passes
from feed.terminal.words import printable

# A source whose new ticks are older than this is a recording.
RECORDING_NS = 3_600 * SECOND_NS
MAX_DECIMALS = 8
BEHIND_NS = 2 * SECOND_NS  # a delay that is worth a word
_LATE_BATCHES = 3  # in a row; one alone may be of a trade that was told late

_ALIVE = (Kind.TRADE, Kind.QUOTE)  # a bar's time is its beginning; a status may be of any time

# Other status codes (an order imbalance, say) change nothing here.
_HEALTH_OF_CODE = {
    **dict.fromkeys(HALTED_CODES, Health.HALTED),
    **dict.fromkeys(RESUMED_CODES, Health.LIVE),
    "STALE": Health.STALE,
    "LIVE": Health.LIVE,
}
_OF_SILENCE = {"STALE", "LIVE"}  # told of symbols that tick or not; neither ends a halt


@dataclass(slots=True)
class Row:
    """One symbol.

    Attributes:
        symbol: its name.
        last: price of the last trade.
        direction: the sign of its last change: 1, -1, or 0 before there was one.
        changed_ns: the time of that change, by our clock.
        bid, ask: the best prices; None where that side is empty.
        as_of_ns: the time of its newest tick, by our clock.
        time_ns: the time of its newest trade or quote, by its own.
        health: live, stale or halted.
        words: the words of the status that said so; empty while it is live.
        decimals: the number of digits after the point in its prices.
        listed: the server knows such a symbol, or has not said.
        course: its prices in the last hour.
    """

    symbol: str
    last: float | None = None
    direction: int = 0
    changed_ns: int = 0
    bid: float | None = None
    ask: float | None = None
    as_of_ns: int | None = None
    time_ns: int | None = None
    health: Health = Health.LIVE
    words: str = ""
    decimals: int = 2
    listed: bool = True
    course: Course = field(default_factory=Course)

    @property
    def change(self) -> float | None:
        """Change over the known part of the last hour, as a share; up is above 0.

        Of a price that may be negative, as those of oil and power are, the share is of its size.
        From 0 on there is none.
        """
        first = self.course.first
        if self.last is None or not first:
            return None
        share = self.last / abs(first) - first / abs(first)
        return share if isfinite(share) else None

    @property
    def spread(self) -> float | None:
        """Ask less bid."""
        if self.bid is None or self.ask is None:
            return None
        spread = self.ask - self.bid
        return spread if isfinite(spread) else None

    @property
    def direction_of_hour(self) -> int:
        """The sign of its change over the known part of the last hour."""
        first = self.course.first
        if self.last is None or first is None:
            return 0
        return (self.last > first) - (self.last < first)

    def age_ns(self, wall_ns: int) -> int | None:
        """Return how old its newest tick is."""
        return None if self.as_of_ns is None else wall_ns - self.as_of_ns

    def begin_pass(self) -> None:
        """Forget what is of the time before a recording began anew: the course, and a halt."""
        self.course = Course()
        self.health = Health.LIVE
        self.words = ""

    def copy(self) -> "Row":
        """Return a row that does not change with this one."""
        return replace(self, course=self.course.copy())

    def update(self, tick: Mapping[str, Any], time_ns: int, wall_ns: int) -> None:
        """Take in a trade, quote or status of this symbol.

        Raises:
            KeyError, TypeError, ValueError: it is not as the dialect has it; nothing has changed.
        """
        kind = tick["T"]
        if kind in (Kind.TRADE, Kind.QUOTE):
            self.time_ns = time_ns
        if kind == Kind.TRADE:
            self._update_price(float(tick["p"]), time_ns, wall_ns)
        elif kind == Kind.QUOTE:
            bid, ask = float(tick["bp"]), float(tick["ap"])
            self.bid = _side(bid, float(tick["bs"]))
            self.ask = _side(ask, float(tick["as"]))
            self._note_decimals(bid)
            self._note_decimals(ask)
        elif kind == Kind.STATUS:
            words = (printable(tick[part]) for part in ("rc", "sm") if tick.get(part))
            self._update_health(str(tick["sc"]), " ".join(words))

    def _update_price(self, price: float, time_ns: int, wall_ns: int) -> None:
        if self.last is not None and price != self.last:
            self.direction = 1 if price > self.last else -1
            self.changed_ns = wall_ns
        self.last = price
        self.course.push(time_ns, price)
        self._note_decimals(price)

    def _update_health(self, code: str, words: str) -> None:
        health = _HEALTH_OF_CODE.get(code)
        if health is None or (self.health is Health.HALTED and code in _OF_SILENCE):
            return
        self.health = health
        self.words = "" if health is Health.LIVE else words

    def tell_decimals(self, decimals: int) -> None:
        """Take the digits of its price step; prices that have more show more."""
        self.decimals = decimals
        for price in (self.last, self.bid, self.ask):
            if price is not None:
                self._note_decimals(price)

    def _note_decimals(self, price: float) -> None:
        """Note the decimals of a price; those beyond the precision of a double do not count."""
        while self.decimals < MAX_DECIMALS and abs(round(price, self.decimals) - price) > (
            1e-12 * abs(price)
        ):
            self.decimals += 1


class Board:
    """All symbols that are watched.

    Attributes:
        ticks: taken in, those of snapshots included.
        unreadable: ticks that were not as the dialect has them.
        newest_ns: the time of the newest tick, by its own clock; None before the first.
        behind_ns: how much later than others the newest ticks came; 0 where that is little.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        """Make rows for the symbols that are named; with "*", others are added as they come."""
        self._rows = {symbol: Row(symbol) for symbol in symbols if symbol != ALL}
        self.ticks = 0
        self.unreadable = 0
        self.newest_ns: int | None = None
        self.behind_ns = 0
        self._decimals: dict[str, int] = {}  # of the price steps that the server told
        self._passes = Passes()
        self._late_ns: deque[int] = deque(maxlen=_LATE_BATCHES)  # of the last batches
        self._least_late_ns: int | None = None  # clocks differ by this, and the best way takes it
        self._recorded = False  # event times say nothing of how long ago ticks came

    @property
    def rows(self) -> Sequence[Row]:
        """The symbols, in the order in which they were asked for, or came."""
        return list(self._rows.values())

    def update(self, batch: Batch, wall_ns: int) -> None:
        """Take in a batch that came just now, by a wall clock.

        How old ticks are is told by their event times, so that a source that is late shows. In a
        recording, which may be years late, it is told by when they came; and so it is where a clock
        is ahead of ours.
        """
        times_ns = [_time_ns(tick) for tick in batch]
        newest_ns = max((time_ns for time_ns in times_ns if time_ns is not None), default=wall_ns)
        if not batch.snapshot:  # it may be of yesterday in a live market, too
            self._judge_source(wall_ns - newest_ns, wall_ns)
            if any(tick["T"] in _ALIVE for tick in batch):
                self._judge_lateness(wall_ns - newest_ns)
        for tick, time_ns in zip(batch, times_ns, strict=True):
            row = self._row_of(tick)
            if row is None or time_ns is None:
                self.unreadable += 1
                continue
            if not batch.snapshot and tick["T"] == "t" and self._passes.note(time_ns):
                self._begin_pass()
            try:
                row.update(tick, time_ns, wall_ns)
            except (KeyError, TypeError, ValueError):
                self.unreadable += 1
                continue
            self.ticks += 1
            if tick["T"] != "s":
                self.newest_ns = max(self.newest_ns or time_ns, time_ns)
                as_of_ns = wall_ns if self._recorded else min(time_ns, wall_ns)
                row.as_of_ns = max(row.as_of_ns or 0, as_of_ns)

    def begin_connection(self) -> None:
        """Note that a connection begins, whose ticks may take another way."""
        self._late_ns.clear()
        self._least_late_ns = None
        self.behind_ns = 0

    def list_symbols(self, listed: Mapping[str, float | None]) -> None:
        """Note which symbols the server says there are, with their price steps, where it knows."""
        self._decimals = {symbol: decimals_of_step(step) for symbol, step in listed.items() if step}
        for row in self._rows.values():
            row.listed = row.symbol in listed
            if row.symbol in self._decimals:
                row.tell_decimals(self._decimals[row.symbol])

    def seed(self, symbol: str, past: Iterable[tuple[int, float]]) -> None:
        """Put past prices in front of a symbol's course."""
        self._rows[symbol].course.seed(past)

    def _judge_source(self, late_ns: int, wall_ns: int) -> None:
        recorded = late_ns > RECORDING_NS
        if recorded and not self._recorded:
            for row in self._rows.values():
                row.as_of_ns = row.as_of_ns and wall_ns
        self._recorded = recorded

    def _judge_lateness(self, late_ns: int) -> None:
        if self._least_late_ns is None or late_ns < self._least_late_ns:
            self._least_late_ns = late_ns
        self._late_ns.append(late_ns)
        behind_ns = min(self._late_ns) - self._least_late_ns
        self.behind_ns = 0 if self._recorded or behind_ns < BEHIND_NS else behind_ns

    def _begin_pass(self) -> None:
        self.newest_ns = None
        for row in self._rows.values():
            row.begin_pass()

    def _row_of(self, tick: Mapping[str, Any]) -> Row | None:
        symbol = tick.get("S")
        if not isinstance(symbol, str) or not is_symbol(symbol):
            return None
        row = self._rows.get(symbol)
        if row is None:
            row = self._rows[symbol] = Row(symbol, decimals=self._decimals.get(symbol, 2))
        return row


def _side(price: float, size: float) -> float | None:
    """Return the price of a side of the book; one without price and size is empty."""
    return price if price or size else None


def _time_ns(tick: Mapping[str, Any]) -> int | None:
    try:
        return event_ns(tick)
    except Malformed:
        return None
