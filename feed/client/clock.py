"""Time as a stream needs it, in one place, so that tests need not wait."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager


class Clock:
    """The event loop's time; another one may stand in for it in tests."""

    def mono_s(self) -> float:
        """Return seconds that only grow."""
        return asyncio.get_running_loop().time()

    def wall_ns(self) -> int:
        """Return the time of day, nanoseconds since the Unix epoch."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Return a context that raises TimeoutError in a block that takes longer."""
        return asyncio.timeout(seconds)
