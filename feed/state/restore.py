"""Reading a state: what another process has left, as far as it can be taken up.

The checkpoint says how everything stood at a sequence, and the log what came before it, for the
ring, and after it. What a killed process had not written to the log is in its tail, from where it
goes into the log. Where records are in neither, since there was no room for them, the ring has a
hole.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from feed.broadcast.keyed_states import KeptLog
from feed.broadcast.log import Deletion, Record
from feed.broadcast.ring import RingBuffer
from feed.errors import InvalidTick
from feed.market.receipts import Receipt
from feed.market.ticks import Tick
from feed.state import cell, checkpoint, records, tail
from feed.state.cell import Contents, Newer, Unreadable
from feed.state.directory import Directory
from feed.state.erasing import redo
from feed.state.erasing.texts import Name
from feed.state.records import Truncated
from feed.state.recovery import TAKEN_UP, WORDS, Recovery, judge
from feed.state.replayed import Replayed
from feed.state.words import Numbered, log_of
from feed.wire.json_ticks import TickReader
from feed.wire.messages import GapReason
from feed.wire.position import Position

_Decoded = TypeVar("_Decoded")
# Returns the cuts behind a position that others have, up to a sequence; in order, without holes.
Elsewhere = Callable[[Position, int], Sequence[Record]]


@dataclass(frozen=True, slots=True)
class Now:
    """The present moment, by both clocks, and the machine's boot."""

    mono_ns: int
    wall_ns: int
    boot: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What is taken up.

    Attributes:
        ring: with all that the log has of it.
        given: how many ticks the source had given in all.
        meta: all of the checkpoint that is small, see `feed.state.parts`; None: there was none that
            could be taken up, and the log is all that there is.
        snapshot: the last known ticks as of the checkpoint.
        bars: the finished bars by then: kind, symbol, rows.
        words: what was kept of each key of words by then.
        after: the ticks since the checkpoint, as far as they were logged.
        after_words: the words likewise, with their sequences.
        receipts: of the batches among these, with when they were applied, by our monotonic clock.
        later_ns: our monotonic clock less theirs, at the same moment.
        lost: how many sequences of its last process are in holes; 0: nothing was lost.
        from_others: how many of them others had, that would be in holes else.
        deleted: the messages that were deleted, as far as is known.
        deletions: those of them whose texts some file has still, or may have.
        is_handed: the process before has told where its sources stood at the very end.
    """

    ring: RingBuffer
    given: int
    meta: dict[str, Any] | None
    snapshot: list[Tick]
    bars: list[tuple[str, str, bytes]]
    words: list[KeptLog]
    after: list[Tick]
    after_words: list[Numbered]
    receipts: list[tuple[Receipt, int]]
    later_ns: int
    lost: int
    from_others: int
    deleted: Collection[Name]
    deletions: Sequence[Deletion]
    is_handed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What became of what was found in a directory.

    Attributes:
        recovery: what.
        restored: what is taken up; None: nothing.
        words: why nothing is, for a person; "" where there was nothing.
        aside: where the files are that were refused.
    """

    recovery: Recovery
    restored: Restored | None = None
    words: str = ""
    aside: Path | None = None


def take_up(
    directory: Directory, capacity: int, source: str, now: Now, elsewhere: Elsewhere | None = None
) -> Found:
    """Take up the state in a directory, as far as it can be; what is of no use is taken away.

    Args:
        directory: locked for us.
        capacity: of the ring.
        source: the name of the source; a state of another one is foreign.
        now: the present moment.
        elsewhere: asked for what was lost; None: nobody has it.
    """
    try:
        contents = _read_cell(directory)
        recovery = judge(contents, now.boot)
        if contents is None or recovery not in TAKEN_UP:
            directory.clear()
            return Found(recovery, words=WORDS.get(recovery, ""))
        replayed = Replayed(capacity, contents.epoch, now.mono_ns, checkpointed=0)
        killed = recovery is Recovery.KILLED
        reader = _Reader(directory, contents, capacity, now, killed, replayed, elsewhere)
        return Found(recovery, reader.read(source))
    except Unreadable as unreadable:
        aside = directory.put_aside()
        return Found(Recovery.REFUSED, words=str(unreadable), aside=aside)


