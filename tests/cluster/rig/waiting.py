"""Waiting for what other processes announce to nobody."""

import asyncio
from collections.abc import Awaitable, Callable

_LOOK_S = 0.1


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when a condition holds; whoever calls bounds how long that may take."""
    while not await condition():  # noqa: ASYNC110 - another process
        await asyncio.sleep(_LOOK_S)
