"""The redo file: what is about to be written over in the log, so that a kill cannot tear it.

Theory of operation: a write over some pages of a file is not one step: the kernel looks between two
pages whether the process was killed, and leaves the rest. A record that is half old and half new
would be corrupt, and with it the state. So what goes where is written to a file of its own before,
which gets its name when it is whole, and loses it when all is done. The next server does what such
a file says before it reads the log; doing it twice is as doing it once. In the file are records
as they are to be: no text that is to go.
"""

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import msgpack

from feed.state.cell import SCHEMA, Unreadable, check_schema, open_new
from feed.state.directory import Directory

_HEAD = Struct("<8sII")  # magic, schema, CRC of what follows
_MAGIC = b"feedredo"


@dataclass(frozen=True, slots=True)
class Overwrite:
    """A record that is to be written over another one, as long as that.

    Attributes:
        log: the sequence that the file of the log begins with.
        at: which byte of it the record begins at.
        data: the record.
    """

    log: int
    at: int
    data: bytes


def encode(overwrites: Sequence[Overwrite]) -> bytes:
    """Return the bytes of a redo file."""
    body: bytes = msgpack.packb([[each.log, each.at, each.data] for each in overwrites])
    return _HEAD.pack(_MAGIC, SCHEMA, zlib.crc32(body)) + body


def decode(data: bytes) -> list[Overwrite]:
    """Read a redo file.

    Raises:
        Unreadable: it is torn, foreign, newer or corrupt.
    """
    if len(data) < _HEAD.size:
        raise Unreadable("ends within its head")
    magic, schema, crc = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    if magic != _MAGIC:
        raise Unreadable("is no redo file of this program")
    check_schema(schema)
    if zlib.crc32(body) != crc:
        raise Unreadable("is corrupt")
    return [Overwrite(log, at, record) for log, at, record in msgpack.unpackb(body)]


def write_over(directory: Directory, overwrites: Sequence[Overwrite]) -> None:
    """Write records over others; after a kill amid that the next server does the rest.

    Raises:
        OSError: it cannot be.
    """
    directory.check()
    new = directory.redo.with_suffix(".new")
    with os.fdopen(open_new(new), "wb") as file:
        file.write(encode(overwrites))
    new.replace(directory.redo)
    finish(directory, overwrites)


def finish(directory: Directory, overwrites: Sequence[Overwrite]) -> None:
    """Do what a redo file says, and delete it; files that are not there any more have no text.

    Raises:
        OSError: it cannot be done.
    """
    for each in overwrites:
        path = directory.log(each.log)
        if path.exists():
            with path.open("r+b") as file:
                file.seek(each.at)
                file.write(each.data)
    directory.redo.unlink()
