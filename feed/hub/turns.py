"""Turns: what clients ask for is done one piece at a time, in the order in which it was asked.

Each piece is short, but thousands may be asked for at once, and a loop that does them all in one go
does nothing else meanwhile. So there are slices: once the pieces of one have taken its time, the
loop has a turn of its own, with its cuts and timers, before the next piece. As many pieces go into
one as its time allows: a loop that is busy, or on a busy machine, turns but a hundred times a
second. What the server does by itself for all of its subscribers goes in slices too.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice

from feed.hub.steps import Step, Steps

SLICE_NS = 2_000_000
_PIECES = 16  # of work, between two looks at the clock, which cost 0.3 µs
_CALLED = 32  # to a slice, at most: as many as 60 µs each fill one


class _Waiter:
    """One who waits; `called` is done when it may look whether it is its turn."""

    __slots__ = ("called",)

    def __init__(self, called: "asyncio.Future[None]") -> None:
        self.called = called


class Turns:
    """Gives turns to all that ask, first come, first served."""

    def __init__(self, steps: Steps, slice_ns: int = SLICE_NS) -> None:
        """Begin with nobody waiting; every piece is noted as a step."""
        self._steps = steps
        self._slice_ns = slice_ns
        self._waiting: deque[_Waiter] = deque()
        self._taken = False  # somebody has its turn
        self._used_ns = 0  # of this slice, CPU time
        self._next: asyncio.Handle | None = None  # begins the next slice

    @asynccontextmanager
    async def turn(self, step: Step) -> AsyncIterator[None]:
        """Wait for a turn; what is done inside is one piece, and must not wait for anything."""
        if self._waiting or not self._is_free():
            await self._wait()
        self._taken = True
        began_ns = self._steps.cpu_ns()
        try:
            yield
        finally:
            spent_ns = self._steps.cpu_ns() - began_ns
            self._taken = False
            self._used_ns += spent_ns
            self._steps.note(step, spent_ns)
            self._see_to_next()

    def _is_free(self) -> bool:
        return not self._taken and self._used_ns < self._slice_ns

    async def _wait(self) -> None:
        loop, waiting = asyncio.get_running_loop(), self._waiting
        waiter = _Waiter(loop.create_future())
        waiting.append(waiter)
        self._see_to_next()
        try:
            await waiter.called
            while not self._is_free():  # those before it have used up the slice
                waiter.called = loop.create_future()
                await waiter.called
        except BaseException:  # it is given up; who was called with it goes on
            self._see_to_next()
            raise
        finally:
            waiting.remove(waiter)  # the first one, unless it is given up

    def _see_to_next(self) -> None:
        """Begin another slice when the loop has had a turn, unless that is arranged."""
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._begin_slice)

    def _begin_slice(self) -> None:
        self._next = None
        if self._taken:  # its end begins another one
            return
        self._used_ns = 0
        for waiter in islice(self._waiting, _CALLED):
            if not waiter.called.done():
                waiter.called.set_result(None)

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
