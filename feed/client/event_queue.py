"""What happened and was not given yet: in order, each once, and bounded.

Until somebody asks for the first, only the newest wait: whoever never asks is
not waited for. From then on nothing is dropped; who gives waits until there is space.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")

MOST_WAITING = 10_000


class EventQueue(Generic[Item]):
    """Waits between one who gives and one who takes."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        """Begin with nothing."""
        self._most = most
        self._items: deque[Item] = deque()
        self._is_taken_from = False
        self._ended = False
        self._failure: Exception | None = None
        self._changed = asyncio.Event()  # another one each time

    def put(self, item: Item) -> None:
        """Give one."""
        self._items.append(item)
        if not self._is_taken_from and len(self._items) > self._most:
            self._items.popleft()
        self._ring()

    async def space(self) -> None:
        """Wait until no more wait than may."""
        while self._is_taken_from and len(self._items) >= self._most and not self._ended:
            await self._changed.wait()

    def end(self, failure: Exception | None = None) -> None:
        """Give none any more; who has taken the last one is told the failure, if there is one."""
        self._failure = self._failure or failure
        self._ended = True
        self._ring()

    async def take(self) -> Item | None:
        """Return the next one, or None once that was the last; may be cancelled.

        Raises:
            Exception: the failure that it was ended with.
        """
        self._is_taken_from = True
        while not self._items:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return None
            await self._changed.wait()
        item = self._items.popleft()
        self._ring()
        return item

    def _ring(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
