"""A side: one source, and how it is.

A strand has one, or two that tell the same market. Knows neither ring nor bars: a strand runs it,
and writes here what becomes of it.
"""

import asyncio
from collections.abc import Iterable
from enum import StrEnum

from feed.errors import SourceError
from feed.histogram import Histogram
from feed.hub.clock import Clock
from feed.logger import logger_of
from feed.market.ticks import Bar, Tick
from feed.sources.named_source import NamedSource
from feed.sources.preread import Preread
from feed.sources.source import ReadsAhead, Resumable

MOST_TOLD = 20  # symbols whose ticks are refused, in the log; all are counted

log = logger_of("feed.ingest")


class Refusal(StrEnum):
    """Why a tick of a source is not told; the label of a metric."""

    FOREIGN = "foreign"  # its symbol belongs to another source
    UNNAMED = "unnamed"  # its symbol cannot be told by the name that it would have


class Side:
    """One source, and how it is.

    Attributes:
        name: by which it is told, in metrics, logs and `/v1/status`.
        named: the source with the names of its symbols.
        source: the origin of ticks.
        up: whether it is open and produces.
        silent: it is open and gives nothing, though it is usual that it does.
        failures: the number of its deaths.
        last_error: the reason of the last one in words; "" before the first.
        finished: it came to its end (a recording that does not loop).
        leaving: the server ends, so that the end of the source is none.
        given_up: it died for good, and is not opened again.
        passes: as its source told them with the last list; None: it gave none since it was opened.
        taken_ticks: how many it gave so far.
        refused: how many of them are not told, by reason.
        last_tick_mono_ns: the monotonic time when it gave its newest tick, or was opened since; at
            first, when the server began.
        last_tick_wall_ns: the same moment by the time of day.
        ages: of its ticks when they come.
    """

    def __init__(self, named: NamedSource, clock: Clock, ages: Histogram) -> None:
        """Begin with a source that has not been opened yet.

        Args:
            named: the origin of ticks.
            clock: what the time is.
            ages: of its ticks when they come, to be filled.
        """
        self.name = named.name
        self.named = named
        self.source = named.source
        self.up = False
        self.silent = False
        self.failures = 0
        self.last_error = ""
        self.finished = False
        self.leaving = False
        self.given_up = False
        self.passes: int | None = None
        self.taken_ticks = 0
        self.refused = dict.fromkeys(Refusal, 0)
        self.ages = ages
        self._refused_symbols: set[str] = set()  # that were told
        self._back = asyncio.Event()
        self._preread = named.preread
        self._clock = clock
        self.last_tick_mono_ns = clock.mono_ns()
        self.last_tick_wall_ns = clock.wall_ns()

    def come(self) -> None:
        """Note that it is open."""
        self.up = True
        self._back.clear()
        self.passes = None
        self._note_time()

    def take_preread(self) -> Preread | None:
        """Return what was read of it ahead, once; None: it is to be opened."""
        preread, self._preread = self._preread, None
        return preread

    def note(self, ticks: list[Tick]) -> None:
        """Note the time of a list from it, and the age of its oldest tick."""
        self._note_time()
        self.taken_ticks += len(ticks)
        oldest = ticks[0]
        if self.source.live and not isinstance(oldest, Bar):  # a bar's time is its beginning
            age_ns = self.last_tick_wall_ns - oldest.event_ns
            self.ages.observe(max(0, age_ns))  # its clock may be ahead

    def hurry(self) -> None:
        """Note that what it reads from is there again, as far as somebody else knows."""
        self._back.set()

    async def is_back(self, longest_s: float) -> bool:
        """Wait before it is opened again, or until somebody knows better; tell which it was."""
        resting = asyncio.create_task(asyncio.sleep(longest_s))
        hearing = asyncio.create_task(self._back.wait())
        try:
            await asyncio.wait((resting, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            resting.cancel()
            hearing.cancel()
        is_back = self._back.is_set()
        self._back.clear()
        return is_back

    def leave(self) -> bool:
        """Let it give what it has taken already, and no more; tell whether it can."""
        if self.up and isinstance(self.source, ReadsAhead):
            self.leaving = True
            self.source.stop_reading()
        return self.leaving

    @property
    def unnoted_ticks(self) -> int:
        """How many ticks were taken of its source, and are not in its state as given."""
        source = self.source
        return max(0, self.taken_ticks - source.given_ticks) if isinstance(source, Resumable) else 0

    def go_on(self) -> None:
        """Have the source go on behind the ticks that were taken, when it is opened again."""
        self.leaving = False
        source, skipped = self.source, self.unnoted_ticks
        if isinstance(source, Resumable):
            state = source.state()
            source.given_ticks += skipped
            source.resume(state, skipped)

    @property
    def over(self) -> bool:
        """Whether it is not opened again."""
        return self.finished or self.given_up

    def fail(self, error: Exception, *, begun: bool) -> bool:
        """Note that it died; tell whether all is said by the error's own words.

        Args:
            error: why.
            begun: it had given ticks since it was opened. A recording would begin again from its
                first tick: so it is over, and not repeated.
        """
        self.failures += 1
        self.finished = self.source.can_wait and begun
        self.given_up = isinstance(error, SourceError) and error.for_good
        self.last_error = str(error) or type(error).__name__
        return isinstance(error, SourceError)

    def refuse(self, reason: Refusal, count: int, symbols: Iterable[str]) -> None:
        """Count ticks that are not told, and tell the first of their symbols, each once."""
        self.refused[reason] += count
        for symbol in symbols:
            if len(self._refused_symbols) < MOST_TOLD and symbol not in self._refused_symbols:
                self._refused_symbols.add(symbol)
                log.warning("ticks_refused", source=self.name, symbol=symbol, reason=reason.value)

    def _note_time(self) -> None:
        self.last_tick_mono_ns = self._clock.mono_ns()
        self.last_tick_wall_ns = self._clock.wall_ns()
