"""The keeper: it has what happens here written down, so that another process can go on.

A cut is in the tail and the cell before anything of it is written to anybody, and with the writer
as soon. A checkpoint is taken every half a minute, between two lists of the source, in one step: of
ticks only references, since they never change. It is encoded, and the finished bars are copied, in
slices after that; it is packed and written by the thread. Where records had to be left out, one is
tried every few seconds. As often it is seen that the directory is ours still.

Whoever acknowledges what it has cut asks when a kill would leave it: at once, in the tail.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from feed.broadcast.log import Record
from feed.broadcast.ring import RingBuffer
from feed.hub.clock import Clock
from feed.ingest.runner import Ingest
from feed.logger import logger_of
from feed.state import parts
from feed.state.awaiting import Awaiting
from feed.state.cell import Cell, Contents, Mark
from feed.state.directory import Directory, boot_id, unwritable
from feed.state.erasing.eraser import Eraser
from feed.state.erasing.walk import blank_what_is_deleted
from feed.state.gathering import gather
from feed.state.handed import Handed
from feed.state.recovery import Recovery
from feed.state.restore import Elsewhere, Found, Now, take_up
from feed.state.tail import Tail
from feed.state.writer import Writer
from feed.trust.lookout import in_daemon_thread

CHECKPOINT_S = 30.0  # what comes after a checkpoint is replayed when it is taken up: 0.5 s at most
RETRY_S = 5.0

log = logger_of("feed.state")


class Keeper:
    """Keeps the state of one server in a directory.

    Attributes:
        ring: with all that was taken up.
        found: what became of what another process had left there.
        writer: writes it.
        eraser: erases in it what was deleted.
        checkpoints: how many were written.
        failures: how many could not be.
        checkpointed_ns: when the newest was taken, monotonic; at first, when it began.
        given_before: how many ticks the source had given to the processes before this one.
    """

    takes_ticks = True

    def __init__(
        self,
        directory: Directory,
        capacity: int,
        source: str,
        clock: Clock,
        checkpoint_s: float,
        *,
        elsewhere: Elsewhere | None = None,
        handed: Handed | None = None,
    ) -> None:
        """Take up what is in a directory, and begin to write there.

        Args:
            directory: locked for us.
            capacity: of the ring.
            source: the name of the source.
            clock: what the time is.
            checkpoint_s: between two checkpoints.
            elsewhere: asked for what a kill has taken along; None: nobody has it.
            handed: what the process before has handed on; None: it is looked for in the directory.
        """
        boot = boot_id()
        now = Now(clock.mono_ns(), clock.wall_ns(), boot)
        self._clock = clock
        self._directory = directory
        self._checkpoint_s = checkpoint_s
        if handed is None:
            self.found: Found = take_up(directory, capacity, source, now, elsewhere)
        else:
            self.found = handed.found_in(directory)
        _tell(self.found, directory)
        if self.found.aside is not None:
            _blank(directory)
        restored = self.found.restored
        self.ring = RingBuffer(capacity) if restored is None else restored.ring
        self.given_before = 0 if restored is None else restored.given
        # Until there is a checkpoint of this epoch, a kill leaves nothing that could be taken up.
        is_whole = restored is not None if handed is None else handed.is_whole
        mark = Mark.RUNNING if is_whole else Mark.UNLOGGED
        epoch, newest = self.ring.epoch, self.ring.newest
        self._lacks_tail = False  # and that is told
        # What a tail holds is in the log by now, and nothing of it may be read again; what a killed
        # process had begun of a checkpoint is nobody's.
        for rest in (directory.tail, directory.new_checkpoint):
            rest.unlink(missing_ok=True)
        self._cell = Cell(directory.cell, Contents(epoch, boot, mark, newest, self.given_before))
        tail = self._make_tail()
        self.writer = Writer(directory, self._cell, tail, epoch, is_whole=is_whole)
        meta = None if restored is None else restored.meta
        checkpointed = -1 if meta is None else meta["sequence"]
        self.eraser = Eraser(directory, self.writer, clock, checkpointed)
        if restored is not None:
            self.eraser.note(restored.deletions)
        self.checkpoints = self.failures = 0
        self.checkpointed_ns = now.mono_ns
        self._told_fault = ""
        self._is_taken_away = False  # the directory, and another server has it
        self._checkpointing = asyncio.Lock()
        self._awaiting = Awaiting(lambda: self.writer.durable)
        self._is_closed = False

    def note_cut(self, record: Record) -> None:
        """Note a cut, and return at once; see `feed.broadcast.log`."""
        given = self.given_before + record.given
        self.writer.append(record, given, self._clock.mono_ns())
        if self.writer.fault != self._told_fault:
            self._tell_fault(self.writer.fault)
        if record.deletions:
            self.eraser.note(record.deletions)
        self._awaiting.note_cut()

    def when_durable(self, sequence: int, call: Callable[[], None]) -> None:
        """Have somebody called once a kill would leave all that was cut up to a sequence.

        At once, where it would by now; else from the loop, right after the cut where there is room
        in the tail, and within some 50 ms where there is not. While records are left out nobody is
        called, nor after the end.

        Args:
            sequence: whoever waits for less than one that waits already is called after it.
            call: what is called; it raises nothing.
        """
        self._awaiting.add(sequence, call)

    def durable(self) -> int | None:
        """Return the newest sequence that a kill would leave; None: a kill means a new epoch."""
        return self.writer.durable

    def give_back(self, ingest: Ingest) -> None:
        """Give every room what it knew, before anything begins; what was taken up is let go of."""
        restored = self.found.restored
        if restored is None:
            return
        resumes = parts.take_up(restored, ingest)
        self.found = replace(self.found, restored=None)
        log.info(
            "state_taken_up",
            epoch=self.ring.epoch,
            newest=restored.ring.newest,
            oldest=restored.ring.oldest,
            lost=restored.lost,
            from_others=restored.from_others,
            source_resumes=resumes,
        )

    async def run(self, ingest: Ingest) -> None:
        """Take checkpoints, and erase what is deleted, for as long as the server runs."""
        erasing = asyncio.create_task(self.eraser.run(lambda: self.checkpoint(ingest)))
        try:
            await self._take_checkpoints(ingest)
        finally:
            erasing.cancel()
            await asyncio.wait([erasing])

    async def _take_checkpoints(self, ingest: Ingest) -> None:
        """Take checkpoints now and then, from when there is a source."""
        await ingest.ready.wait()
        while not (self._is_taken_away or self._is_closed):
            await self.checkpoint(ingest)
            rest_s = self._checkpoint_s
            while rest_s > 0:
                await asyncio.sleep(min(rest_s, RETRY_S))
                is_well = self.writer.takes and await in_daemon_thread(self._directory.is_ours)
                rest_s = rest_s - RETRY_S if is_well else 0

    async def checkpoint(self, ingest: Ingest, *, is_last: bool = False) -> bool:
        """Take a checkpoint, and wait until it is written; tell whether it was."""
        async with self._checkpointing:  # else an older one might take the place of the last
            return (is_last or not self._is_closed) and await self._checkpoint(ingest, is_last)

    async def _checkpoint(self, ingest: Ingest, is_last: bool) -> bool:
        if not await self._has_directory():
            return False
        if not (self.writer.has_tail or is_last):
            tail = await in_daemon_thread(self._make_tail)
            if tail is not None:
                self.writer.begin_tail(tail)
        broadcast = ingest.hub.broadcast
        async with ingest.between_lists():
            gathered = gather(ingest, self.given_before)
            keep_from = min(broadcast.ring.oldest, broadcast.cut_sequence + 1)
            self.eraser.checkpointed = gathered.sequence
            self.writer.take_again()
        packed, sequence, mono_ns = await gathered.packed(), gathered.sequence, gathered.mono_ns
        written = self.writer.write_checkpoint(
            packed, sequence, mono_ns, keep_from=keep_from, is_last=is_last
        )
        try:
            size = await asyncio.wrap_future(written)
        except Exception as error:  # noqa: BLE001 - of any kind: the server stays
            self._fail(error)
            return False
        self.checkpoints += 1
        self.checkpointed_ns = mono_ns
        log.debug("checkpoint", sequence=sequence, bytes=size)
        return True

    async def _has_directory(self) -> bool:
        """See that the directory is ours still; where it is gone, make it anew.

        Where another server has it by now, nothing is written any more, for good: what it will
        leave there is its own.
        """
        if self._is_taken_away or await in_daemon_thread(self._directory.is_ours):
            return not self._is_taken_away
        self._give_up("the directory is gone")
        try:
            begun = await in_daemon_thread(self._begin_anew)
        except OSError as error:
            self._fail(error)
            return False
        if begun is None:
            self._is_taken_away = True
            self._give_up("the directory was taken away, and another server has it by now")
            return False
        cell, tail = begun
        cell.store(*self._cell.stored)
        self._cell = cell  # the other one may be in the hands of the thread for a moment
        self.writer.move_to(cell, tail)
        log.warning("state_begun_anew", directory=str(self._directory.path))
        return True

    def _begin_anew(self) -> tuple[Cell, Tail | None] | None:
        """Make the directory anew, with a cell and a tail in it; None: another server has it."""
        if not self._directory.take_again():
            return None
        _blank(self._directory)
        tail = self._make_tail()
        contents = Contents(self.ring.epoch, boot_id(), Mark.UNLOGGED, *self._cell.stored)
        return Cell(self._directory.cell, contents), tail

    def _make_tail(self) -> Tail | None:
        """Begin a tail; None: there is no room for one, which is told."""
        path = self._directory.tail
        try:
            tail = Tail(path, self.ring.epoch)
        except OSError as error:
            if not self._lacks_tail:
                log.warning("state_without_tail", directory=str(path.parent), error=error.strerror)
            self._lacks_tail = True
            return None
        if self._lacks_tail:
            log.info("state_has_tail", directory=str(path.parent))
        self._lacks_tail = False
        return tail

    def _give_up(self, fault: str) -> None:
        self.writer.give_up(fault)
        self._tell_fault(fault)

    def _fail(self, error: Exception) -> None:
        """Count and tell a checkpoint that could not be written."""
        self.failures += 1
        log.error(
            "checkpoint_failed",
            directory=str(self._directory.path),
            error=str(error),
            exc_info=None if isinstance(error, OSError) else error,  # the disk's says all
        )

    def _tell_fault(self, fault: str) -> None:
        """Say that records are left out, or that they are not any more."""
        self._told_fault = fault
        directory = str(self._directory.path)
        if fault:
            log.error("state_unlogged", directory=directory, error=fault)
        else:
            log.info("state_logged_again", directory=directory)

    async def rest(self) -> None:
        """Take no checkpoint any more; one that was begun is written."""
        self._is_closed = True
        async with self._checkpointing:
            pass

    async def leave(self) -> bool:
        """Write what waits, and leave the directory, locked, to another process.

        Nothing is published any more, and `rest` was called.

        Returns:
            Whether the log and the checkpoint that are there are whole.
        """
        await self.eraser.finish()
        self._awaiting.end()
        await in_daemon_thread(self.writer.close)
        self._cell.close()
        return self.writer.durable is not None

    @property
    def lock(self) -> int:
        """The descriptor of the directory's lock."""
        return self._directory.lock

    def let_go(self) -> None:
        """Let go of the lock, which another process has too."""
        self._directory.unlock()

    async def close(self, ingest: Ingest) -> None:
        """Write all of it through to the disk, and mark it clean; nothing is published any more.

        Harmless when called twice.
        """
        if self._is_closed:
            return
        self._is_closed = True
        await self.eraser.finish()
        if await self.checkpoint(ingest, is_last=True) and self.writer.takes:
            log.info("state_kept", epoch=self.ring.epoch, newest=ingest.hub.broadcast.cut_sequence)
        self._awaiting.end()
        self.writer.close()
        if self.writer.takes:  # all that it holds is in the log
            with suppress(OSError):
                self._directory.tail.unlink()
        self._cell.close()
        self._directory.unlock()


