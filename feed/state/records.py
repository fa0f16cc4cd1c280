"""The records of the log: one for each cut, with its ticks as JSON has them already.

Theory of operation: a cut has encoded its ticks for its subscribers; the log gets the same bytes,
and beside them when each was ingested, how many ticks the source has given by then, and the
receipts of batches. A record that a kill has cut off is shorter than it says, and is the last one;
whatever else does not fit is corruption. Knows no file.
"""

import zlib
from array import array
from collections.abc import Iterator
from struct import Struct

import msgpack

from feed.broadcast.log import Record
from feed.market.receipts import Receipt, receipt_of
from feed.state.cell import SCHEMA, Unreadable, check_schema

_FILE = Struct("<8sI32s")  # magic, schema, epoch
_MAGIC = b"feedlogs"
_LENGTH_AND_CRC = Struct("<II")
# First sequence, ticks, ticks given by the source so far, time of day less the monotonic one, and
# how many bytes of receipts there are.
_HEAD = Struct("<QIQqI")
_STAMP_BYTES = 8
FILE_HEAD_BYTES = _FILE.size


class Truncated(Unreadable):
    """A record that was cut off, and nothing after it.

    Attributes:
        whole_bytes: as far as the file is whole; 0: not even its head is.
    """

    def __init__(self, words: str, whole_bytes: int) -> None:
        self.whole_bytes = whole_bytes
        super().__init__(words)


def file_head(epoch: str) -> bytes:
    """Return the beginning of a file of records."""
    return _FILE.pack(_MAGIC, SCHEMA, epoch.encode())


def encode(record: Record, given: int) -> bytes:
    """Return the bytes of a record; `given`: as many ticks the source gave, over all processes."""
    times, ticks, receipts = record.ingested_ns.tobytes(), record.ticks, b""
    if record.receipts:
        receipts = msgpack.packb([each.row for each in record.receipts])
    count, offset_ns = len(record.ingested_ns), record.wall_offset_ns
    head = _HEAD.pack(record.first, count, given, offset_ns, len(receipts))
    crc = zlib.crc32(ticks, zlib.crc32(receipts, zlib.crc32(times, zlib.crc32(head))))
    length = len(head) + len(times) + len(receipts) + len(ticks)
    return b"".join((_LENGTH_AND_CRC.pack(length, crc), head, times, receipts, ticks))


def decode(data: bytes, epoch: str) -> Iterator[Record]:
    """Yield the records of a file.

    Raises:
        Truncated: after the last whole record.
        Unreadable: the file is foreign, newer or corrupt.
    """
    if len(data) < _FILE.size:
        raise Truncated("ends within its head", 0)
    magic, schema, its_epoch = _FILE.unpack_from(data)
    if magic != _MAGIC:
        raise Unreadable("is no log of this program")
    check_schema(schema)
    if its_epoch.rstrip(b"\0") != epoch.encode():
        raise Unreadable("is of another epoch")
    at = _FILE.size
    while at < len(data):
        record, at = decode_one(data, at)
        yield record


def lengths(data: bytes) -> Iterator[int]:
    """Yield the length of each record from the first byte on, as it says itself.

    The last one may be longer than the data; what is in them is not looked at.
    """
    at = 0
    while at + _LENGTH_AND_CRC.size <= len(data):
        length, _ = _LENGTH_AND_CRC.unpack_from(data, at)
        whole: int = _LENGTH_AND_CRC.size + length
        yield whole
        at += whole


def with_ticks(data: bytes, ticks: bytes) -> bytes:
    """Return the bytes of a record with other ticks, which are as long as its own."""
    body = data[_LENGTH_AND_CRC.size : len(data) - len(ticks)] + ticks
    return _LENGTH_AND_CRC.pack(len(body), zlib.crc32(body)) + body


def decode_one(data: bytes | memoryview, at: int) -> tuple[Record, int]:
    """Return the record that begins at a byte, and where it ends.

    Raises:
        Truncated: the data ends before.
        Unreadable: it is corrupt.
    """
    begin = at + _LENGTH_AND_CRC.size
    if begin > len(data):
        raise Truncated(f"ends within a record, at byte {at}", at)
    length, crc = _LENGTH_AND_CRC.unpack_from(data, at)
    body = bytes(data[begin : begin + length])
    if len(body) < length:
        raise Truncated(f"ends within a record, at byte {at}", at)
    if zlib.crc32(body) != crc or length < _HEAD.size:
        raise Unreadable(f"is corrupt at byte {at}")
    return _decode(body, at), begin + length


def _decode(body: bytes, at: int) -> Record:
    first, count, given, wall_offset_ns, receipts_bytes = _HEAD.unpack_from(body)
    receipts_at = _HEAD.size + _STAMP_BYTES * count
    ticks_at = receipts_at + receipts_bytes
    if not count or len(body) <= ticks_at:
        raise Unreadable(f"is corrupt at byte {at}")
    ingested_ns = array("q")
    ingested_ns.frombytes(body[_HEAD.size : receipts_at])
    receipts = _receipts(body[receipts_at:ticks_at], at) if receipts_bytes else ()
    return Record(first, ingested_ns, given, wall_offset_ns, body[ticks_at:], receipts)


def _receipts(data: bytes, at: int) -> list[Receipt]:
    try:
        return [receipt_of(row) for row in msgpack.unpackb(data)]
    except (ValueError, TypeError) as error:
        raise Unreadable(f"has no receipts at byte {at}: {error}") from None
