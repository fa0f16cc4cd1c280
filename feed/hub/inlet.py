"""The inlet: connections parse what has come one piece at a time, first come, first served.

A socket gives 256 KiB at once, in which there is room for 40,000 pings: parsed in one go they would
be a silence for everybody else. So a connection parses a piece and goes to the end of the queue if
there is more, and once the pieces of a slice have taken their time, the loop has a turn of its own.
Knows no socket; it must not be used by two loops.
"""

import asyncio
from typing import Protocol

from feed.hub.steps import Step, Steps
from feed.hub.turns import SLICE_NS


class Reading(Protocol):
    """A connection of which something has come."""

    def read_piece(self) -> bool:
        """Parse a little of it; tell whether more can be parsed now."""

    def note_spent(self, cpu_ns: int) -> None:
        """Note the CPU time that a piece of it took."""


class Inlet:
    """Gives turns to all connections that have something to parse."""

    __slots__ = ("_queue", "_slice_ns", "_steps", "_turn", "_used_ns", "_works")

    def __init__(self, steps: Steps, slice_ns: int = SLICE_NS) -> None:
        """Begin with nobody; every run of pieces is noted as a step."""
        self._steps = steps
        self._slice_ns = slice_ns
        self._queue: dict[Reading, None] = {}  # in the order of their turns
        self._used_ns = 0  # of this turn of the loop, CPU time
        self._turn: asyncio.Handle | None = None  # begins the next slice
        self._works = False

    def serve(self, reading: Reading) -> None:
        """Let a connection parse, at once if there is time left and nobody before it."""
        self._queue.setdefault(reading)
        if not self._works and self._used_ns < self._slice_ns:
            self._work()

    def _work(self) -> None:
        """Give turns until the slice is over."""
        queue, cpu_ns = self._queue, self._steps.cpu_ns
        self._works = True
        began_ns = cpu_ns()
        before_ns = self._used_ns
        try:
            while queue and self._used_ns < self._slice_ns:
                reading = next(iter(queue))
                del queue[reading]
                more = reading.read_piece()
                ended_ns = cpu_ns()
                self._used_ns += ended_ns - began_ns
                reading.note_spent(ended_ns - began_ns)
                began_ns = ended_ns
                if more:
                    queue[reading] = None
        finally:
            self._works = False
            self._steps.note(Step.READ, self._used_ns - before_ns)
            if self._turn is None:
                self._turn = asyncio.get_running_loop().call_soon(self._begin_slice)

    def _begin_slice(self) -> None:
        self._turn = None
        self._used_ns = 0
        if self._queue:
            self._work()
