"""Turns: what clients ask for is done one piece at a time, in the order in which it was asked.

Each piece is short, but thousands may be asked for at once, and a loop that does them all in one go
does nothing else meanwhile. So there are slices: once the pieces of one have taken its time, the
loop has a turn of its own, with its cuts and timers, before the next piece. What the server does by
itself for all of its subscribers goes in slices too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice

from feed.hub.steps import Step, Steps

SLICE_NS = 2_000_000
_PIECES = 16  # of work, between two looks at the clock, which cost 0.3 µs


class Turns:
    """Gives turns to all that ask, first come, first served."""

    def __init__(self, steps: Steps, slice_ns: int = SLICE_NS) -> None:
        """Begin with nobody waiting; every piece is noted as a step."""
        self._steps = steps
        self._slice_ns = slice_ns
        self._lock = asyncio.Lock()
        self._used_ns = 0  # of this slice, CPU time

    @asynccontextmanager
    async def turn(self, step: Step) -> AsyncIterator[None]:
        """Wait for a turn; what is done inside is one piece, and must not wait for anything."""
        async with self._lock:
            if self._used_ns >= self._slice_ns:
                self._used_ns = 0
                await asyncio.sleep(0)
            began_ns = self._steps.cpu_ns()
            try:
                yield
            finally:
                spent_ns = self._steps.cpu_ns() - began_ns
                self._used_ns += spent_ns
                self._steps.note(step, spent_ns)

    async def in_slices(self, work: Iterator[None], step: Step) -> None:
        """Do work piece by piece, with turns of the loop between slices of it."""
        cpu_ns = self._steps.cpu_ns
        more = True
        while more:
            began_ns = cpu_ns()
            with self._steps.measured(step):
                while more and cpu_ns() - began_ns < self._slice_ns:
                    more = False
                    for _ in islice(work, _PIECES):
                        more = True
            await asyncio.sleep(0)