def parts_of(
    meta: dict[str, Any], parts: Sequence[Any], reader: TickReader
) -> tuple[list[Tick], list[KeptLog], list[tuple[str, str, bytes]]]:
    """Return the snapshot, the words and the bars of a checkpoint.

    Args:
        meta: its first part.
        parts: the others.
        reader: of their ticks.

    Raises:
        InvalidTick, KeyError, TypeError, ValueError: they are no such parts.
    """
    snapshot = reader.read(parts[0])
    bars_begin = 1 + meta["words"]
    words = [log_of(row, reader) for row in parts[1:bars_begin]]
    return snapshot, words, [(kind, symbol, rows) for kind, symbol, rows in parts[bars_begin:]]


def _read_cell(directory: Directory) -> Contents | None:
    if not directory.cell.exists():
        if any(directory.files()):
            raise Unreadable(f"{directory.cell.name} is missing")
        return None
    return _told(directory.cell, cell.decode)


def _told(path: Path, decode: Callable[[bytes], _Decoded]) -> _Decoded:
    """Decode a file; what is wrong with it is told with its name.

    Raises:
        Unreadable: it cannot be read, or decoded.
    """
    try:
        return decode(_read(path))
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from None
    except Unreadable as unreadable:
        kind = Newer if isinstance(unreadable, Newer) else Unreadable
        raise kind(f"{path.name} {unreadable}") from None


def _read(path: Path) -> bytes:
    """Return what is in a file; opening a pipe would wait for somebody who writes.

    Raises:
        OSError: it cannot be read.
        Unreadable: it is no file.
    """
    if path.exists() and not path.is_file():
        raise Unreadable("is not a regular file")
    return path.read_bytes()


