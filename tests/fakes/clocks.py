"""A clock for tests: waits take no time, and timeouts fire when the test says so."""

import asyncio
from types import TracebackType

from feed.client.clock import Clock


class ManualClock(Clock):
    """Time that passes only by sleeping, or when the test advances it.

    Attributes:
        slept_s: each wait that was asked for.
    """

    def __init__(self) -> None:
        self.slept_s: list[float] = []
        self.armed: list[ManualTimeout] = []
        self.changed = asyncio.Event()
        self._mono_s = 0.0

    def mono_s(self) -> float:
        return self._mono_s

    def wall_ns(self) -> int:
        return int(self._mono_s * 1e9)

    def advance(self, seconds: float) -> None:
        self._mono_s += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self._mono_s += seconds
        await asyncio.sleep(0)

    def timeout(self, seconds: float) -> "ManualTimeout":
        return ManualTimeout(self, seconds)

    async def wait_until_armed(self, seconds: float) -> "ManualTimeout":
        """Return a timeout of so many seconds, once somebody waits under one."""
        while not (due := [armed for armed in self.armed if armed.seconds == seconds]):
            self.changed.clear()
            await self.changed.wait()
        return due[0]

    async def expire(self, seconds: float) -> None:
        """Let a timeout of so many seconds fire, once somebody waits under one."""
        (await self.wait_until_armed(seconds)).fire()


class ManualTimeout:
    """A context that raises TimeoutError when it is fired.

    Attributes:
        seconds: that were asked for.
        left: it is over, fired or not.
    """

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        self.seconds = seconds
        self.left = asyncio.Event()
        self._clock = clock
        self._timeout = asyncio.timeout(None)

    def fire(self) -> None:
        self._timeout.reschedule(0.0)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._clock.armed.append(self)
        self._clock.changed.set()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clock.armed.remove(self)
        self.left.set()
        await self._timeout.__aexit__(kind, error, trace)
