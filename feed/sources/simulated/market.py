"""The simulated market: the order of its ticks. Pure: no clock, no loop; seed in, ticks out.

Theory of operation: tick `k` of trades and quotes happens within the k-th interval of 1/rate
seconds, at a random moment in it; so order and count are exact with any randomness. The market
visits one symbol at a time: it brings the symbol's book to the moment, publishes the quote, then
the trades that follow it, each in an interval of its own. Symbols are visited with Zipf's
frequencies, except symbols in the news and, after the start, symbols that have not opened yet.
Everything random comes from one seeded generator in one fixed order, so the sequence of ticks
depends on the options alone, never on how it is read.

All that it knows is plain data (`state`), between any two ticks: a market of the same options that
takes it up goes on tick for tick. Its own time stands still while nobody takes ticks, and event
times may be moved on to make up for that.
"""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import exp
from operator import attrgetter
from random import Random
from typing import Any

from feed.errors import InvalidParameter
from feed.market.ticks import SECOND_NS, Tick
from feed.sources.simulated.book import CALM_TRADE_SHARE, Book, Mood, Surroundings
from feed.sources.simulated.incidents import Incidents, Sector
from feed.sources.simulated.instruments import CRYPTO, PricedInstrument
from feed.sources.simulated.pairs import PairBook
from feed.sources.simulated.past import SimulatedPast
from feed.sources.simulated.shares import ShareBook
from feed.sources.simulated.walk import Walk
from feed.wire.json_ticks import TickReader, array_of

MIN_RATE = 0.001  # ticks per second: one in a quarter of an hour
MAX_RATE = 1_000_000.0  # about the most that one core makes when it does nothing else

_MARKET_VOLATILITY = 0.010  # a day, as are those of sectors
_SECTOR_VOLATILITY = {"Crypto": 0.024, "Funds": 0.003}
_DEFAULT_SECTOR_VOLATILITY = 0.010

_BEAT_NS = 20_000_000  # market, sectors, news and halts move this often; books at each visit

_ZIPF_SHIFT = 3  # weight 1 / (rank + 3): of 100 symbols the busiest has 9 %, the last 0.3 %
_DRAW_BITS = 16  # the weights' resolution; MAX_SYMBOLS fit in with their smallest weight

_OPENING_HEAT = 3.0
_OPENING_DECAY_S = 40.0
_OPENING_S = 180.0  # then nothing of it is left
_OPENING_SHARE = 0.5  # of all visits go to symbols not opened yet, until each is

_event_ns = attrgetter("event_ns")
_RANDOM_VERSION = 3  # of the generator's state, in all versions of Python so far


