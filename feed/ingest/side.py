"""A side: one source, and how it is.

A strand has one, or two that tell the same market. Knows neither ring nor bars: a strand runs it,
and writes here what becomes of it.
"""

from feed.errors import SourceError
from feed.histogram import Histogram
from feed.hub.clock import Clock
from feed.market.ticks import Bar, Tick
from feed.sources.source import Source


class Side:
    """One source, and how it is.

    Attributes:
        name: by which it is told, in metrics, logs and `/v1/status`.
        source: the origin of ticks.
        up: whether it is open and produces.
        opened: how often it was opened.
        failures: the number of its deaths.
        last_error: the reason of the last one in words; "" before the first.
        finished: it came to its end (a recording that does not loop).
        taken_ticks: how many it gave so far.
        last_tick_mono_ns: the monotonic time when it gave its newest tick, or was opened since; at
            first, when the server began.
        last_tick_wall_ns: the same moment by the time of day.
    """

    def __init__(self, name: str, source: Source, clock: Clock, ages: Histogram) -> None:
        """Begin with a source that has not been opened yet.

        Args:
            name: by which it is told.
            source: the origin of ticks.
            clock: what the time is.
            ages: of its ticks when they come.
        """
        self.name = name
        self.source = source
        self.up = False
        self.opened = 0
        self.failures = 0
        self.last_error = ""
        self.finished = False
        self.taken_ticks = 0
        self._clock = clock
        self._ages = ages
        self.last_tick_mono_ns = clock.mono_ns()
        self.last_tick_wall_ns = clock.wall_ns()

    def come(self) -> None:
        """Note that it is open."""
        self.up = True
        self.opened += 1
        self._note_time()

    def note(self, ticks: list[Tick]) -> None:
        """Note the time of a list from it, and the age of its oldest tick."""
        self._note_time()
        self.taken_ticks += len(ticks)
        oldest = ticks[0]
        if self.source.live and not isinstance(oldest, Bar):  # a bar's time is its beginning
            age_ns = self.last_tick_wall_ns - oldest.event_ns
            self._ages.observe(max(0, age_ns))  # its clock may be ahead

    def fail(self, error: Exception, *, begun: bool) -> bool:
        """Note that it died; tell whether all is said by the error's own words.

        Args:
            error: why.
            begun: it had given ticks since it was opened. A recording would begin again from its
                first tick: so it is over, and not repeated.
        """
        self.failures += 1
        self.finished = self.source.can_wait and begun
        self.last_error = str(error) or type(error).__name__
        return isinstance(error, SourceError)

    def _note_time(self) -> None:
        self.last_tick_mono_ns = self._clock.mono_ns()
        self.last_tick_wall_ns = self._clock.wall_ns()
