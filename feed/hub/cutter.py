"""The cutter: when to cut, and the writing of what a cut made.

It asks the cadence when, writes each frame to everybody live in its lane, hands those who could not
take it on, and learns what it cost. Conflated ticks have times of their own.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from feed.broadcast.broadcast import Broadcast
from feed.broadcast.cadence import Cadence
from feed.broadcast.lane import Reader
from feed.hub.instruments import Instruments


class Cutter:
    """Cuts when it is time."""

    def __init__(
        self,
        broadcast: Broadcast,
        instruments: Instruments,
        *,
        interval_ms: float | None,
        high_water_bytes: int,
        fall_behind: Callable[[Iterable[Reader], int], None],
    ) -> None:
        """Make one that is idle.

        Args:
            broadcast: what is cut.
            instruments: that are told of every cut.
            interval_ms: between two cuts; None: as the cadence has it.
            high_water_bytes: nobody is written to whose socket holds more.
            fall_behind: takes those who missed a frame, and the sequence that it follows.
        """
        self._broadcast = broadcast
        self._instruments = instruments
        self._high_water_bytes = high_water_bytes
        self._fall_behind = fall_behind
        self._cadence = Cadence(None if interval_ms is None else int(interval_ms * 1e6))
        self._loop = asyncio.get_running_loop()
        self._cut_handle: asyncio.Handle | None = None
        self._settling = 0  # cuts whose cost is not known yet
        self._due_handle: asyncio.Handle | None = None  # of the next conflated cut
        self._due_ns = 0

    def cut(self) -> None:
        """Make frames of what was published since the last cut, and write them."""
        if self._cut_handle is not None:
            self._cut_handle.cancel()
            self._cut_handle = None
        began_ns = time.perf_counter_ns()
        now_ns = time.time_ns()
        cut = self._broadcast.cut(now_ns)
        high_water_bytes = self._high_water_bytes
        frames = 0
        for lane, envelopes in cut.envelopes:
            for follows, envelope in envelopes:
                missed = lane.write(envelope, now_ns, high_water_bytes)
                if missed:
                    self._fall_behind(missed, follows)
                frames += 1
        if cut.ticks:
            self._settling += 1
            self._loop.call_soon(self._settle, began_ns, cut.ticks, cut.first_ns, frames)
        self._schedule_conflation(now_ns)

    def schedule(self) -> None:
        """Cut when the cadence says, unless that is arranged or about to be."""
        if self._cut_handle is not None or self._settling:
            return
        delay_ns = self._cadence.delay_ns(time.perf_counter_ns())
        self._cut_handle = (
            self._loop.call_later(delay_ns / 1e9, self.cut)
            if delay_ns
            else self._loop.call_soon(self.cut)
        )

    def _settle(self, began_ns: int, ticks: int, first_ns: int, frames: int) -> None:
        """Learn what a cut cost, once the sockets have been written to.

        uvloop collects what is written in one turn of the loop and hands it to the sockets at the
        turn's end: with thousands of subscribers nearly all of the cost comes after `cut`.
        """
        ended_ns = time.perf_counter_ns()
        self._settling -= 1
        self._cadence.note_cut(began_ns, ended_ns)
        self._instruments.write_age.observe_all([time.time_ns()] * frames, since=first_ns)
        self._instruments.cut.observe(ended_ns - began_ns)
        self._instruments.batch_ticks.observe(ticks)
        if self._broadcast.waiting_ticks:
            self.schedule()

    def _schedule_conflation(self, now_ns: int) -> None:
        """Cut again when conflated ticks are due."""
        due_ns = self._broadcast.conflated_due_ns
        if due_ns is None or (self._due_handle is not None and due_ns >= self._due_ns):
            return
        if self._due_handle is not None:
            self._due_handle.cancel()
        self._due_ns = due_ns
        # Half a millisecond more: uvloop rounds to whole ones, and too early is in vain.
        delay_s = max(0, due_ns - now_ns) / 1e9 + 0.0005
        self._due_handle = self._loop.call_later(delay_s, self._cut_conflated)

    def _cut_conflated(self) -> None:
        self._due_handle = None
        self.cut()
