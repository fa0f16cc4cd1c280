"""Who waits for what: calls and coroutines, until the bus has acknowledged a sequence."""

import asyncio
from collections import deque
from collections.abc import Callable

from feed.errors import NotNow

RETRY_S = 1.0  # after which another one leads, mostly


class Acknowledging:
    """Tells those that wait, in the order in which they asked.

    Attributes:
        sequence: all up to it is acknowledged.
    """

    __slots__ = ("_calls", "_ended", "_waiting", "sequence")

    def __init__(self, sequence: int) -> None:
        """Begin where all up to a sequence is."""
        self.sequence = sequence
        self._calls: deque[tuple[int, Callable[[], None]]] = deque()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._ended = ""

    def call(self, sequence: int, call: Callable[[], None]) -> None:
        """Have somebody called; whoever waits for less than one that waits is called after it."""
        if sequence <= self.sequence and not self._calls:
            call()
            return
        self._calls.append((sequence, call))

    async def settled(self, sequence: int) -> None:
        """Wait.

        Raises:
            NotNow: it never will be acknowledged.
        """
        if sequence <= self.sequence:
            return
        if self._ended:
            raise NotNow(self._ended, RETRY_S)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append((sequence, waiting))
        await waiting

    def note(self, sequence: int) -> None:
        """Hear that all up to a sequence is."""
        self.sequence = max(self.sequence, sequence)
        while self._calls and self._calls[0][0] <= self.sequence:
            self._calls.popleft()[1]()
        while self._waiting and self._waiting[0][0] <= self.sequence:
            _, waiting = self._waiting.popleft()
            if not waiting.done():  # whoever waits may have gone
                waiting.set_result(None)

    def end(self, words: str) -> None:
        """Hear that nothing more will be; nobody else is called."""
        self._ended = words
        self._calls.clear()
        while self._waiting:
            _, waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(NotNow(words, RETRY_S))
