"""A stream for scripts and notebooks that have no event loop, or one that is busy.

The stream lives on a loop in a thread of its own, where it waits while nobody asks: it reads no
more ahead than its asynchronous self. Knows nothing of connections and ticks.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from feed.client.events import Batch, Counters, Event
from feed.client.stream import Stream
from feed.client.tables import Library, Tables, tables_of

Result = TypeVar("Result")


class BlockingStream:
    """A `Stream` whose methods wait; use it in a `with` block.

    Attributes:
        stream: the stream itself; its attributes can be read at any time.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._loop: asyncio.AbstractEventLoop | None = None  # runs while the stream is entered
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="feed")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._wait(self.stream.close())
        self._wait(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Batch:
        """Return the next batch; raises as `Stream.__anext__` does."""
        try:
            return self._wait(self.stream.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    @property
    def position(self) -> str | None:
        """The position after the last event that was given."""
        return self.stream.position

    @property
    def counters(self) -> Counters:
        """The counters of the stream."""
        return self.stream.counters

    def open(self) -> None:
        """Connect now; returns once the connection stands."""
        self._wait(self.stream.open())

    def events(self) -> Iterator[Event]:
        """Yield batches and everything else that happens, in order."""
        while (event := self._wait(self.stream.next_event())) is not None:
            yield event

    def frames(self, library: Library | None = None, *, rows: int = 1) -> Iterator[Tables]:
        """Yield frames of pandas or polars, as `Stream.frames` does."""
        frames = tables_of(self.stream, library, rows=rows)
        while True:
            try:
                yield self._wait(_next(frames))
            except StopAsyncIteration:
                return

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self._loop is None:
            work.close()
            raise RuntimeError("a blocking stream is used in a with block")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:  # Ctrl-C reaches this thread, not the loop's
            future.cancel()
            raise


async def _next(frames: AsyncIterator[Tables]) -> Tables:
    return await anext(frames)
