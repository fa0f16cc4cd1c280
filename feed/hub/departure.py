"""Leaving: nobody more is let in, and everybody is sent away, each at its time.

The shell of `feed.broadcast.departure`, which decides who is told when; here are the timers.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from feed.broadcast.departure import Departure
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.hub.turns import Turns
from feed.market.ticks import SECOND_NS
from feed.wire.disconnect import Disconnect, Reason

_POLL_S = 0.25  # between two looks whether somebody is left


class Leaving:
    """Sends all sessions away, once.

    Attributes:
        begun: nobody more is let in.
    """

    def __init__(
        self,
        sessions: Callable[[], Collection[Session]],
        turns: Turns,
        send_away: Callable[[Session, Reason, Disconnect], None],
    ) -> None:
        """Wait for the signal.

        Args:
            sessions: returns everybody connected, in the order in which they came.
            turns: let the loop do other things in between.
            send_away: takes a session out, and tells it so.
        """
        self._sessions = sessions
        self._turns = turns
        self._send_away = send_away
        self._departure: Departure | None = None
        self._here: list[Session] = []  # when it began, in the order of their farewells

    @property
    def begun(self) -> bool:
        """Whether nobody more is let in."""
        return self._departure is not None

    def begin(self, span_s: float = 0.0) -> None:
        """Let nobody more in, and decide who is sent away when; harmless when it has begun.

        Args:
            span_s: in which `drain` sends them away; 0: they stay until `finish`.
        """
        if self._departure is None:
            self._here = list(self._sessions())
            seed = random.getrandbits(64)
            self._departure = Departure(len(self._here), int(span_s * SECOND_NS), seed)

    async def drain(self) -> None:
        """Send subscribers away in waves; return once nobody is left, by itself or by that."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for after_ns, indexes in self._departure.waves() if self._departure else ():
            due_s = began_s + after_ns / SECOND_NS
            while self._sessions() and (wait_s := due_s - loop.time()) > 0:  # noqa: ASYNC110 - no event
                await asyncio.sleep(min(wait_s, _POLL_S))
            await self._turns.in_slices(self._say(indexes), Step.LEAVE)

    async def finish(self) -> None:
        """Send all those away that are still here."""
        self.begin()
        await self._turns.in_slices(self._say(range(len(self._here))), Step.LEAVE)

    def refusal(self) -> Disconnect:
        """Return what a newcomer is told instead of being let in."""
        retry_ms = None if self._departure is None else self._departure.retry_ms()
        return replace(Reason.SHUTDOWN.value, retry_ms=retry_ms)

    def _say(self, indexes: Collection[int]) -> Iterator[None]:
        farewells = self._departure.farewells if self._departure else []
        for index in indexes:
            session = self._here[index]
            if not session.ended.done():
                retry_ms = farewells[index].retry_ms
                told = replace(Reason.SHUTDOWN.value, retry_ms=retry_ms)
                self._send_away(session, Reason.SHUTDOWN, told)
                yield
