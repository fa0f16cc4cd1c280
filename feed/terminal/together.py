"""Several things at once, until one of them is done."""

import asyncio
from collections.abc import Coroutine


async def until_first(*works: Coroutine[object, object, None]) -> None:
    """Do all of these at once; return, or raise, as the first of them does, and end the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