def _tell(found: Found, directory: Directory) -> None:
    """Say why what was found is not taken up, if it is not."""
    if found.recovery is Recovery.REFUSED:
        log.error(
            "state_refused",
            directory=str(directory.path),
            reason=found.words,
            aside=None if found.aside is None else found.aside.name,
        )
    elif found.words:
        log.warning("state_given_up", directory=str(directory.path), reason=found.words)


def _blank(directory: Directory) -> None:
    """Erase in files that were put aside what they say themselves is deleted."""
    left = blank_what_is_deleted(directory.asides())
    if left:
        log.error("erasing_incomplete", directory=str(directory.path), error=", ".join(left))


def open_keeper(
    path: Path,
    capacity: int,
    source: str,
    clock: Clock,
    checkpoint_s: float = CHECKPOINT_S,
    *,
    elsewhere: Elsewhere | None = None,
    handed: Handed | None = None,
) -> Keeper:
    """Take up the state in a directory, and keep it there from now on; see `Keeper`.

    Raises:
        InvalidParameter: another server has it, or it cannot be written to.
    """
    directory = Directory(path, None if handed is None else handed.lock)
    try:
        return Keeper(
            *(directory, capacity, source, clock, checkpoint_s),
            elsewhere=elsewhere,
            handed=handed,
        )
    except OSError as error:
        directory.unlock()
        raise unwritable(path, error) from error
