"""Positions that a server which follows has not reached yet: held until it has.

A subscriber of another server comes back here, and was further there. What it is due is on its way,
so it is no gap. Whether there is such a position at all the writer is asked, after a while, once
for all that wait: a position that nobody gave is told as one of another epoch. Where nobody can be
asked all wait on. Whoever asks for a finite answer waits not long, and is told to come back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from feed.broadcast.audience import Audience
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.upstream import Upstream
from feed.errors import NotNow
from feed.hub.clock import Clock
from feed.logger import logger_of
from feed.wire.position import Position

HELD_S = 5.0  # before the writer is asked
FINITE_S = 1.0
RETRY_S = 1.0
LOOK_S = 0.25
_POLL_S = 0.02
_NS_PER_S = 1_000_000_000

log = logger_of("feed.follow")


async def nobody() -> Position | None:
    """Return that nobody can be asked."""
    return None


class Ahead:
    """Those that stand further than the ring.

    Attributes:
        ask: returns the newest position that the writer has told anybody; None: it cannot be asked.
        disowned: how many positions were of nobody.
    """

    def __init__(self, audience: Audience, clock: Clock) -> None:
        """Begin with nobody, and nobody to ask.

        Args:
            audience: knows the subscribers that are behind.
            clock: what the time is.
        """
        self.ask: Callable[[], Awaitable[Position | None]] = nobody
        self.disowned = 0
        self._audience = audience
        self._upstream = Upstream(audience)
        self._broadcast = audience.broadcast
        self._clock = clock
        self._since_ns: dict[Subscriber, int] = {}
        self._known: Position | None = None  # the newest one that is known to be real

    def __len__(self) -> int:
        return len(self._since_ns)

    async def reach(self, position: Position) -> bool:
        """Wait until a position is reached, not long; return whether it is one of the epoch.

        Raises:
            NotNow: it is not reached yet.
        """
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + FINITE_S
        while self._is_further(position):
            if loop.time() >= ends_s:
                if await self._is_real(position) is False:
                    return False
                words = f"{position} has not arrived here yet: this server follows another one"
                raise NotNow(f"{words}, and is behind; come back", RETRY_S)
            await asyncio.sleep(_POLL_S)
        return True

    async def run(self) -> None:
        """Look for those that wait for long, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Ask for those that have waited for long, and tell those whose position is nobody's."""
        if not self._broadcast.ring.is_followed:
            return
        due = list(self._waiting_for_long())
        for subscriber in due:
            position = self._position_of(subscriber)
            is_real = await self._is_real(position)
            if is_real is None:
                return  # nobody can be asked just now
            still = subscriber in self._audience.behind and subscriber.due.is_ahead
            if not is_real and still and position == self._position_of(subscriber):
                log.warning("position_of_nobody", position=str(position))
                self.disowned += 1
                self._upstream.disown(subscriber, self._clock.mono_ns())

    # Inside.

    def _waiting_for_long(self) -> Iterator[Subscriber]:
        mono_ns, before = self._clock.mono_ns(), self._since_ns
        ahead = [each for each in self._audience.behind if each.due.is_ahead]
        self._since_ns = {each: before.get(each, mono_ns) for each in ahead}
        for subscriber, since_ns in self._since_ns.items():
            if mono_ns - since_ns >= HELD_S * _NS_PER_S:
                yield subscriber

    def _position_of(self, subscriber: Subscriber) -> Position:
        return self._broadcast.ring.position(subscriber.due.backlog.sequence)

    def _is_further(self, position: Position) -> bool:
        broadcast = self._broadcast
        is_ours = broadcast.ring.is_followed and position.epoch == broadcast.ring.epoch
        return is_ours and position.sequence > broadcast.cut_sequence

    async def _is_real(self, position: Position) -> bool | None:
        """Tell whether the writer has told a position of the epoch; None: it cannot be asked."""
        known = self._known
        if known is None or known.epoch != position.epoch or known.sequence < position.sequence:
            known = await self.ask()
            if known is None:
                return None
            self._known = known
        # Of an epoch that has ended there this server will hear, and tell everybody.
        return known.epoch != position.epoch or position.sequence <= known.sequence
