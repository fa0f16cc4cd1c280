"""Bringing subscribers that are behind up to the last cut, as fast as their sockets take it.

aiohttp has no public hook for a socket that has room again, so the task looks: every few
milliseconds while something moves, less often while nothing does, unless what somebody waits for
has come. One pass takes a bounded time and goes round, so that thousands that come back at once do
not hold up the cuts.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from feed.broadcast.audience import Audience
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.turn import Progress, Verdict
from feed.hub.clock import Clock
from feed.hub.steps import Step, Steps

PASS_BUDGET_NS = 10_000_000
_SHORTEST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.05


class CatchUp:
    """The task that gives subscribers that are behind what they are due.

    Attributes:
        moved: set, for those that wait for the slowest, whenever a subscriber got further.
    """

    def __init__(
        self,
        audience: Audience,
        clock: Clock,
        steps: Steps,
        *,
        closing: Callable[[Subscriber], bool],
        disconnect: Callable[[Subscriber, Verdict], None],
        fail: Callable[[Subscriber, Exception], None],
    ) -> None:
        """Make a task that does not run yet.

        Args:
            audience: knows the subscribers that are behind.
            clock: what the time is.
            steps: measure every pass.
            closing: tells whether a subscriber's connection is closed, or about to be.
            disconnect: takes subscribers that are to be disconnected, with the reason.
            fail: takes a subscriber for whom something of ours went wrong.
        """
        self.moved = asyncio.Event()
        self._audience = audience
        self._clock = clock
        self._steps = steps
        self._closing = closing
        self._disconnect = disconnect
        self._fail = fail
        self._work = asyncio.Event()
        self._came = asyncio.Event()  # something that somebody waits for

    def hurry(self) -> None:
        """Go on soon: something has come that those that are behind may wait for."""
        self._came.set()

    def wake(self) -> None:
        """Go on: a subscriber is behind."""
        self._work.set()

    def give(self, subscriber: Subscriber, most_frames: int | None = None) -> bool:
        """Give a subscriber its turn; tell whether anything moved."""
        if self._closing(subscriber):
            return False
        clock = self._clock
        outcome = self._audience.behind.give(
            subscriber, clock.mono_ns(), clock.wall_ns(), most_frames
        )
        if isinstance(outcome, Verdict):
            self._disconnect(subscriber, outcome)
            return True
        if outcome is Progress.CAUGHT_UP:
            self.moved.set()
        return outcome not in {Progress.NONE, Progress.AHEAD}

    async def run(self) -> None:
        """Serve all subscribers that are behind, for ever."""
        pause_s = _SHORTEST_PAUSE_S
        while True:
            if not self._audience.behind:
                self._work.clear()
                await self._work.wait()
            with self._steps.measured(Step.CATCH_UP):
                moved, complete = self._go_round()
            if moved:
                self.moved.set()
                pause_s = _SHORTEST_PAUSE_S
            else:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            await self._pause(pause_s if complete else 0)

    async def _pause(self, pause_s: float) -> None:
        """Pause, no longer than a moment where something has come by then."""
        await asyncio.sleep(min(pause_s, _SHORTEST_PAUSE_S))
        if pause_s > _SHORTEST_PAUSE_S:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s - _SHORTEST_PAUSE_S):
                    await self._came.wait()
        self._came.clear()

    def _go_round(self) -> tuple[bool, bool]:
        """Give everybody a turn, or until the budget is spent; tell what moved, and if it is round.

        Subscribers that got no turn come first next time: a turn puts a subscriber at the end.
        """
        deadline_ns = time.perf_counter_ns() + PASS_BUDGET_NS
        behind = self._audience.behind
        moved = False
        for subscriber in list(behind):
            if subscriber not in behind:
                continue
            try:
                moved = self.give(subscriber) or moved
            except Exception as error:  # noqa: BLE001 - whatever it is, it is nobody else's
                self._fail(subscriber, error)
            if time.perf_counter_ns() > deadline_ns:
                return moved, False
        return moved, True
