"""The past of the simulated market: a year of days, a day of minutes, an hour of seconds.

Theory of operation: the market's walks began at home when the first tick came; before that they
are walked backward from there, by a generator of each symbol's own, so that the ticks after it are
what they would be without a past. The walks are known at midnights first, then at the minutes in
between, then at the seconds between those; what is finer is held at both ends of what is coarser
(a Brownian bridge). So a price that many ask for, yesterday's last, costs two draws, and all levels
agree: a minute is the sum of its seconds where there are any, a day that of its minutes. Before the
minutes begin, what is missing of that day is one long bar.

The market has no hours: it trades round the clock and every day, as its ticks do. A day is that of
UTC, and opens at the price that the one before closed at. Of the walks' pull homeward only so much
is left that a year looks like one. Nothing was before 1970. Pure: no clock, seed in, bars out.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from itertools import chain
from math import exp, hypot, log, sqrt
from random import Random
from typing import NamedTuple

from feed.market.bar_store import MINUTE_BARS_KEPT, SECOND_BARS_KEPT
from feed.market.day_bars import DAY_BARS_KEPT
from feed.market.open_bar import OpenBar
from feed.market.past import Recalled
from feed.market.ticks import SECOND_NS
from feed.sources.simulated.book import Nature
from feed.sources.simulated.past_bars import BarMaker, PastBar, joined, open_bar
from feed.sources.simulated.walk import NORMALS

_MINUTE_S = 60
_DAY_S = 86_400
_KEPT_OF_DAY = exp(-log(2) / 30)  # half of a departure is gone after a month
_SWING_OF_DAYS = 0.25  # of the logarithm of how many trades a day has
_RUN = 20  # bars that are made at a time, in 0.1 ms; of minutes and hours, whole parts


class Step(NamedTuple):
    """A step of a walk that is held at its end: by which part it goes there, how far it wanders."""

    homeward: float
    wander: float


def _step(length_s: int, left_s: int) -> Step:
    """Return a step of a length, where as much is left to the end; the last one arrives."""
    if length_s >= left_s:
        return Step(1.0, 0.0)
    return Step(length_s / left_s, sqrt(length_s * (left_s - length_s) / left_s))


_Timed = tuple[int, PastBar]  # with its start, in s
_STEPS_OF_MINUTE = [_step(1, left_s) for left_s in range(_MINUTE_S + 1)]  # by what is left


class Grid:
    """The times at which walks are known; all in seconds since 1970, newest first.

    Attributes:
        now_s: where the past ends.
        minutes: starts of minutes: of the one that it ends in, and of all whose bars are kept.
        midnights: starts of days likewise.
        first_second_s: the start of the first second bar, and of a minute.
        steps: the steps of a walk from each time to the next one of `minutes`.
    """

    def __init__(self, now_s: int) -> None:
        self.now_s = now_s
        minute_s, day_s = now_s - now_s % _MINUTE_S, now_s - now_s % _DAY_S
        self.minutes = [
            minute_s - number * _MINUTE_S
            for number in range(min(MINUTE_BARS_KEPT, minute_s // _MINUTE_S) + 1)
        ]
        self.midnights = [
            day_s - number * _DAY_S for number in range(min(DAY_BARS_KEPT, day_s // _DAY_S) + 1)
        ]
        first_s = now_s - SECOND_BARS_KEPT
        self.first_second_s = max(self.minutes[-1], first_s - first_s % _MINUTE_S)
        self.today = sum(start_s >= day_s for start_s in self.minutes)  # of `minutes`
        ends = [day_s if start_s >= day_s else day_s - _DAY_S for start_s in self.minutes]
        before = [now_s, *self.minutes]
        self.steps = [
            _step(from_s - to_s, from_s - end_s)
            for from_s, to_s, end_s in zip(before, self.minutes, ends, strict=False)
        ]


class Course:
    """A walk backward from 0, drawn from one generator in one order.

    Attributes:
        days: its value at midnights, as far as they were drawn.
        minutes: its value at starts of minutes, likewise.
        deviation: of it, in one second.
    """

    __slots__ = ("_bits", "_grid", "days", "deviation", "minutes")

    def __init__(self, grid: Grid, deviation: float, random: Random) -> None:
        """Draw the last midnight, and the start of the last minute.

        Args:
            grid: the times.
            deviation: of the walk, in one second.
            random: where all draws come from.
        """
        self._grid = grid
        self.deviation = deviation
        self._bits = random.getrandbits
        since_s = grid.now_s - grid.midnights[0]
        self.days = [deviation * sqrt(since_s) * NORMALS[self._bits(10)]]
        self.minutes = [self._next(0.0, grid.steps[0], self.days[0])]

    def draw(self) -> None:
        """Draw all other days and minutes."""
        grid, bits = self._grid, self._bits
        wander = self.deviation * sqrt(_DAY_S)
        value = self.days[0]
        for _ in grid.midnights[1:]:
            value = value * _KEPT_OF_DAY + wander * NORMALS[bits(10)]
            self.days.append(value)
        value, end = self.minutes[0], self.days[0]
        for step in grid.steps[1 : grid.today]:
            value = self._next(value, step, end)
            self.minutes.append(value)
        if len(self.minutes) < len(grid.minutes):
            end = self.days[1]
            for step in grid.steps[grid.today :]:
                value = self._next(value, step, end)
                self.minutes.append(value)

    def _next(self, value: float, step: Step, end: float) -> float:
        homeward, wander = step
        if not wander:
            return end if homeward else value
        return value + (end - value) * homeward + self.deviation * wander * NORMALS[self._bits(10)]


class Member(NamedTuple):
    """A book, and what moves it.

    Attributes:
        nature: of the book.
        sector: the walk that it shares with some.
        trades_per_s: how many there are on average.
    """

    nature: Nature
    sector: Course
    trades_per_s: float


def _bars(
    maker: BarMaker, interval_s: int, start_s: int, fairs: Sequence[float]
) -> Iterator[list[_Timed]]:
    """Make bars of a length, a run of a few at a time; the first of each day begins one.

    Args:
        maker: of bars of that length.
        interval_s: the length.
        start_s: when the first begins.
        fairs: the fair values between them.
    """
    cut_s = interval_s * (_RUN if interval_s < _DAY_S else 1)
    end_s = start_s + interval_s * (len(fairs) - 1)
    while start_s < end_s:
        until_s = min(end_s, start_s - start_s % cut_s + cut_s)
        last = len(fairs) - (end_s - until_s) // interval_s
        first = len(fairs) - 1 - (end_s - start_s) // interval_s
        opening, closing = not start_s % _DAY_S, not until_s % _DAY_S
        made = maker.make(fairs[first:last], opening=opening, closing=closing)
        starts = range(start_s, until_s, interval_s)
        yield [(each_s, bar) for each_s, bar in zip(starts, made, strict=True) if bar is not None]
        start_s = until_s


def _rows(bars: Sequence[_Timed], interval_s: int) -> bytes:
    """Return bars of a length as rows of a store."""
    return b"".join(bar.row(start_s, interval_s) for start_s, bar in bars)


class _Tale:
    """The past of one symbol while it is told; always drawn in the same order."""

    def __init__(self, grid: Grid, market: Course, member: Member, random: Random) -> None:
        self._grid = grid
        self._market = market
        self._member = member
        self._random = random
        nature = member.nature
        self._own = Course(grid, nature.deviation, random)
        self._deviation = hypot(
            nature.beta * market.deviation,
            nature.sector_beta * member.sector.deviation,
            nature.deviation,
        )

    @property
    def at_midnight(self) -> float:
        """The last price of the day before, and the first of the day that the past ends in."""
        return max(1, round(self._fair_at_midnight(0))) / self._member.nature.steps

    def open_seconds(self) -> list[_Timed]:
        """Make the seconds of the minute that the past ends in."""
        grid = self._grid
        minute_s = grid.minutes[0]
        if grid.now_s == minute_s:
            return []
        fairs = self._second_fairs(minute_s, grid.now_s, self._member.nature.home)
        return list(chain.from_iterable(_bars(self._maker(1), 1, minute_s, fairs)))

    def recall(self) -> Generator[None, None, Recalled]:
        """Tell all of it."""
        grid = self._grid
        oldest_s, day_s = grid.minutes[-1], grid.midnights[0]
        open_seconds = self.open_seconds()
        yield
        self._own.draw()
        yield
        fairs = [self._fair_at_minute(number) for number in range(len(grid.minutes))][::-1]
        finer = (grid.minutes[0] - grid.first_second_s) // _MINUTE_S  # minutes that have seconds
        minutes: list[_Timed] = []
        for run in _bars(self._maker(_MINUTE_S), _MINUTE_S, oldest_s, fairs[: len(fairs) - finer]):
            minutes += run
            yield
        seconds, maker = bytearray(), self._maker(1)
        for number in range(finer, 0, -1):
            start_s, made = grid.minutes[number], list[_Timed]()
            held = self._second_fairs(start_s, start_s + _MINUTE_S, fairs[-number])
            for run in _bars(maker, 1, start_s, held):
                made += run
                yield
            if made:
                seconds += _rows(made, 1)
                minutes.append((start_s, joined([bar for _, bar in made])))
        seconds += _rows(open_seconds, 1)
        days: list[_Timed] = []
        for run in self._days():
            days += run
            yield
        before = self._before_minutes() + [bar for at_s, bar in minutes if at_s < day_s]
        if before:
            days.append((day_s - _DAY_S, joined(before)))
        today = [bar for at_s, bar in minutes if at_s >= day_s]
        yield
        return Recalled(
            bytes(seconds),
            _rows(minutes, _MINUTE_S),
            _rows(days, _DAY_S),
            open_bar(today, day_s, grid.minutes[0]),
        )

    def _before_minutes(self) -> list[PastBar]:
        """Make what there was on the day before until the minutes begin."""
        until_s, midnights = self._grid.minutes[-1], self._grid.midnights
        if len(midnights) == 1 or until_s == midnights[1]:
            return []
        maker = self._maker(until_s - midnights[1])
        fairs = [self._fair_at_midnight(1), self._fair_at_minute(-1)]
        made = maker.make(fairs, opening=True)
        return [bar for bar in made if bar is not None]

    def _days(self) -> Iterator[list[_Timed]]:
        """Make the days before that."""
        midnights = self._grid.midnights
        fairs = [self._fair_at_midnight(number) for number in range(1, len(midnights))][::-1]
        maker = self._maker(_DAY_S, swing=_SWING_OF_DAYS)
        return _bars(maker, _DAY_S, midnights[-1], fairs)

    def _second_fairs(self, start_s: int, end_s: int, end: float) -> list[float]:
        """Draw the fair values between the seconds of a minute, or of a part of it at its start."""
        fair = self._fair_at_minute(self._grid.minutes.index(start_s))
        bits, wander = self._random.getrandbits, self._deviation * end
        fairs = [fair]
        for homeward, share in _STEPS_OF_MINUTE[end_s - start_s : 1 : -1]:
            fair += (end - fair) * homeward + wander * share * NORMALS[bits(10)]
            fairs.append(fair)
        return [*fairs, end]

    def _maker(self, interval_s: int, swing: float = 0.0) -> BarMaker:
        return BarMaker(
            self._member.nature,
            deviation=self._deviation,
            trades_per_s=self._member.trades_per_s,
            interval_s=interval_s,
            random=self._random,
            swing=swing,
        )

    def _fair_at_minute(self, number: int) -> float:
        return self._fair(
            self._market.minutes[number],
            self._member.sector.minutes[number],
            self._own.minutes[number],
        )

    def _fair_at_midnight(self, number: int) -> float:
        return self._fair(
            self._market.days[number], self._member.sector.days[number], self._own.days[number]
        )

    def _fair(self, market: float, sector: float, own: float) -> float:
        nature = self._member.nature
        return nature.home * exp(nature.beta * market + nature.sector_beta * sector + own)


class SimulatedPast:
    """The past of all symbols of a market; see `feed.market.past.Past`."""

    def __init__(
        self,
        sectors: Sequence[tuple[float, Mapping[str, Nature]]],
        rates: Mapping[str, float],
        *,
        market_deviation: float,
        seed: int,
        start_ns: int,
    ) -> None:
        """Draw the walks that symbols share.

        Args:
            sectors: of each, the deviation of its walk in one second, and its books by symbol.
            rates: how many trades of each symbol there are a second, on average.
            market_deviation: of the walk that all books follow.
            seed: of everything random.
            start_ns: event time of the first moment after the past.
        """
        self._seed = seed
        self._grid = grid = Grid(start_ns // SECOND_NS)
        self.until_ns = grid.now_s * SECOND_NS
        self._market = self._shared(market_deviation, "market")
        self._members: dict[str, Member] = {}
        for number, (deviation, natures) in enumerate(sectors):
            sector = self._shared(deviation, f"sector {number}")
            for symbol, nature in natures.items():
                self._members[symbol] = Member(nature, sector, rates[symbol])
        self._at_midnight: dict[str, float] = {}  # prices, as far as they were asked for

    def symbols(self) -> Collection[str]:
        """Return the symbols that have a past."""
        return self._members.keys()

    def open_minute(self, symbol: str) -> OpenBar | None:
        """Return the trades of the minute that the past ends in."""
        grid = self._grid
        if grid.now_s == grid.minutes[0]:
            return None
        bars = [bar for _, bar in self._tale(symbol).open_seconds()]
        return open_bar(bars, grid.minutes[0], grid.now_s)

    def previous_close(self, symbol: str) -> float | None:
        """Return the last price of the day before the one that it ends in."""
        return None if len(self._grid.midnights) == 1 else self._price_at_midnight(symbol)

    def opened(self, symbol: str) -> float | None:
        """Return the first price of the day that it ends in."""
        grid = self._grid
        return None if grid.now_s == grid.midnights[0] else self._price_at_midnight(symbol)

    def recall(self, symbol: str) -> Generator[None, None, Recalled]:
        """Return all that is known of a symbol, piece by piece."""
        return self._tale(symbol).recall()

    def _price_at_midnight(self, symbol: str) -> float:
        if symbol not in self._at_midnight:
            self._at_midnight[symbol] = self._tale(symbol).at_midnight
        return self._at_midnight[symbol]

    def _tale(self, symbol: str) -> _Tale:
        return _Tale(self._grid, self._market, self._members[symbol], self._random(symbol))

    def _shared(self, deviation: float, name: str) -> Course:
        course = Course(self._grid, deviation, self._random(f" {name}"))  # no symbol has a space
        course.draw()
        return course

    def _random(self, name: str) -> Random:
        return Random(f"{self._seed} {name}")
