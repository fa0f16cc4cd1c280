"""The cell: the newest sequence that anybody may have been told, in a file that survives a kill.

Theory of operation: a page of a file, mapped into memory, so that storing is a store: 0.3 µs, and a
process that is killed has stored whatever it had reached. There are two slots, and a number says
which of them holds: a new value goes into the other one, and then the number changes, in one store
of eight bytes. So whenever the process ends, the slot that holds is whole. The page is written once
when the file is made, since a page that the disk has no room for would end the process at its first
store.

It says nothing of a machine that stops: the kernel writes the page when it likes. Therefore it
names the boot in which it was written.
"""

import mmap
import os
import zlib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from struct import Struct

SCHEMA = 4  # of all files of a state; see README.md
CELL_BYTES = 4_096
_MAGIC = b"feedcell"
# Magic, schema, CRC of what follows, epoch, boot.
_HEAD = Struct("<8sII32s64s")
_CHECKED = Struct("<32s64s")
_WORD_BYTES = 8
_WORDS_AT = 128  # numbers from here on, each on its own eight bytes
_MARK, _ACTIVE, _SLOTS = range(3)  # places among them; slots are two, of two numbers each
_SLOT_WORDS = 2


class Unreadable(Exception):
    """A file of a state that cannot be taken up; says why."""


class Newer(Unreadable):
    """A file of a newer version of this program."""


class Mark(IntEnum):
    """What a cell says of the log and the checkpoint beside it."""

    RUNNING = 1  # the log goes up to the newest sequence, but for what its writer had not written
    UNLOGGED = 2  # it does not: something was left out
    CLEAN = 3  # the server has ended, and the checkpoint is of its end


@dataclass(frozen=True, slots=True)
class Contents:
    """What a cell holds.

    Attributes:
        epoch: of the sequences.
        boot: of the machine, when it was written.
        mark: how far the log can be trusted.
        newest: the newest sequence that anybody may have been told.
        given: how many ticks the source had given by then, as the checkpoint counts them.
    """

    epoch: str
    boot: str
    mark: Mark
    newest: int
    given: int


def decode(data: bytes) -> Contents:
    """Read a cell.

    Raises:
        Unreadable: it is torn, foreign, newer or corrupt.
    """
    if len(data) != CELL_BYTES:
        raise Unreadable(f"has {len(data)} bytes instead of {CELL_BYTES}")
    magic, schema, crc, epoch, boot = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise Unreadable("is no cell of this program")
    check_schema(schema)
    if zlib.crc32(_CHECKED.pack(epoch, boot)) != crc:
        raise Unreadable("is corrupt")
    words = memoryview(data)[_WORDS_AT:].cast("Q")
    active = words[_ACTIVE]
    if active > 1 or words[_MARK] not in set(Mark):
        raise Unreadable("is corrupt")
    slot = _SLOTS + _SLOT_WORDS * active
    return Contents(
        _text(epoch), _text(boot), Mark(words[_MARK]), newest=words[slot], given=words[slot + 1]
    )


def encode(contents: Contents) -> bytes:
    """Return the bytes of a whole cell."""
    epoch, boot = contents.epoch.encode(), contents.boot.encode()
    crc = zlib.crc32(_CHECKED.pack(epoch, boot))
    page = bytearray(CELL_BYTES)
    _HEAD.pack_into(page, 0, _MAGIC, SCHEMA, crc, epoch, boot)
    words = memoryview(page)[_WORDS_AT:].cast("Q")
    words[_MARK] = contents.mark
    words[_SLOTS], words[_SLOTS + 1] = contents.newest, contents.given
    return bytes(page)


def check_schema(schema: int) -> None:
    """Refuse the files of other versions.

    Raises:
        Unreadable: it is not ours.
    """
    if schema > SCHEMA:
        raise Newer(f"is of schema {schema}, and this version knows up to {SCHEMA}")
    if schema != SCHEMA:
        raise Unreadable(f"is of schema {schema}, and this version reads {SCHEMA}")


def open_new(path: Path) -> int:
    """Open a file of a state for writing, empty, and for nobody else to read; return it.

    Raises:
        OSError: it cannot be.
    """
    binary: int = getattr(os, "O_BINARY", 0)  # where line ends would be rewritten
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | binary, 0o600)


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode(errors="replace")


class Cell:
    """A cell that is open for storing."""

    __slots__ = ("_active", "_map", "_words")

    def __init__(self, path: Path, contents: Contents) -> None:
        """Put a new file in the place of the one that may be there, and map it.

        Raises:
            OSError: it cannot be written.
        """
        new = path.with_suffix(".new")
        with os.fdopen(open_new(new), "wb") as file:
            file.write(encode(contents))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), CELL_BYTES)
        self._words = memoryview(self._map)[_WORDS_AT:].cast("Q")
        self._active = 0

    def store(self, newest: int, given: int) -> None:
        """Store the newest sequence, and how many ticks the source has given."""
        words, active = self._words, 1 - self._active
        slot = _SLOTS + _SLOT_WORDS * active
        words[slot] = newest
        words[slot + 1] = given
        words[_ACTIVE] = self._active = active

    @property
    def stored(self) -> tuple[int, int]:
        """The newest sequence, and how many ticks the source has given, as they were stored."""
        slot = _SLOTS + _SLOT_WORDS * self._active
        return self._words[slot], self._words[slot + 1]

    def mark(self, mark: Mark) -> None:
        """Say how far the log can be trusted from now on."""
        self._words[_MARK] = mark

    def sync(self) -> None:
        """Have the kernel write it to the disk.

        Raises:
            OSError: it cannot.
        """
        self._map.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._words.release()
        self._map.close()
