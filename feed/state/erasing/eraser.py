"""The eraser: it sees to it that what was deleted is gone from all files of a state, and soon.

Theory of operation: that something is deleted is in the log first, so that a kill at any time
leaves it to the next server, which does it again. Then the thread that writes the log walks over
its files; the tail gets rid of the half that has the text; where the checkpoint may have it,
another one is taken; and what was changed is written through to the disk. What is deleted meanwhile
waits for the next turn, a second later at the earliest, and goes together.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from feed.broadcast.log import Deletion
from feed.hub.clock import Clock
from feed.logger import logger_of
from feed.state.directory import Directory
from feed.state.erasing.texts import Name
from feed.state.erasing.walk import Walk
from feed.state.writer import Writer
from feed.trust.lookout import in_daemon_thread

REST_S = 1.0  # between two turns, each of which may read all of the log
RETRY_S = 5.0
_LOOK_S = 0.025  # at the tail, until the thread has written what it holds

log = logger_of("feed.state")


class Eraser:
    """Erases what was deleted from the files of one state.

    Attributes:
        checkpointed: the sequence of the newest checkpoint that was taken; -1: there is none.
        erased: how many messages were so far.
    """

    __slots__ = (
        "_clock",
        "_directory",
        "_pending",
        "_told",
        "_wake",
        "_wants_checkpoint",
        "_writer",
        "checkpointed",
        "erased",
    )

    def __init__(
        self, directory: Directory, writer: Writer, clock: Clock, checkpointed: int
    ) -> None:
        """Begin with nothing to erase.

        Args:
            directory: of the state.
            writer: of its files.
            clock: what the time is.
            checkpointed: the sequence of the checkpoint that is there; -1: there is none.
        """
        self.checkpointed = checkpointed
        self.erased = 0
        self._directory = directory
        self._writer = writer
        self._clock = clock
        self._pending: dict[Name, Deletion] = {}
        self._wants_checkpoint = False
        self._wake = asyncio.Event()
        self._told: Collection[str] = ()  # what cannot be done, so that it is told once

    @property
    def pending(self) -> int:
        """How many deleted messages may be in some file still."""
        return len(self._pending)

    @property
    def left(self) -> Sequence[Deletion]:
        """The deletions of these."""
        return list(self._pending.values())

    def note(self, deletions: Sequence[Deletion]) -> None:
        """Have messages erased, and return at once; the writer has been given their deletions."""
        for each in deletions:
            self._pending[each.room, each.id] = each
            self._wants_checkpoint |= each.first <= self.checkpointed
        self._wake.set()

    async def run(self, checkpoint: Callable[[], Awaitable[bool]]) -> None:
        """Erase whatever is noted, for ever.

        Args:
            checkpoint: takes one, and tells whether it was written.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            is_done = await self._erase(checkpoint)
            if not is_done:
                self._wake.set()
            await asyncio.sleep(REST_S if is_done else RETRY_S)

    async def finish(self) -> None:
        """Erase what is pending, before the last checkpoint is taken; nothing else is noted."""
        await self._erase(None)

    async def _erase(self, checkpoint: Callable[[], Awaitable[bool]] | None) -> bool:
        """Erase what is pending by now; tell whether it was."""
        deletions = list(self._pending.values())
        if not deletions:
            return True
        wants_checkpoint, self._wants_checkpoint = self._wants_checkpoint, False
        try:
            walk = await self._walk(deletions)
            upto = max(each.last for each in deletions)
            while not self._writer.erase_tail(upto):  # noqa: ASYNC110 - the thread tells nobody
                await asyncio.sleep(_LOOK_S)
            is_done = True
            if checkpoint is not None and wants_checkpoint:
                is_done = await checkpoint()
            if is_done:
                await in_daemon_thread(partial(_sync, self._directory, walk.changed))
        except Exception as error:  # noqa: BLE001 - of any kind: it is tried again
            self._tell("erasing_failed", str(error))
            is_done = False
        if not is_done:
            self._wants_checkpoint |= wants_checkpoint
            return False
        for each in deletions:
            if self._pending.get((each.room, each.id)) is each:
                del self._pending[each.room, each.id]
        self.erased += len(deletions)
        self._told = ()
        return True

    async def _walk(self, deletions: Sequence[Deletion]) -> Walk:
        """Have the thread walk over all files."""

        def work(pause: Callable[[], object]) -> Walk:
            walk = Walk(self._directory, pause)
            walk.erase(deletions)
            return walk

        walk = await asyncio.wrap_future(self._writer.do(work, self._clock.mono_ns()))
        if walk.left:
            self._tell("erasing_incomplete", ", ".join(sorted(walk.left)))
        return walk

    def _tell(self, event: str, words: str) -> None:
        """Tell what cannot be done, once while it stays the same."""
        if words not in self._told:
            self._told = (*self._told, words)
            log.error(event, directory=str(self._directory.path), error=words)


def _sync(directory: Directory, changed: Collection[Path]) -> None:
    """Have the kernel write to the disk what was changed, and what has come anew.

    Raises:
        OSError: it cannot.
    """
    for path in (*changed, directory.tail, directory.checkpoint):
        with suppress(FileNotFoundError), path.open("r+b") as file:  # it is not needed any more
            os.fsync(file.fileno())
    directory.sync()
