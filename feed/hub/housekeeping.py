"""Housekeeping: the task that looks, every second or oftener, at what is due without an event.

Silent lanes are kept alive, warnings come when their time is up, transports have beats of their
own, and unfinished requests end. It also watches the event loop: how late it wakes is how saturated
the process is.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping

from feed.broadcast.audience import Audience
from feed.broadcast.subscriber import Subscriber
from feed.histogram import Histogram
from feed.hub.clock import Clock
from feed.hub.egress_watch import EgressWatch
from feed.hub.memory_watch import MemoryWatch
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.hub.turns import Turns
from feed.hub.waiting import Waiting
from feed.settings.options import Settings

HOUSEKEEPING_S = 1.0  # the longest time between two looks at what is due
# What is due is late by this part of its interval at most: httpx gives up after 5 s without a byte,
# and keepalives are due after 3.
PUNCTUALITY = 1 / 6
_SHORTEST_HOUSEKEEPING_S = 0.01


def housekeeping_pause_s(settings: Settings) -> float:
    """Return how long housekeeping may pause, so that nothing it does is late."""
    shortest_s = min(
        settings.keepalive_s,
        settings.mark_interval_s,
        settings.ping_interval_s,
        settings.pong_timeout_s,
        settings.head_timeout_s,
        settings.auth_timeout_s,
    )
    return max(_SHORTEST_HOUSEKEEPING_S, min(HOUSEKEEPING_S, shortest_s * PUNCTUALITY))


class Housekeeping:
    """The task that does what is due by time alone."""

    def __init__(
        self,
        audience: Audience,
        settings: Settings,
        clock: Clock,
        turns: Turns,
        *,
        sessions: Mapping[Subscriber, Session],
        waiting: Waiting,
        loop_lag: Histogram,
        look_at_end: Callable[[Session, int, int], None],
        fail: Callable[[Session, Exception], None],
        lose: Callable[[Session], None],
        egress: EgressWatch,
        memory: MemoryWatch,
    ) -> None:
        """Make a task that does not run yet.

        Args:
            audience: knows the lanes and subscribers.
            settings: what the server was told.
            clock: what the time is.
            turns: let the loop do other things in between.
            sessions: everybody connected, as it changes.
            waiting: connections whose next request is not there.
            loop_lag: takes how late the loop was, in nanoseconds.
            look_at_end: looks at the end of a session's identity, at a monotonic and a wall time.
            fail: takes a session for which something of ours went wrong.
            lose: takes one whose connection ends.
            egress: looks at the bytes that identities are written.
            memory: looks at the memory of all.
        """
        self._audience = audience
        self._keepalive_ns = int(settings.keepalive_s * 1e9)
        self._mark_interval_ns = int(settings.mark_interval_s * 1e9)
        self._pause_s = housekeeping_pause_s(settings)
        self._clock = clock
        self._turns = turns
        self._sessions = sessions
        self._waiting = waiting
        self._loop_lag = loop_lag
        self._look_at_end = look_at_end
        self._fail = fail
        self._lose = lose
        self._egress = egress
        self._memory = memory

    async def run(self) -> None:
        """Do what is due, pause, and so on for ever."""
        while True:
            due_ns = time.perf_counter_ns() + int(self._pause_s * 1e9)
            await asyncio.sleep(self._pause_s)
            self._loop_lag.observe(max(0, time.perf_counter_ns() - due_ns))
            mono_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
            self._audience.broadcast.keyed.expire(mono_ns)
            awake_ns = self._audience.behind.awake_clock.awake_ns(mono_ns)
            for work in (
                self._audience.keeping_alive(
                    mono_ns,
                    wall_ns,
                    keepalive_ns=self._keepalive_ns,
                    mark_interval_ns=self._mark_interval_ns,
                ),
                self._audience.warn_later(mono_ns),
                self._look_at_sessions(mono_ns, awake_ns, wall_ns),
                self._waiting.sweep(mono_ns),
                self._egress.looking(mono_ns),
                self._memory.looking(),
            ):
                await self._turns.in_slices(work, Step.HOUSEKEEPING)

    def _look_at_sessions(self, mono_ns: int, awake_ns: int, wall_ns: int) -> Iterator[None]:
        """Let sessions beat, and the ladder see the full sockets of those that miss no frame."""
        for session in list(self._sessions.values()):
            if not session.ended.done():
                try:
                    self._look_at(session, mono_ns, awake_ns, wall_ns)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is nobody else's
                    self._fail(session, error)
            yield

    def _look_at(self, session: Session, mono_ns: int, awake_ns: int, wall_ns: int) -> None:
        if session.connection.closing:  # of a peer that has closed its side, and reads nothing
            self._lose(session)
            return
        self._audience.look(session.subscriber, mono_ns)
        session.beat(awake_ns)
        if session.identity.expires_wall_ns is not None and not session.ended.done():
            self._look_at_end(session, mono_ns, wall_ns)
