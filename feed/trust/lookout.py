"""A look-out: it looks at a place again and again, whatever happens there.

Revocation depends on it, so that it outlives every error: that is told, once while it stays the
same, and the next look is another try. Places are looked at in daemon threads: a place that never
answers, such as a file system that hangs, holds up neither other places nor the end of the process.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from feed.logger import logger_of

T = TypeVar("T")
_MAX_WORDS = 500  # of an error that nobody foresaw

log = logger_of("feed.lookout")


async def look_for_ever(
    what: str,
    look: Callable[[], bool],
    each_s: float,
    changed: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Look at a place for ever.

    Args:
        what: the place, in words.
        look: tells whether it changed; it runs in a thread.
        each_s: between two looks.
        changed: what follows a change; it is repeated at the next look where it fails.
    """
    is_due = False
    told = ""
    while True:
        await asyncio.sleep(each_s)
        try:
            is_due = await in_daemon_thread(look) or is_due
            if is_due and changed is not None:
                await changed()
            is_due = False
            told = ""
        except Exception as error:  # noqa: BLE001 - whatever it is, the next look must come
            words = f"{type(error).__name__}: {str(error)[:_MAX_WORDS]}"
            if words != told:
                log.error("look_failed", place=what, error=words)  # noqa: TRY400 - one line
            told = words


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Return what work returns, or raise what it raises; the process does not wait for it."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()  # whoever waits may go, and work goes on

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:  # noqa: BLE001 - it is for whoever waits
            done.set_exception(error)

    Thread(target=run, name="feed-look", daemon=True).start()
    return await asyncio.wrap_future(done)