def check_rate(rate: float) -> float:
    """Return the rate if it is one.

    Raises:
        InvalidParameter: it is out of range; names "rate".
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise InvalidParameter(
            "rate", rate, f"trades and quotes per second, from {MIN_RATE:g} to {MAX_RATE:,.0f}"
        )
    return rate


class EventTimes:
    """Event times: one in every interval of 1/rate seconds, so never falling.

    The k-th lies in `[start + k/rate, start + (k+1)/rate)`, rounded down to nanoseconds.
    """

    __slots__ = ("_begin", "_denominator", "_numerator", "_room_ns", "_start", "_uniform")

    def __init__(self, start_ns: int, rate: float, random: Random) -> None:
        interval = SECOND_NS / Fraction(str(rate))  # as the user wrote it: 0.1 is a tenth
        self._numerator, self._denominator = interval.numerator, interval.denominator
        self._room_ns = self._numerator // self._denominator
        self._uniform = random.random
        self._begin = self._start = start_ns * self._denominator

    def next(self) -> int:
        """Return the next one."""
        begin = self._begin
        self._begin = begin + self._numerator
        return begin // self._denominator + int(self._uniform() * self._room_ns)

    @property
    def taken(self) -> int:
        """How many there were so far."""
        return (self._begin - self._start) // self._numerator

    def take(self, taken: int) -> None:
        """Go on as if there had been so many."""
        self._begin = self._start + taken * self._numerator


class Market:
    """All symbols, and the one sequence of their ticks."""

    __slots__ = (
        "_ahead",
        "_beat_ns",
        "_books",
        "_draws",
        "_incidents",
        "_last_ns",
        "_market",
        "_moved_on_ns",
        "_random",
        "_sectors",
        "_session",
        "_start_ns",
        "_times",
        "_unopened",
    )

    def __init__(
        self, instruments: Sequence[PricedInstrument], *, rate: float, seed: int, start_ns: int
    ) -> None:
        """Set up a market at its opening.

        Args:
            instruments: those that are traded, the busiest first.
            rate: trades and quotes per second over all symbols; statuses come on top.
            seed: of everything random.
            start_ns: event time of the first moment.

        Raises:
            InvalidParameter: the rate is out of range.
        """
        random = Random(seed)
        self._random = random
        self._start_ns = start_ns
        self._session = Mood(_OPENING_HEAT)
        self._market = Walk(_MARKET_VOLATILITY, random)
        self._sectors: dict[str, Sector] = {}
        books = [self._add_book(priced, rank) for rank, priced in enumerate(instruments)]
        self._draws = _spread(books)  # one is drawn for a visit
        self._books = books
        self._unopened = books[::-1]  # the best known open first
        self._incidents = Incidents(list(self._sectors.values()), books, random, start_ns)
        # In its own time, which begins at `start_ns` and is behind that of its ticks:
        self._beat_ns = start_ns  # of the last beat
        self._last_ns = start_ns  # of the last tick
        self._times = EventTimes(start_ns, check_rate(rate), random)
        self._moved_on_ns = 0  # event times less its own time
        self._ahead: list[Tick] = []  # made but not taken yet

    def ticks(self, count: int) -> list[Tick]:
        """Take the next `count` ticks, statuses included."""
        ahead = self._ahead
        while len(ahead) < count:
            self._visit()
        taken = ahead[:count]
        del ahead[:count]
        return taken

    def due(self, until_ns: int, limit: int) -> list[Tick]:
        """Take the ticks with event times up to and including `until_ns`, at most `limit`."""
        ahead = self._ahead
        while len(ahead) < limit and (not ahead or ahead[-1].event_ns <= until_ns):
            self._visit()
        count = bisect_right(ahead, until_ns, hi=min(limit, len(ahead)), key=_event_ns)
        taken = ahead[:count]
        del ahead[:count]
        return taken

    @property
    def next_event_ns(self) -> int:
        """Event time of the next tick."""
        while not self._ahead:
            self._visit()
        return self._ahead[0].event_ns

    def move_on(self, by_ns: int) -> None:
        """Let all ticks that are not taken yet happen later."""
        self._moved_on_ns += by_ns
        for tick in self._ahead:
            tick.event_ns += by_ns  # nobody has seen it

    def past(self, rate: float, seed: int) -> SimulatedPast:
        """Return what was before the first moment of a market of this rate and seed."""
        trades_per_s = rate * CALM_TRADE_SHARE
        weights = _weights(len(self._books))
        total = sum(weights)
        return SimulatedPast(
            [
                (sector.walk.deviation, {book.symbol: book.nature() for book in sector.books})
                for sector in self._sectors.values()
            ],
            {
                book.symbol: trades_per_s * weight / total
                for book, weight in zip(self._books, weights, strict=True)
            },
            market_deviation=self._market.deviation,
            seed=seed,
            start_ns=self._start_ns,
        )

    def state(self, untaken: Sequence[Tick] = ()) -> dict[str, Any]:
        """Return all that it knows, as plain data; times since its start.

        Args:
            untaken: ticks that were taken last, and are to be taken again.
        """
        start_ns = self._start_ns
        return {
            "random": self._random.getstate()[1],
            "taken_times": self._times.taken,
            "beat_ns": self._beat_ns - start_ns,
            "last_ns": self._last_ns - start_ns,
            "moved_on_ns": self._moved_on_ns,
            "heat": self._session.heat,
            "market": self._market.value,
            "sectors": [sector.walk.value for sector in self._sectors.values()],
            "unopened": len(self._unopened),
            "books": [book.state() for book in self._books],
            "incidents": self._incidents.state(),
            "ahead": array_of([*untaken, *self._ahead]),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what another market of the same options knew; this one is new."""
        start_ns = self._start_ns
        self._times.take(state["taken_times"])
        self._beat_ns = start_ns + state["beat_ns"]
        self._last_ns = start_ns + state["last_ns"]
        self._moved_on_ns = state["moved_on_ns"]
        self._session.heat = state["heat"]
        self._market.value = state["market"]
        for sector, value in zip(self._sectors.values(), state["sectors"], strict=True):
            sector.walk.value = value
        del self._unopened[state["unopened"] :]
        for book, known in zip(self._books, state["books"], strict=True):
            book.restore(known)
        self._incidents.restore(state["incidents"])
        self._ahead = TickReader().read(state["ahead"])
        self._random.setstate((_RANDOM_VERSION, tuple(state["random"]), None))

    def _add_book(self, priced: PricedInstrument, rank: int) -> Book:
        name = priced.instrument.sector
        sector = self._sectors.get(name)
        if sector is None:
            volatility = _SECTOR_VOLATILITY.get(name, _DEFAULT_SECTOR_VOLATILITY)
            sector = self._sectors[name] = Sector(Walk(volatility, self._random), [])
        around = Surroundings(
            self._market, sector.walk, self._session, self._random, self._start_ns
        )
        book: Book
        if priced.instrument.asset_class == CRYPTO:
            book = PairBook(priced, rank=rank, around=around)
        else:
            book = ShareBook(priced, rank=rank, around=around)
        sector.books.append(book)
        return book

    def _visit(self) -> None:
        """Make the ticks of the next visit, and of what happened before it."""
        next_ns, ahead, moved_on_ns = self._times.next, self._ahead, self._moved_on_ns
        now_ns = next_ns()
        if now_ns >= self._beat_ns + _BEAT_NS:
            self._beat(now_ns)
            for status in self._incidents.advance(now_ns, self._last_ns):
                status.event_ns += moved_on_ns
                ahead.append(status)
        book = self._pick()
        trades = book.move(now_ns)
        ahead.append(book.quote(now_ns + moved_on_ns))
        for _ in range(trades):
            now_ns = next_ns()
            ahead.append(book.trade(now_ns + moved_on_ns))
        self._last_ns = now_ns

    def _beat(self, now_ns: int) -> None:
        """Move the walks that all books follow."""
        since_start_s = (now_ns - self._start_ns) / SECOND_NS
        if since_start_s < _OPENING_S:
            self._session.heat = _OPENING_HEAT * exp(-since_start_s / _OPENING_DECAY_S)
        else:
            self._session.heat = 0.0
            self._unopened.clear()
        turbulence = 1.0 + self._session.heat
        elapsed_s = (now_ns - self._beat_ns) / SECOND_NS
        self._beat_ns = now_ns
        self._market.step(elapsed_s, turbulence)
        for sector in self._sectors.values():
            sector.walk.step(elapsed_s, turbulence)

    def _pick(self) -> Book:
        """Choose the book to visit next."""
        random = self._random
        incidents = self._incidents
        while True:
            if self._unopened and random.random() < _OPENING_SHARE:
                book = self._unopened.pop()
            elif incidents.crowd and random.random() < incidents.share:
                book = incidents.crowd[int(random.random() * len(incidents.crowd))]
            else:
                book = self._draws[random.getrandbits(_DRAW_BITS)]
            if not book.halted:
                return book


def _weights(count: int) -> list[float]:
    """Return how often books are visited, the busiest first: Zipf's frequencies."""
    return [1 / (rank + _ZIPF_SHIFT) for rank in range(count)]


def _spread(books: Sequence[Book]) -> list[Book]:
    """Return 2**16 books to draw from, each as often as its weight says and at least once."""
    weights = _weights(len(books))
    scale = ((1 << _DRAW_BITS) - len(books)) / sum(weights)
    ends = (number + round(weight * scale) for number, weight in enumerate(accumulate(weights), 1))
    draws: list[Book] = []
    for book, end in zip(books, ends, strict=True):
        draws += [book] * (end - len(draws))
    return draws
