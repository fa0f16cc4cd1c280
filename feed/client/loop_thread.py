"""An event loop in a thread of its own, for scripts and notebooks that have none, or a busy one."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines for callers that wait."""

    def __init__(self, what: str) -> None:
        """Run nothing yet.

        Args:
            what: lives on the loop, for the words of errors: "a blocking stream".
        """
        self._what = what
        self._loop: asyncio.AbstractEventLoop | None = None  # runs while it is begun
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Run the loop.

        Raises:
            RuntimeError: it runs already.
        """
        if self._loop is not None:
            raise RuntimeError(f"{self._what} is in a with block already")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="feed")
        self._thread.start()

    def end(self) -> None:
        """End the loop, and with it what its coroutines left open."""
        assert self._loop is not None
        assert self._thread is not None
        self.wait(_end_tasks())
        self.wait(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do some work on the loop, and return what it returns; raises what it raises."""
        if self._loop is None:
            work.close()
            raise RuntimeError(f"{self._what} is used in a with block")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:  # Ctrl-C reaches this thread, not the loop's
            future.cancel()
            raise


async def _end_tasks() -> None:
    """End what is left on the loop; what was cancelled already is given the time to clean up."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        if not task.cancelling():
            task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