@dataclass(slots=True)
class _Reader:
    """Reads one state whose cell is good."""

    directory: Directory
    contents: Contents
    capacity: int
    now: Now
    killed: bool
    replayed: Replayed
    elsewhere: Elsewhere | None = None
    ticks: TickReader = field(default_factory=TickReader)

    def read(self, source: str) -> Restored:
        """Return what is taken up.

        Raises:
            Unreadable: something of it is torn, foreign, newer or corrupt.
        """
        parts = _told(self.directory.checkpoint, checkpoint.unpack)
        meta = parts[0]
        try:
            snapshot, words, bars = self._check(meta, parts[1:], source)
        except (KeyError, TypeError, ValueError, InvalidTick) as error:
            raise Unreadable(f"checkpoint holds something unexpected: {error!r}") from None
        replayed = self.replayed
        replayed.checkpointed = meta["sequence"]
        for log in words:
            replayed.undone.note_kept(log.words, log.sequences)
        self._redo()
        logs = self.directory.logs()
        for number, (_, path) in enumerate(logs, 1):
            self._read_log(path, is_last=number == len(logs))
        reached = meta["sequence"] if replayed.ring is None else replayed.ring.newest
        found, from_others = self._read_unlogged() if self.killed else (0, 0)
        ring, newest = replayed.ring, self.contents.newest
        if ring is None:
            first = meta["sequence"]
            ring = RingBuffer(
                self.capacity, epoch=self.contents.epoch, newest=first, begins=not first
            )
        if ring.newest > newest:
            raise Unreadable("the log goes on behind the newest sequence of the cell")
        ring.skip(newest, GapReason.LOST, self.now.mono_ns)
        return Restored(
            ring,
            self.contents.given,
            meta,
            snapshot,
            bars,
            words,
            replayed.after,
            replayed.after_words,
            replayed.receipts,
            self._later_ns(meta["wall_offset_ns"]),
            max(0, newest - reached - found),
            from_others,
            replayed.undone.deleted,
            replayed.undone.deletions(meta["sequence"]),
        )

    def _check(
        self, meta: dict[str, Any], parts: list[Any], source: str
    ) -> tuple[list[Tick], list[KeptLog], list[tuple[str, str, bytes]]]:
        """Return the parts of the checkpoint, which has to belong to the cell and the source."""
        if meta["epoch"] != self.contents.epoch:
            raise Unreadable("checkpoint is of another epoch than the cell")
        if meta["sequence"] > self.contents.newest:
            raise Unreadable("checkpoint is of a later sequence than the newest of the cell")
        if meta["source"] != source:
            raise Unreadable(f"checkpoint is of the source {meta['source']}, and this is {source}")
        return parts_of(meta, parts, self.ticks)

    def _redo(self) -> None:
        """Do what a killed process was about to, and has perhaps done in part.

        Raises:
            Unreadable: it is not known what that was, or cannot be done.
        """
        path = self.directory.redo
        if not path.exists():
            return
        overwrites = _told(path, redo.decode)
        try:
            redo.finish(self.directory, overwrites)
        except OSError as error:
            raise Unreadable(f"{path.name} cannot be done: {error.strerror}") from None

    def _read_log(self, path: Path, *, is_last: bool) -> None:
        """Read one file of the log into the ring, and beyond the checkpoint into `after`."""
        try:
            for record in records.decode(_read(path), self.contents.epoch):
                self._take(record)
        except Truncated as torn:
            if not (self.killed and is_last):
                raise Unreadable(f"{path.name} {torn}") from None
            # The kill did that, and nothing may follow what is torn.
            if torn.whole_bytes > records.FILE_HEAD_BYTES:
                os.truncate(path, torn.whole_bytes)
            else:
                path.unlink()
        except (OSError, Unreadable, InvalidTick) as error:
            raise Unreadable(f"{path.name} {error}") from None

    def _read_unlogged(self) -> tuple[int, int]:
        """Read what the log does not have, from the tail and from others, and write it there.

        The tail may lack a cut that had no room there, and have a smaller one that came after it.

        Returns:
            How many ticks were found, and how many of them others had.

        Raises:
            OSError: the log cannot be written.
            Unreadable: what was found does not fit.
        """
        replayed = self.replayed
        reached = replayed.checkpointed if replayed.ring is None else replayed.ring.newest
        missing: list[Record] = []
        from_others = 0
        for record in self._in_tail():
            if record.first > reached + 1:
                others = self._ask_others(reached, record.first - 1)
                from_others += _ticks_of(others)
                missing += others
            missing.append(record)
            reached = max(reached, record.last)
        others = self._ask_others(reached, self.contents.newest)
        missing += others
        self._log_again(missing)
        return _ticks_of(missing), from_others + _ticks_of(others)

    def _in_tail(self) -> list[Record]:
        """Return the cuts of the tail that the log does not have.

        What is wrong with a tail makes a hole, as where there is none. The cell says which record
        was the last that anybody may have been told of: one that a kill has kept from it comes
        again, from the source or its producer.
        """
        try:
            kept = tail.decode(_read(self.directory.tail), self.contents.epoch)
        except (OSError, Unreadable):
            return []
        ring, newest = self.replayed.ring, self.contents.newest
        reached = 0 if ring is None else ring.newest
        return [each for each in kept if reached < each.first and each.last <= newest]

    def _ask_others(self, reached: int, upto: int) -> Sequence[Record]:
        """Return the cuts behind a sequence, up to another one, as far as others have them."""
        if self.elsewhere is None or reached >= upto:
            return []
        return self.elsewhere(Position(self.contents.epoch, reached), upto)

    def _log_again(self, missing: Sequence[Record]) -> None:
        """Take records that the log does not have, and write them there.

        Raises:
            OSError: the log cannot be written.
            Unreadable: a record has no ticks, or does not fit.
        """
        if not missing:
            return
        try:
            for record in missing:
                self._take(record)
        except (Unreadable, InvalidTick) as error:
            raise Unreadable(f"what the tail or others have {error}") from None
        data = b"".join(records.encode(record, record.given) for record in missing)
        with os.fdopen(cell.open_new(self.directory.log(missing[0].first)), "wb") as file:
            file.write(records.file_head(self.contents.epoch) + data)

    def _take(self, record: Record) -> None:
        self.replayed.take(
            record.first,
            self.ticks.read(record.ticks),
            record.ingested_ns,
            self._later_ns(record.wall_offset_ns),
            record.receipts,
        )

    def _later_ns(self, wall_offset_ns: int) -> int:
        """Return our monotonic clock less that of a process with such an offset."""
        if self.now.boot and self.contents.boot == self.now.boot:
            return 0
        return wall_offset_ns - (self.now.wall_ns - self.now.mono_ns)


def _ticks_of(cuts: Sequence[Record]) -> int:
    return sum(len(cut.ingested_ns) for cut in cuts)
