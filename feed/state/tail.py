"""The tail: what was cut, and is not in the log yet, where a kill leaves it alone.

Theory of operation: a file, mapped into memory, so that keeping a record is copying it: a process
that is killed has kept whatever it had copied, and tells nobody of a cut before. The thread writes
the same records to the log, some 50 ms later, and what it has written is not needed here any more.
So there are two halves: one is filled from its beginning on, and when all that the other one holds
is written, they change places, long before it is full. Whoever reads takes from each half the
records up to the first that is not whole, or older than the one before, which is a rest of the time
before; what the log has already is in it too. Room on the disk is taken when the file is made,
since a page that the disk has no room for would end the process at its first store.

Where both halves are full, since the disk does not keep up, a record is not kept; a kill then takes
along what the thread had not written, as it does where there is no tail at all. It says nothing of
a machine that stops: the kernel writes its pages when it likes.

What is to be erased goes with the half that it is in: once all that a half holds is in the log, and
nothing of it is needed, zeros come over it, and over what it had before. Nothing is written over in
a half of which something is needed: a kill amid that would take it along.
"""

import errno
import mmap
import os
import shutil
import zlib
from pathlib import Path
from struct import Struct

from feed.broadcast.log import Record
from feed.state.cell import SCHEMA, Unreadable, check_schema, open_new
from feed.state.records import decode_one

# Half a second of what one core can encode; of a market of 5,000 ticks/s 10 s.
HALF_BYTES = 8 << 20
_TURN_SHARE = 32  # of a half is filled before they change places: it stays in the cache
_HEAD = Struct("<8sII32s")  # magic, schema, CRC of what follows, epoch
_MAGIC = b"feedtail"
_HALVES_AT = 4_096
_HALVES = 2
_PIECE_BYTES = 1 << 20
_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})  # by some file systems


class Tail:
    """A tail that is open for keeping records."""

    __slots__ = (
        "_afters",
        "_at",
        "_begin",
        "_end",
        "_ends",
        "_half_bytes",
        "_lasts",
        "_map",
        "_turn_at",
        "_turn_bytes",
        "_used",
    )

    def __init__(self, path: Path, epoch: str, half_bytes: int = HALF_BYTES) -> None:
        """Put a new file in the place of the one that may be there, and map it.

        Args:
            path: of the file.
            epoch: of the sequences.
            half_bytes: of each half.

        Raises:
            OSError: it cannot be written, or the disk would have less room left than it takes.
        """
        size = _HALVES_AT + _HALVES * half_bytes
        if shutil.disk_usage(path.parent).free < 2 * size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        new = path.with_suffix(".new")
        try:
            with os.fdopen(open_new(new), "wb", buffering=0) as file:
                _allocate(file.fileno(), size)
                os.lseek(file.fileno(), 0, os.SEEK_SET)
                file.write(_head(epoch))
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)
        self._half_bytes = half_bytes
        self._turn_bytes = half_bytes // _TURN_SHARE
        self._begin = _HALVES_AT  # of the half that is being filled
        self._end = _HALVES_AT + half_bytes
        self._at = _HALVES_AT  # where the next record goes
        self._turn_at = self._begin + self._turn_bytes  # from where on they may change places
        # Of each half: its last sequence, one before its first, where its records end, and up to
        # where there are some from before.
        self._lasts = {_HALVES_AT: 0, _HALVES_AT + half_bytes: 0}
        self._afters = dict(self._lasts)
        self._ends = {begin: begin for begin in self._lasts}
        self._used = dict(self._ends)

    def keep(self, data: bytes, last: int, written: int) -> bool:
        """Keep a record; tell whether there was room.

        Args:
            data: the record, encoded.
            last: its last sequence.
            written: up to which sequence the log has everything.
        """
        end = self._at + len(data)
        if end > self._end or self._at >= self._turn_at:
            other = 2 * _HALVES_AT + self._half_bytes - self._begin
            if self._lasts[other] <= written:
                self._afters[other] = max(self._lasts.values())
                self._used[other] = max(self._used[other], self._ends[other])
                self._begin = self._at = other
                self._turn_at = other + self._turn_bytes
                self._end = other + self._half_bytes
                end = other + len(data)
            if end > self._end:
                return False
        self._map[self._at : end] = data
        self._at = self._ends[self._begin] = end
        self._lasts[self._begin] = last
        return True

    def erase(self, upto: int, written: int) -> bool:
        """Write zeros over what the log has; tell whether nothing up to a sequence is left.

        Where something is, the halves change places soon, and it is to be asked again.

        Args:
            upto: the sequence.
            written: up to which sequence the log has everything.
        """
        is_left = False
        for begin, last in self._lasts.items():
            is_written = last <= written
            end, used = self._ends[begin], max(self._used[begin], self._ends[begin])
            if is_written:
                end = begin
                self._afters[begin] = last
            elif self._afters[begin] < upto:
                is_left = True
            self._map[end:used] = bytes(used - end)
            self._ends[begin] = self._used[begin] = end
        self._at = self._ends[self._begin]
        if is_left:
            self._turn_at = self._begin
        return not is_left

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()


def decode(data: bytes, epoch: str) -> list[Record]:
    """Return the records of a tail, as far as they are whole, oldest first.

    Raises:
        Unreadable: the file is foreign, newer or of another epoch.
    """
    if len(data) < _HALVES_AT:
        raise Unreadable("ends within its head")
    magic, schema, crc, its_epoch = _HEAD.unpack_from(data)
    if magic != _MAGIC or zlib.crc32(its_epoch) != crc:
        raise Unreadable("is no tail of this program")
    check_schema(schema)
    if its_epoch.rstrip(b"\0") != epoch.encode():
        raise Unreadable("is of another epoch")
    half_bytes = (len(data) - _HALVES_AT) // _HALVES
    kept: list[Record] = []
    for number in range(_HALVES):
        begin = _HALVES_AT + number * half_bytes
        kept += _records(memoryview(data)[begin : begin + half_bytes])
    return sorted(kept, key=lambda record: record.first)


def _records(half: memoryview) -> list[Record]:
    found: list[Record] = []
    at = last = 0
    while True:
        try:
            record, at = decode_one(half, at)
        except Unreadable:  # the end, or a kill amid a copy
            return found
        if record.first <= last:  # from before the halves changed places
            return found
        found.append(record)
        last = record.last


def _head(epoch: str) -> bytes:
    padded = epoch.encode().ljust(32, b"\0")
    return _HEAD.pack(_MAGIC, SCHEMA, zlib.crc32(padded), padded)


def _allocate(fd: int, size: int) -> None:
    """Take room on the disk.

    Raises:
        OSError: there is none.
    """
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, 0, size)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        else:
            return
    for at in range(0, size, _PIECE_BYTES):  # what is written has its room
        os.write(fd, bytes(min(_PIECE_BYTES, size - at)))
