"""The past: bars of before the first tick, for whoever can tell them.

They are told when somebody looks, a symbol at a time, since most symbols of a large market are
never looked at. Told once they are kept like bars that were built, and change no more. Nothing of
them is an event: they are in answers only.
"""

from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from feed.market.bar_store import BarHistory
from feed.market.day_bars import DayBars, day_of
from feed.market.day_sums import NOTHING_TRADED, Traded
from feed.market.open_bar import OpenBar
from feed.market.ticks import MINUTE_NS, Kind


@dataclass(frozen=True, slots=True)
class Recalled:
    """The past of one symbol, as rows of `feed.market.bar_store.pack_row`, oldest first.

    Attributes:
        seconds: its second bars.
        minutes: its minute bars, up to the minute that the past ends in.
        days: its daily bars, up to the day that the past ends in.
        today: the trades of that day up to that minute; None: there were none.
    """

    seconds: bytes
    minutes: bytes
    days: bytes
    today: OpenBar | None


class Past(Protocol):
    """What was before the first tick of a source; always the same, whenever it is asked for.

    Attributes:
        until_ns: where it ends: the start of the second of the first tick.
    """

    until_ns: int

    def symbols(self) -> Collection[str]:
        """Return the symbols that have a past."""

    def open_minute(self, symbol: str) -> OpenBar | None:
        """Return the trades of the minute that the past ends in; None: there were none."""

    def previous_close(self, symbol: str) -> float | None:
        """Return the last price of the day before the one that it ends in, at little cost."""

    def opened(self, symbol: str) -> float | None:
        """Return the first price of the day that it ends in, at little cost."""

    def recall(self, symbol: str) -> Generator[None, None, Recalled]:
        """Return all that is known of a symbol, piece by piece, so that others have turns."""


class Recollection:
    """Puts the past in front of the bars that were built, symbol by symbol, each once."""

    __slots__ = ("_before", "_days", "_history", "_past", "_untold")

    def __init__(self, history: BarHistory, days: DayBars) -> None:
        """Begin without a past; bars of one go into these stores."""
        self._history = history
        self._days = days
        self._past: Past | None = None
        self._untold: set[str] = set()  # symbols whose past is not kept yet
        self._before: dict[str, Traded] = {}  # put in front of the day that it ends in

    def take(self, past: Past, symbols: Iterable[str]) -> None:
        """Have a past told of symbols that have none yet."""
        self._past = past
        self._untold = set(symbols)
        self._before = {}

    def resume(self, past: Past) -> None:
        """Have a past told of the symbols that a state names: others have theirs already."""
        if self._untold:
            self._past = past

    def forget(self) -> None:
        """Have nothing told any more: time has begun anew."""
        self._past = None
        self._untold = set()
        self._before = {}

    @property
    def until_ns(self) -> int:
        """Where the past ends, and what is live begins; 0 without a past."""
        return 0 if self._past is None else self._past.until_ns

    def began_ns(self, day_ns: int) -> int:
        """Return since when a day is known of every symbol, told or not: the minute it ends in.

        Args:
            day_ns: the start of the day.

        Returns:
            The start of the day itself, where the past does not end in it, or all of it is told.
        """
        if not self._untold or self._past is None or day_of(self._past.until_ns) != day_ns:
            return day_ns
        return self._past.until_ns - self._past.until_ns % MINUTE_NS

    def is_partial(self, symbol: str, day_ns: int) -> bool:
        """Tell whether a day lacks what was before the first tick, until that is recalled.

        Args:
            symbol: whose day it is.
            day_ns: its start.
        """
        return symbol in self._untold and self.began_ns(day_ns) != day_ns

    def opened(self, symbol: str, day_ns: int) -> float | None:
        """Return the first price of a day of which `is_partial` holds; else None."""
        past = self._past
        return past.opened(symbol) if past and self.is_partial(symbol, day_ns) else None

    def before(self, symbol: str, day_ns: int) -> Traded:
        """Return what of a day's trades is of before `began_ns`."""
        if self.began_ns(day_ns) == day_ns:
            return NOTHING_TRADED
        return self._before.get(symbol, NOTHING_TRADED)

    def recall(self, symbol: str) -> Iterator[None]:
        """Put the past of a symbol in front of its bars, piece by piece, unless that is done."""
        past = self._past
        if past is None or symbol not in self._untold:
            return
        recalled = yield from past.recall(symbol)
        if symbol not in self._untold or past is not self._past:
            return  # somebody else was faster, or time has begun anew
        self._untold.discard(symbol)
        if (today := recalled.today) is not None:
            self._before[symbol] = Traded(today.volume, today.notional, today.trade_count)
        self._history.prepend(Kind.SECOND_BAR, symbol, recalled.seconds)
        self._history.prepend(Kind.BAR, symbol, recalled.minutes)
        self._days.recall(symbol, recalled.days, recalled.today, day_of(past.until_ns))

    def previous_close(self, symbol: str, day_ns: int) -> float | None:
        """Return the last price of the day before.

        Args:
            symbol: of the price.
            day_ns: the start of the day that it is now.

        Returns:
            None where nothing was traded on a day before.
        """
        days = self._days.history(symbol, 1, day_ns)
        if days:
            return days[0].close
        past = self._past
        if past is None or symbol not in self._untold:
            return None
        if day_ns == day_of(past.until_ns):
            return past.previous_close(symbol)
        for _ in self.recall(symbol):  # nothing was traded live, so that the past's day is it
            pass
        return self.previous_close(symbol, day_ns)

    def state(self) -> dict[str, Any]:
        """Return what of the past is told, as plain data."""
        return {
            "untold": sorted(self._untold),
            "volumes_before": [[symbol, *before] for symbol, before in self._before.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what is told; a past comes with `resume`."""
        self._untold = set(state.get("untold", ()))
        volumes = state.get("volumes_before", ())
        # Older states tell volumes alone.
        self._before = {symbol: Traded(*numbers) for symbol, *numbers in volumes}
