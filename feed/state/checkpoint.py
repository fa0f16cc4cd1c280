"""The checkpoint: the state of everything as of a sequence, as plain data.

Theory of operation: a head, and behind it objects in MessagePack, one after the other: first a map
of all that is small, then the history of bars, a symbol at a time, so that nobody has to hold it
twice. Knows no file; what the parts mean is their owners' business.
"""

import zlib
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Any

import msgpack

from feed.state.cell import SCHEMA, Unreadable, check_schema

_HEAD = Struct("<8sIIQ")  # magic, schema, CRC and length of what follows
_MAGIC = b"feedckpt"
HEAD_BYTES = _HEAD.size
Plain = Any  # numbers, texts, bytes, None, and lists and maps of them


def pack(parts: Iterable[Plain]) -> Iterator[bytes]:
    """Yield the bytes of each part."""
    packer = msgpack.Packer()
    for part in parts:
        yield packer.pack(part)


def head(length: int, crc: int) -> bytes:
    """Return the head of parts that have a length and a CRC together."""
    return _HEAD.pack(_MAGIC, SCHEMA, crc, length)


def whole(parts: Iterable[Plain]) -> bytes:
    """Return all of a checkpoint."""
    body = b"".join(pack(parts))
    return head(len(body), zlib.crc32(body)) + body


def sequence_of(data: bytes) -> int:
    """Return the sequence of a checkpoint, without looking at the rest of it.

    Raises:
        Unreadable: it has none.
    """
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=0)
    unpacker.feed(memoryview(data)[HEAD_BYTES:])
    try:
        sequence: int = unpacker.unpack()["sequence"]
    except (ValueError, TypeError, LookupError, msgpack.UnpackException) as error:
        raise Unreadable(f"has no beginning: {error!r}") from None
    return sequence


def unpack(data: bytes) -> list[Plain]:
    """Return the parts of a checkpoint, of which there is one at least.

    Raises:
        Unreadable: it is torn, foreign, newer or corrupt.
    """
    if len(data) < HEAD_BYTES:
        raise Unreadable("ends within its head")
    magic, schema, crc, length = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise Unreadable("is no checkpoint of this program")
    check_schema(schema)
    body = memoryview(data)[HEAD_BYTES:]
    if len(body) != length:
        raise Unreadable(f"has {len(body)} bytes behind its head instead of {length}")
    if zlib.crc32(body) != crc:
        raise Unreadable("is corrupt")
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=0)
    unpacker.feed(body)
    parts = list(unpacker)
    if not parts or not isinstance(parts[0], dict):
        raise Unreadable("is empty")
    return parts
