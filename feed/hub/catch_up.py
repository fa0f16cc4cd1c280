"""Bringing those who are behind up to the last cut, as fast as their sockets take it.

aiohttp has no public hook for a socket that has room again, so the drain looks: every few
milliseconds while something moves, less often while nothing does. One pass takes a bounded time and
goes round, so that thousands who come back at once do not hold up the cuts.
"""

import asyncio
import time
from collections.abc import Callable

from feed.hub.session import Session
from feed.wire.disconnect import Reason

PASS_BUDGET_NS = 10_000_000
_SHORTEST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.05


class Drain:
    """Those who are behind, and the task that serves them.

    Attributes:
        behind: in the order in which they are served; served ones go to the end.
        moved: set, for those who wait for the slowest, whenever somebody got further.
    """

    def __init__(
        self,
        *,
        high_water_bytes: int,
        slow_timeout_s: float,
        caught_up: Callable[[Session], None],
        disconnect: Callable[[Session, Reason], None],
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.behind: dict[Session, None] = {}
        self.moved = asyncio.Event()
        self._high_water_bytes = high_water_bytes
        self._low_water_bytes = high_water_bytes // 4
        self._slow_timeout_ns = int(slow_timeout_s * 1e9)
        self._caught_up = caught_up
        self._disconnect = disconnect
        self._clock_ns = clock_ns  # monotonic: nobody is slow because the time of day was set
        self._work = asyncio.Event()

    def add(self, session: Session) -> None:
        """Serve a session from now on, until it is caught up."""
        subscriber = session.subscriber
        subscriber.progress_ns = self._clock_ns()
        subscriber.seen_bytes = subscriber.buffered_bytes()
        self.behind[session] = None
        self._work.set()

    def remove(self, session: Session) -> None:
        """Forget a session that has ended."""
        self.behind.pop(session, None)
        self.moved.set()

    def serve(self, session: Session, now_ns: int, most_frames: int | None = None) -> bool:
        """Write what a session is due while its socket has room; tell whether anything moved."""
        subscriber = session.subscriber
        if session.connection.closing:
            return False
        buffered = subscriber.buffered_bytes()
        moved = buffered < subscriber.seen_bytes
        limit = self._low_water_bytes
        while buffered <= limit and most_frames != 0:
            step = subscriber.next_frame(now_ns)
            if step is None:
                self.remove(session)
                self._caught_up(session)
                return True
            if isinstance(step, Reason):
                self._disconnect(session, step)
                return True
            subscriber.write(step)
            subscriber.lane.traffic.count(len(step), len(step), 1)
            buffered = subscriber.buffered_bytes()
            moved = True
            limit = self._high_water_bytes
            if most_frames is not None:
                most_frames -= 1
        subscriber.seen_bytes = buffered
        if moved:
            subscriber.progress_ns = self._clock_ns()
        elif self._clock_ns() - subscriber.progress_ns > self._slow_timeout_ns:
            subscriber.counts.slow += 1
            self._disconnect(session, Reason.SLOW)
        return moved

    async def run(self) -> None:
        """Serve all who are behind, for ever."""
        pause_s = _SHORTEST_PAUSE_S
        while True:
            if not self.behind:
                self._work.clear()
                await self._work.wait()
            moved, complete = self._pass()
            if moved:
                self.moved.set()
                pause_s = _SHORTEST_PAUSE_S
            else:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s if complete else 0)

    def _pass(self) -> tuple[bool, bool]:
        """Serve once round, or until the budget is spent; tell whether it moved and got round."""
        deadline_ns = time.perf_counter_ns() + PASS_BUDGET_NS
        now_ns = time.time_ns()
        moved = False
        for session in list(self.behind):
            if session not in self.behind:
                continue
            del self.behind[session]
            self.behind[session] = None
            if self.serve(session, now_ns):
                moved = True
            if time.perf_counter_ns() > deadline_ns:
                return moved, False
        return moved, True
