"""Ending tasks that ask NATS: a cancellation may be lost in `asyncio.wait_for` before Python 3.12.

Where the answer comes in the same turn of the loop, the wait returns it, and the task goes on as if
nobody had cancelled it. So it is cancelled again until it has ended.
"""

import asyncio
from collections.abc import Iterable

_AGAIN_S = 0.1


async def end_tasks(tasks: Iterable["asyncio.Task[object] | asyncio.Task[None]"]) -> None:
    """Cancel tasks, and return when all of them have ended."""
    pending: set[asyncio.Task[object] | asyncio.Task[None]] = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
