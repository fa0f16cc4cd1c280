"""The market's clock along the ring, for a recording, whose time is its own.

Theory of operation: whoever publishes a run of ticks says what the market's clock shows at its
first and after its last tick, and when times begin anew: with a pass of the recording, or where
somebody seeks. Within a pass the clock only grows, so that a time is found by bisection over the
runs, and then among the ticks of one. Runs that the ring has overwritten are let go of. Where
nobody says the clock, there are no times.
"""

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from feed.broadcast.ring import RingBuffer
from feed.market.market_clock import UNTIMED_NS, MarketClock
from feed.market.ticks import Kind

_RUN_TICKS = 512  # of what nobody tells the runs of
_MOST_OVERRUN = 1_024  # runs that are kept although the ring has overwritten them
_TIMED = frozenset({Kind.TRADE, Kind.QUOTE})  # a bar's time is its beginning


class _Run(NamedTuple):
    """Ticks that were published together."""

    began_ns: int  # what the clock shows at the first of them
    clock_ns: int  # and after the last
    first: int
    last: int


_clock_ns, _last = attrgetter("clock_ns"), attrgetter("last")


class MarketTimes:
    """The market's clock at the ticks that a ring holds."""

    __slots__ = ("_ring", "_runs")

    def __init__(self, ring: RingBuffer) -> None:
        """Begin without a time."""
        self._ring = ring
        self._runs: list[_Run] = []  # of this pass, ascending

    @property
    def now_ns(self) -> int | None:
        """What the clock shows; None: nobody has said."""
        return self._runs[-1].clock_ns if self._runs else None

    def note(self, began_ns: int, clock_ns: int, first: int, last: int) -> None:
        """Note what the clock shows at the beginning and the end of a run of sequences."""
        runs = self._runs
        if runs:  # of several that are told together, each has its own
            began_ns = max(began_ns, runs[-1].clock_ns)
            clock_ns = max(clock_ns, began_ns)
        runs.append(_Run(began_ns, clock_ns, first, last))
        if len(runs) > _MOST_OVERRUN and runs[_MOST_OVERRUN].last < self._ring.oldest:
            del runs[: _MOST_OVERRUN + 1]

    def begin_pass(self) -> None:
        """Note that times begin anew with the next tick."""
        self._runs.clear()

    def take_up(self) -> None:
        """Find out the clock along what another process has left in the ring."""
        ring = self._ring
        ticks = ring.slots(ring.oldest - 1, len(ring))
        times_ns = [
            tick.event_ns if tick is not None and tick.kind in _TIMED else UNTIMED_NS
            for tick in ticks
        ]
        clock, clocks_ns, begin = MarketClock(), list[int](), 0
        while len(clocks_ns) < len(times_ns):
            index = clock.pass_steps(times_ns, len(clocks_ns), clocks_ns)
            if index < len(times_ns):
                if clock.pass_row(times_ns, index, last=True):
                    begin = index
                clocks_ns.append(clock.now_ns)
        self._runs.clear()
        for first in range(begin, len(ticks), _RUN_TICKS):
            end = min(first + _RUN_TICKS, len(ticks))
            if clocks_ns[end - 1] != UNTIMED_NS:
                at = ring.oldest
                self.note(clocks_ns[first], clocks_ns[end - 1], at + first, at + end - 1)

    def since(self, market_ns: int, oldest: int) -> tuple[int, int | None]:
        """Return the sequence after which the clock shows a time, or later ones.

        O(log runs), and the ticks of a run. There must be a time.

        Args:
            market_ns: the time.
            oldest: the first sequence that may be read, at least the ring's own.

        Returns:
            The sequence, and from when on there are ticks if that is later than asked for; else
            None.
        """
        runs = self._runs
        held = runs[bisect_left(runs, oldest, key=_last, hi=len(runs) - 1) :]
        began_ns = held[0].began_ns
        held_ns = next((at_ns for _, at_ns in self._times(held[0], began_ns, oldest)), began_ns)
        if held_ns > market_ns:
            return max(held[0].first, oldest) - 1, held_ns
        for run in held[bisect_left(held, market_ns, key=_clock_ns) :]:
            for sequence, _ in self._times(run, market_ns, oldest):
                return sequence - 1, None
        return held[-1].last, None

    def _times(self, run: _Run, since_ns: int, oldest: int) -> Iterator[tuple[int, int]]:
        """Yield the ticks of a run that the clock went by from a time on: sequence and time.

        One that is later than the clock is a stray.
        """
        first = max(run.first, oldest)
        for sequence, tick in enumerate(self._ring.slots(first - 1, run.last - first + 1), first):
            if tick is None or tick.kind not in _TIMED:
                continue
            if since_ns <= tick.event_ns <= run.clock_ns:
                yield sequence, tick.event_ns
