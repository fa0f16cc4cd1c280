"""Pages of the archive for finite requests: what is older than the ring, read from the stream.

A request wishes for pages like any subscriber, and shares their readings. It reads so many of them
at most, and waits for each not long, out of the line in which finite requests are answered: what it
has by then is its answer, which says where the next one goes on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from feed.broadcast.archive import Archive
from feed.broadcast.archive_page import Page, page_number
from feed.errors import NotNow
from feed.hub.clock import Clock

MOST_PAGES = 64  # of a request: 32,768 events
PATIENCE_S = 2.0  # for a page
RETRY_S = 1.0
_LOOK_S = 0.005

Line = asyncio.Semaphore  # those that are in it are answered


class OldPages:
    """The pages that one request reads."""

    def __init__(self, archive: Archive, clock: Clock, line: Line | None) -> None:
        """Begin without any.

        Args:
            archive: whose pages they are.
            clock: what the time is.
            line: whoever asks is in it, and is not while it waits; None: it is in none.
        """
        self._archive = archive
        self._clock = clock
        self._line = line
        self._read: set[int] = set()

    async def come(self, sequence: int) -> bool:
        """Wait for the page that speaks for a sequence; False: the request has read enough.

        Raises:
            NotNow: it does not come, and none came before.
        """
        if not self._read:
            self._archive.requests += 1
        number = page_number(sequence)
        if number not in self._read and len(self._read) >= MOST_PAGES:
            return False
        if self.page(sequence) is None:
            async with self._out_of_line():
                is_there = await self._wait(sequence)
            if not is_there and not self._read:
                words = "what is older than the ring cannot be read from the stream now"
                raise NotNow(f"{words}: come back", RETRY_S)
            if not is_there:
                return False
        self._read.add(number)
        return True

    def page(self, sequence: int) -> Page | None:
        """Return the page that has come for a sequence; None: it is not there any more."""
        return self._archive.page(sequence, self._clock.mono_ns())

    async def _wait(self, sequence: int) -> bool:
        """Wait until a page is there; tell whether it is, before too long."""
        until_ns = self._clock.mono_ns() + int(PATIENCE_S * 1e9)
        while self.page(sequence) is None:
            if self._clock.mono_ns() >= until_ns:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    @asynccontextmanager
    async def _out_of_line(self) -> AsyncIterator[None]:
        """Let others be answered meanwhile."""
        if self._line is None:
            yield
            return
        self._line.release()
        try:
            yield
        finally:
            # Whoever is cancelled here leaves the line at once, and takes its place in it later.
            await asyncio.shield(asyncio.ensure_future(self._line.acquire()))
