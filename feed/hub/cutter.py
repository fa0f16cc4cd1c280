"""The cutter: when to cut, and what a cut cost.

It asks the cadence when, has the audience cut, and learns what it cost. Conflated ticks have times
of their own.
"""

import asyncio
import time

from feed.broadcast.audience import Audience
from feed.broadcast.cadence import Cadence
from feed.hub.clock import Clock
from feed.hub.instruments import Instruments
from feed.hub.steps import Step, Steps


class Cutter:
    """Cuts when it is time."""

    def __init__(
        self,
        audience: Audience,
        instruments: Instruments,
        clock: Clock,
        steps: Steps,
        *,
        interval_ms: float | None,
    ) -> None:
        """Make a cutter that is idle.

        Args:
            audience: the subscribers that it cuts for.
            instruments: that are told of every cut.
            clock: what the time is.
            steps: measure every cut.
            interval_ms: between two cuts; None: as the cadence has it.
        """
        self._audience = audience
        self._instruments = instruments
        self._clock = clock
        self._steps = steps
        self._cadence = Cadence(None if interval_ms is None else int(interval_ms * 1e6))
        self._cut_handle: asyncio.Handle | None = None
        self._rested_ns = 0  # CPU time of the thread when the last cut's cost was known
        self._others_ns = 0  # that it took from then until the next cut
        self._unpriced_cuts = 0  # their cost is not known yet
        self._wanted = False  # somebody asked for a cut meanwhile
        self._due_handle: asyncio.Handle | None = None  # of the next conflated cut
        self._due_ns = 0  # monotonic

    def cut(self) -> None:
        """Make frames of what was published since the last cut, and write them."""
        if self._cut_handle is not None:
            self._cut_handle.cancel()
            self._cut_handle = None
        self._wanted = False
        began_ns = time.perf_counter_ns()
        self._others_ns = self._steps.cpu_ns() - self._rested_ns
        mono_ns = self._clock.mono_ns()
        with self._steps.measured(Step.CUT):
            cut = self._audience.cut(mono_ns, self._clock.wall_ns())
        if cut.ticks:
            frames = cut.envelopes
            self._unpriced_cuts += 1
            loop = asyncio.get_running_loop()
            loop.call_soon(self._learn_cost, began_ns, cut.ticks, cut.first_ns, frames)
        self._schedule_conflation(cut.conflated_due_ns, mono_ns)

    def schedule(self) -> None:
        """Cut when the cadence says, unless that is arranged or about to be."""
        if self._unpriced_cuts:
            self._wanted = True
            return
        if self._cut_handle is not None:
            return
        delay_ns = self._cadence.delay_ns(time.perf_counter_ns())
        loop = asyncio.get_running_loop()
        self._cut_handle = (
            loop.call_later(delay_ns / 1e9, self.cut) if delay_ns else loop.call_soon(self.cut)
        )

    def _learn_cost(self, began_ns: int, ticks: int, first_ns: int, frames: int) -> None:
        """Learn what a cut cost, once the sockets have been written to.

        The engines in C have written to them by now. uvloop's transports, which the engine in
        Python writes through, collect what is written in one turn of the loop and hand it to the
        sockets at the turn's end: then nearly all of the cost comes after `cut`.
        """
        ended_ns = time.perf_counter_ns()
        self._unpriced_cuts -= 1
        self._cadence.note_cut(began_ns, ended_ns, self._others_ns)
        self._rested_ns = self._steps.cpu_ns()
        self._instruments.note_cut(
            ended_ns - began_ns, ticks, age_ns=self._clock.mono_ns() - first_ns, frames=frames
        )
        if self._wanted and not self._unpriced_cuts:
            self.schedule()

    def _schedule_conflation(self, due_ns: int | None, mono_ns: int) -> None:
        """Cut again when conflated ticks are due, if there are any."""
        if due_ns is None or (self._due_handle is not None and due_ns >= self._due_ns):
            return
        if self._due_handle is not None:
            self._due_handle.cancel()
        self._due_ns = due_ns
        # Half a millisecond more: uvloop rounds to whole ones, and too early is in vain.
        delay_s = max(0, due_ns - mono_ns) / 1e9 + 0.0005
        loop = asyncio.get_running_loop()
        self._due_handle = loop.call_later(delay_s, self._cut_conflated)

    def _cut_conflated(self) -> None:
        self._due_handle = None
        self.cut()
