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

    __slots__ = ("_at", "_begin", "_end", "_half_bytes", "_lasts", "_map", "_turn_bytes")

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
        self._lasts = {_HALVES_AT: 0, _HALVES_AT + half_bytes: 0}  # the last sequence in each half

    def keep(self, data: bytes, last: int, written: int) -> bool:
        """Keep a record; tell whether there was room.

        Args:
            data: the record, encoded.
            last: its last sequence.
            written: up to which sequence the log has everything.
        """
        end = self._at + len(data)
        if end > self._end or self._at - self._begin >= self._turn_bytes:
            other = 2 * _HALVES_AT + self._half_bytes - self._begin
            if self._lasts[other] <= written:
                self._begin = self._at = other
                self._end = other + self._half_bytes
                end = other + len(data)
            if end > self._end:
                return False
        self._map[self._at : end] = data
        self._at = end
        self._lasts[self._begin] = last
        return True

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
