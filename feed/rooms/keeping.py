"""Waiting until a kill would leave what was published, where anything is kept."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE_S = 5.0  # that an answer waits at most


@dataclass(frozen=True, slots=True)
class Keeping:
    """What keeps words over restarts.

    Attributes:
        durable: tells the newest sequence that a kill would leave; None: nothing is kept now.
        when_durable: has somebody called once all up to a sequence would be left.
    """

    durable: Callable[[], int | None]
    when_durable: Callable[[int, Callable[[], None]], None]

    async def kept(self, sequence: int) -> bool:
        """Wait until a kill would leave all up to a sequence; tell whether that is so."""
        if self.durable() is None:
            return False
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.when_durable(sequence, lambda: None if kept.done() else kept.set_result(None))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await kept
        except TimeoutError:
            return False
        return True
