"""The archivist: reads what subscribers are due that is older than the ring, from the source's log.

The archive says which readings are due, and when one has read enough; here they are tasks, which
wait while nobody wants what they come to. Where the log cannot be read, subscribers wait on, and it
is tried again.
"""

import asyncio
from contextlib import aclosing

from feed.broadcast.archive import FRESH_NS, Archive, Reading
from feed.broadcast.cut import Broadcast
from feed.errors import SourceError
from feed.hub.catch_up import CatchUp
from feed.hub.clock import Clock
from feed.logger import logger_of
from feed.sources.source import HoldsLog

RETRY_S = 0.5  # after a reading that came to nothing
_LOOK_S = 0.01  # whether what a reading comes to is wanted again
_LOGGED_AFTER_S = 10.0

log = logger_of("feed.archive")


class Archivist:
    """Reads the log of one source for the archive of one broadcast."""

    def __init__(self, broadcast: Broadcast, catch_up: CatchUp, clock: Clock) -> None:
        """Begin with nothing to read; the broadcast has an archive from now on."""
        self._wished = asyncio.Event()
        self.archive = Archive(self._wished.set)
        broadcast.read_from(self.archive)
        self._ring = broadcast.ring
        self._catch_up = catch_up
        self._clock = clock
        self._failed_s: float | None = None  # when it was logged last that the log cannot be read

    async def run(self, source: HoldsLog) -> None:
        """Read what is wished for, for ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._wished.wait()
                self._wished.clear()
                while (reading := self.archive.begin(self._clock.mono_ns())) is not None:
                    tasks.create_task(self._read(reading, source), name="archive reading")

    async def _read(self, reading: Reading, source: HoldsLog) -> None:
        try:
            try:
                await self._read_on(reading, source)
            except SourceError as error:
                self._note_failure(error)
            if not (reading.pages or reading.is_stale):
                await asyncio.sleep(RETRY_S)
        finally:
            self.archive.end(reading)
            self._wished.set()

    async def _read_on(self, reading: Reading, source: HoldsLog) -> None:
        """Read until nobody wants what comes next, or others are to have their turn.

        Raises:
            SourceError: the log cannot be read now.
        """
        archive = self.archive
        after = self._ring.position(reading.after)
        async with aclosing(source.recount(after)) as stretches:
            async for stretch in stretches:
                if reading.is_stale:
                    return
                pages = reading.pages
                reading.take(stretch)
                if stretch.ends or reading.pages > pages:
                    self._catch_up.hurry()
                if stretch.ends or archive.is_over(reading, self._clock.mono_ns()):
                    return
                if not await self._is_wanted(reading):
                    return
        if not reading.is_stale:
            reading.find_nothing()

    async def _is_wanted(self, reading: Reading) -> bool:
        """Wait until somebody wants what comes next; tell whether somebody does at all."""
        archive, clock = self.archive, self._clock
        until_ns = clock.mono_ns() + FRESH_NS
        await asyncio.sleep(0)
        while not archive.is_wanted(reading, now_ns := clock.mono_ns()):
            if now_ns > until_ns or archive.is_crowded(now_ns):
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    def _note_failure(self, error: SourceError) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._failed_s is None or now_s - self._failed_s > _LOGGED_AFTER_S:
            self._failed_s = now_s
            log.error("archive_unreadable", error=str(error))
