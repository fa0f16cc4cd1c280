"""Supervision: a task without an end outlives whatever fails in it, and tells what it was.

Housekeeping that has ended in silence would keep nobody alive and end no identity, and who is
behind would stay there, while everything looks as if it went well.
"""

import asyncio
from collections.abc import Awaitable, Callable

from feed.logger import logger_of

PAUSE_S = 1.0  # before a task that has failed begins anew: what fails may fail again

log = logger_of("feed.hub")


async def keep_running(
    name: str, run: Callable[[], Awaitable[None]], pause_s: float = PAUSE_S
) -> None:
    """Run a task, and begin it anew whenever it fails.

    Args:
        name: of the task, for the log.
        run: does its work for ever; what it has done stands outside of it.
        pause_s: before it begins anew.
    """
    while True:
        try:
            await run()
        except Exception:
            log.exception("task_failed", task=name)
        await asyncio.sleep(pause_s)
