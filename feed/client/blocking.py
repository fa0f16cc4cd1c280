"""A stream for scripts and notebooks that have no event loop, or one that is busy.

The stream lives on a loop in a thread of its own, where it waits while nobody asks: it reads no
more ahead than its asynchronous self. Knows nothing of connections and ticks.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Self, TypeVar

from feed.client.events import Batch, Counters, Event
from feed.client.stream import Stream
from feed.client.tables import Library, Tables, tables_of
from feed.client.twins import BlockingBlock
from feed.client.words import Words

Item = TypeVar("Item")


class BlockingStream(BlockingBlock):
    """A `Stream` whose methods wait; use it in a `with` block.

    Attributes:
        stream: the stream itself; its attributes can be read at any time.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, "a blocking stream")
        self.stream = stream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Batch:
        """Return the next batch; raises as `Stream.__anext__` does."""
        try:
            return self._thread.wait(self.stream.__anext__())
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
        self._thread.wait(self.stream.open())

    def events(self) -> Iterator[Event]:
        """Yield batches and everything else that happens, in order."""
        while (event := self._thread.wait(self.stream.next_event())) is not None:
            yield event

    def words(self) -> Iterator[Words]:
        """Yield what language models answer, as `Stream.words` does."""
        words = self.stream.words()
        while True:
            try:
                yield self._thread.wait(_next(words))
            except StopAsyncIteration:
                return

    def frames(self, library: Library | None = None, *, rows: int = 1) -> Iterator[Tables]:
        """Yield frames of pandas or polars, as `Stream.frames` does."""
        frames = tables_of(self.stream, library, rows=rows)
        while True:
            try:
                yield self._thread.wait(_next(frames))
            except StopAsyncIteration:
                return


async def _next(items: AsyncIterator[Item]) -> Item:
    return await anext(items)
