"""How long tests wait for what must happen, and no longer: nothing here is a measurement."""

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import count

# What has not happened by then in this process, even on a busy machine, does not happen.
PATIENCE_S = 60.0
# The same of what programs do that have to be started first.
PROGRAM_PATIENCE_S = 90.0
_LOOK_AGAIN_S = 0.002


async def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Return when a condition holds; fail when it does not come to hold.

    For conditions of the server that it announces to nobody; what a client sees is awaited there.
    """
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"did not happen within {patience_s:g} s")
        await asyncio.sleep(_LOOK_AGAIN_S)


def repeat_until(condition: Callable[[], object]) -> Iterator[int]:
    """Count from 1 while a condition does not hold; fail when it does not come to hold.

    For what a test does again and again until it has an effect.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    for attempt in count(1):
        if condition():
            return
        if time.monotonic() > deadline_s:
            raise AssertionError(f"had no effect within {PATIENCE_S:g} s")
        yield attempt
