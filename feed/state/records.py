"""The records of the log: one for each cut, with its ticks as JSON has them already.

Theory of operation: a cut has encoded its ticks for its subscribers; the log gets the same bytes,
and beside them when each was ingested, and how many ticks the source has given by then. A record
that a kill has cut off is shorter than it says, and is the last one; whatever else does not fit is
corruption. Knows no file.
"""

import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from feed.state.cell import SCHEMA, Unreadable, check_schema

_FILE = Struct("<8sI32s")  # magic, schema, epoch
_MAGIC = b"feedlogs"
_LENGTH_AND_CRC = Struct("<II")
# First sequence, ticks, ticks given by the source so far, time of day less the monotonic one.
_HEAD = Struct("<QIQq")
_STAMP_BYTES = 8
FILE_HEAD_BYTES = _FILE.size


@dataclass(slots=True)
class Record:
    """One cut; never changed, and not frozen, since there are hundreds a second.

    Attributes:
        first: its first sequence.
        ingested_ns: when each of its ticks was ingested, by the monotonic clock of its boot.
        given: how many ticks the source had given by then.
        wall_offset_ns: the time of day less the monotonic one.
        ticks: a JSON array of them, as subscribers get it.
    """

    first: int
    ingested_ns: "array[int]"
    given: int
    wall_offset_ns: int
    ticks: bytes

    @property
    def last(self) -> int:
        """Its last sequence."""
        return self.first + len(self.ingested_ns) - 1


class Truncated(Unreadable):
    """A record that was cut off, and nothing after it."""


def file_head(epoch: str) -> bytes:
    """Return the beginning of a file of records."""
    return _FILE.pack(_MAGIC, SCHEMA, epoch.encode())


def encode(record: Record) -> bytes:
    """Return the bytes of a record."""
    times, ticks = record.ingested_ns.tobytes(), record.ticks
    head = _HEAD.pack(record.first, len(record.ingested_ns), record.given, record.wall_offset_ns)
    crc = zlib.crc32(ticks, zlib.crc32(times, zlib.crc32(head)))
    length = len(head) + len(times) + len(ticks)
    return b"".join((_LENGTH_AND_CRC.pack(length, crc), head, times, ticks))


def size(record: Record) -> int:
    """Return how many bytes a record has in a file."""
    around_bytes = _LENGTH_AND_CRC.size + _HEAD.size
    return around_bytes + _STAMP_BYTES * len(record.ingested_ns) + len(record.ticks)


def decode(data: bytes, epoch: str) -> Iterator[Record]:
    """Yield the records of a file.

    Raises:
        Truncated: after the last whole record.
        Unreadable: the file is foreign, newer or corrupt.
    """
    if len(data) < _FILE.size:
        raise Truncated("ends within its head")
    magic, schema, its_epoch = _FILE.unpack_from(data)
    if magic != _MAGIC:
        raise Unreadable("is no log of this program")
    check_schema(schema)
    if its_epoch.rstrip(b"\0") != epoch.encode():
        raise Unreadable("is of another epoch")
    at = _FILE.size
    while at < len(data):
        end = at + _LENGTH_AND_CRC.size
        if end > len(data):
            raise Truncated(f"ends within a record, at byte {at}")
        length, crc = _LENGTH_AND_CRC.unpack_from(data, at)
        body = data[end : end + length]
        if len(body) < length:
            raise Truncated(f"ends within a record, at byte {at}")
        if zlib.crc32(body) != crc or length < _HEAD.size:
            raise Unreadable(f"is corrupt at byte {at}")
        yield _decode(body, at)
        at = end + length


def _decode(body: bytes, at: int) -> Record:
    first, count, given, wall_offset_ns = _HEAD.unpack_from(body)
    ticks_at = _HEAD.size + _STAMP_BYTES * count
    if not count or len(body) <= ticks_at:
        raise Unreadable(f"is corrupt at byte {at}")
    ingested_ns = array("q")
    ingested_ns.frombytes(body[_HEAD.size : ticks_at])
    return Record(first, ingested_ns, given, wall_offset_ns, body[ticks_at:])
