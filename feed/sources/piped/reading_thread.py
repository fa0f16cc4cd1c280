"""A thread that does one job after another, and that nobody waits for when the process ends.

A thread of an executor is waited for at the end of the process: blocked in a read of a pipe into
which nobody writes, it would never come.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

_Told = TypeVar("_Told")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any] | None"]  # nobody waits for the last one


class ReadingThread:
    """One thread, which ends with the process at the latest."""

    __slots__ = ("_jobs",)

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        work = threading.Thread(target=_work, args=(self._jobs,), name="pipe", daemon=True)
        work.start()

    async def run(self, job: Callable[[], _Told]) -> _Told:
        """Do a job there, after those before; return what it returns, or raise what it raises."""
        future: asyncio.Future[_Told] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, future))
        return await future

    def end(self, last: Callable[[], None]) -> None:
        """Let it end once the job that it is at is done, and a last one."""
        self._jobs.put((last, None))


def _work(jobs: SimpleQueue[_Job]) -> None:
    future: asyncio.Future[Any] | None
    while True:
        job, future = jobs.get()
        if future is None:
            job()
            return
        try:
            told, error = job(), None
        except Exception as raised:  # noqa: BLE001 - of any kind: whoever waits is told
            told, error = None, raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            future.get_loop().call_soon_threadsafe(_tell, future, told, error)


def _tell(future: "asyncio.Future[Any]", told: object, error: Exception | None) -> None:
    if future.done():  # whoever waited has given up
        return
    if error is None:
        future.set_result(told)
    else:
        future.set_exception(error)
