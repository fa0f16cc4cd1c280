"""The records of the log: the cuts of a short while, with their ticks as JSON has them already.

Theory of operation: a cut has encoded its ticks for its subscribers; the log gets the same bytes,
and beside them when each was ingested, and how many ticks the source has given by then. Cuts that
are written together are one record: at 500 of them a second a record each took twice the time. A
record that a kill has cut off is shorter than it says, and is the last one; whatever else does not
fit is corruption. Knows no file.
"""

import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct

from feed.state.cell import SCHEMA, Unreadable, check_schema
from feed.wire.json_codec import JSON

MOST_BYTES = 256 << 10  # of the ticks in one record, if it is of several cuts
_FILE = Struct("<8sI32s")  # magic, schema, epoch
_MAGIC = b"feedlogs"
_LENGTH_AND_CRC = Struct("<II")
# First sequence, ticks, ticks given by the source so far, time of day less the monotonic one.
_HEAD = Struct("<QIQq")
_STAMP_BYTES = 8
FILE_HEAD_BYTES = _FILE.size


@dataclass(slots=True)
class NotedCut:
    """One cut that is to be written; never changed, and not frozen: there are hundreds a second.

    Attributes:
        first: its first sequence.
        ingested_ns: when each of its ticks was ingested, by the monotonic clock of its boot.
        given: how many ticks the source had given by then.
        wall_offset_ns: the time of day less the monotonic one.
        fragments: its ticks, each as JSON has it.
        size_bytes: of these.
    """

    first: int
    ingested_ns: "array[int]"
    given: int
    wall_offset_ns: int
    fragments: Sequence[bytes]
    size_bytes: int

    @property
    def last(self) -> int:
        """Its last sequence."""
        return self.first + len(self.ingested_ns) - 1


@dataclass(frozen=True, slots=True)
class Record:
    """One cut, or several that follow each other.

    Attributes:
        first: the first sequence.
        ingested_ns: when each tick was ingested, by the monotonic clock of its boot.
        given: how many ticks the source had given by the end.
        wall_offset_ns: the time of day less the monotonic one, then.
        ticks: a JSON array of all ticks, as subscribers get it.
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


def records_of(cuts: Iterable[NotedCut]) -> Iterator[Record]:
    """Yield the records of cuts in order, as few as may be."""
    run: list[NotedCut] = []
    size_bytes = 0
    for cut in cuts:
        size_bytes += cut.size_bytes
        if run and (cut.first != run[-1].last + 1 or size_bytes > MOST_BYTES):
            yield _record(run)
            run, size_bytes = [], cut.size_bytes
        run.append(cut)
    if run:
        yield _record(run)


def _record(run: list[NotedCut]) -> Record:
    """Return the record of cuts that follow each other."""
    ingested_ns = array("q")
    fragments: list[bytes] = []
    for cut in run:
        ingested_ns += cut.ingested_ns
        fragments += cut.fragments
    oldest, newest = run[0], run[-1]
    ticks = JSON.join(fragments)
    return Record(oldest.first, ingested_ns, newest.given, newest.wall_offset_ns, ticks)


def encode(record: Record) -> bytes:
    """Return the bytes of a record."""
    head = _HEAD.pack(record.first, len(record.ingested_ns), record.given, record.wall_offset_ns)
    body = b"".join((head, record.ingested_ns.tobytes(), record.ticks))
    return _LENGTH_AND_CRC.pack(len(body), zlib.crc32(body)) + body


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
