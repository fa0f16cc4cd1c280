"""The steering of a replay while it runs: paused or not, how fast, and from where on.

Orders come from elsewhere on the same loop, and take effect between two lists of ticks. Whoever
waits for a tick to be due is woken by one.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

from feed.errors import InvalidParameter
from feed.sources.replay.pace import MAX_SPEED, MIN_SPEED

Speed = float | Literal["max"]


def check_speed(speed: object) -> None:
    """Refuse what is no speed.

    Raises:
        InvalidParameter: it is not.
    """
    if speed != "max" and not (
        isinstance(speed, (int, float))
        and not isinstance(speed, bool)
        and MIN_SPEED <= speed <= MAX_SPEED
    ):
        accepted = f"a number from {MIN_SPEED:g} to {MAX_SPEED:,.0f}, or max"
        raise InvalidParameter("speed", speed, accepted)


class Steering:
    """What a replay is to do.

    Attributes:
        paused: no tick is given until it is not any more.
        speed: 1 is the original pace, "max" is without one.
        seek_ns: the time of the market to go on from; None: where it stands.
    """

    __slots__ = ("_effects", "_ordered", "paused", "seek_ns", "speed")

    def __init__(self, speed: Speed) -> None:
        self.paused = False
        self.speed = speed
        self.seek_ns: int | None = None
        self._ordered = asyncio.Event()
        self._effects: list[Callable[[], None]] = []

    @property
    def ordered(self) -> bool:
        """Whether an order waits to take effect."""
        return self._ordered.is_set()

    def order(
        self,
        *,
        paused: bool | None = None,
        speed: Speed | None = None,
        seek_ns: int | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Change what is not None; call `then` between the last tick before and the first after."""
        if speed is not None:
            check_speed(speed)
            self.speed = speed
        if paused is not None:
            self.paused = paused
        if seek_ns is not None:
            self.seek_ns = seek_ns
        if then is not None:
            self._effects.append(then)
        self._ordered.set()

    def take(self) -> int | None:
        """Let the orders take effect; return the time to go on from, if there is one."""
        self._ordered.clear()
        seek_ns, self.seek_ns = self.seek_ns, None
        effects, self._effects = self._effects, []
        for effect in effects:
            effect()
        return seek_ns

    async def doze(self, seconds: float) -> None:
        """Wait for some seconds, or for an order."""
        try:
            async with asyncio.timeout(seconds):
                await self._ordered.wait()
        except TimeoutError:
            pass

    async def await_order(self) -> None:
        """Wait for an order."""
        await self._ordered.wait()
