"""Counts that several processes read, and each writes its own: tables in files that all map.

A limit that is of a server as a whole is asked at every connection that comes, and no process may
wait for another then. So each has a table that it alone writes, and the others add up what they
read: nothing is locked. Two that let somebody in at the same moment may be one over the limit.

A table is open addressing with linear probing; a key is 64 bits of a digest. Deletion moves what
follows back (Knuth, vol. 3, 6.4, algorithm R), so that tables do not silt up with keys that have
gone; whoever reads meanwhile may miss one of these once.
"""

import mmap
import os
from collections.abc import Hashable
from hashlib import blake2b
from pathlib import Path

_WORDS_OF_HEAD = 8  # of 64 bits
_BEAT, _CONNECTIONS, _SUBSCRIBERS, _ACCEPTING = range(4)
_WORD_BYTES = 8
_CELL_WORDS = 2  # the key, the count


def table_cells(most_subscribers: int) -> int:
    """Return how many cells a table has for so many: an address and an identity each, half full."""
    return 1 << (4 * most_subscribers - 1).bit_length()


def key_of(owner: Hashable) -> int:
    """Return the key under which somebody counts; never 0."""
    digest = blake2b(repr(owner).encode(), digest_size=_WORD_BYTES).digest()
    return int.from_bytes(digest, "little") | 1


class _Table:
    """A file that is mapped; see the module."""

    __slots__ = ("_cells", "_map", "_mask", "_words")

    def __init__(self, path: Path, *, writable: bool) -> None:
        flags = os.O_RDWR if writable else os.O_RDONLY
        fd = os.open(path, flags | os.O_CLOEXEC)
        try:
            access = mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ
            self._map = mmap.mmap(fd, 0, access=access)
        finally:
            os.close(fd)
        self._words = memoryview(self._map).cast("Q")
        self._cells = (len(self._words) - _WORDS_OF_HEAD) // _CELL_WORDS
        self._mask = self._cells - 1

    def close(self) -> None:
        """Map it no longer."""
        self._words.release()
        self._map.close()

    @property
    def beat_ns(self) -> int:
        """When its process was well last, by the monotonic clock of the machine."""
        return self._words[_BEAT]

    @property
    def connections(self) -> int:
        """How many connections its process has."""
        return self._words[_CONNECTIONS]

    @property
    def subscribers(self) -> int:
        """How many subscribers its process has."""
        return self._words[_SUBSCRIBERS]

    @property
    def accepts(self) -> bool:
        """Whether its process takes connections that come."""
        return bool(self._words[_ACCEPTING])

    def of(self, key: int) -> int:
        """Return how many somebody has there."""
        words, at = self._words, self._find(key)
        return 0 if at is None or words[at] != key else words[at + 1]

    def _find(self, key: int) -> int | None:
        """Return the place of a key, or the free one where it belongs; None: there is none."""
        words, mask = self._words, self._mask
        home = key & mask
        for step in range(self._cells):
            at = _WORDS_OF_HEAD + _CELL_WORDS * ((home + step) & mask)
            if words[at] in {key, 0}:
                return at
        return None


def beat_in(path: Path) -> int:
    """Return when the process of a table was well last; 0: it has not begun, or has gone."""
    try:
        table = ReadCounts(path)
    except (OSError, ValueError):  # it is gone, or has no room yet
        return 0
    beat_ns = table.beat_ns
    table.close()
    return beat_ns


class ReadCounts(_Table):
    """The table of another process."""

    def __init__(self, path: Path) -> None:
        """Map it.

        Raises:
            OSError: it is gone.
        """
        super().__init__(path, writable=False)


class OwnCounts(_Table):
    """The table of this process, which nobody else writes."""

    def __init__(self, path: Path, most_subscribers: int) -> None:
        """Make it, empty.

        Raises:
            OSError: there is no room.
        """
        words = _WORDS_OF_HEAD + _CELL_WORDS * table_cells(most_subscribers)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, words * _WORD_BYTES)  # pages that nobody writes take no room
        finally:
            os.close(fd)
        super().__init__(path, writable=True)

    def beat(self, mono_ns: int, connections: int, *, accepts: bool) -> None:
        """Tell that this process is well, and how many connections it has."""
        words = self._words
        words[_BEAT], words[_CONNECTIONS], words[_ACCEPTING] = mono_ns, connections, accepts

    def enter(self, *keys: int) -> None:
        """Count a subscriber, of some owners."""
        self._words[_SUBSCRIBERS] += 1
        for key in keys:
            self.add(key)

    def leave(self, *keys: int) -> None:
        """Count a subscriber no longer."""
        self._words[_SUBSCRIBERS] -= 1
        for key in keys:
            self.take(key)

    def add(self, key: int) -> None:
        """Count one more of somebody; where the table is full they count for nobody."""
        at = self._find(key)
        if at is not None:
            self._words[at + 1] += 1  # before its key: whoever reads both never reads too much
            self._words[at] = key

    def take(self, key: int) -> None:
        """Count one less of somebody."""
        at, words = self._find(key), self._words
        if at is None or words[at] != key:
            return
        words[at + 1] -= 1
        if not words[at + 1]:
            self._delete(at)

    def _delete(self, at: int) -> None:
        """Free a cell, and move those that follow it to where they are found."""
        words, mask = self._words, self._mask
        free = cell = (at - _WORDS_OF_HEAD) // _CELL_WORDS
        words[at] = words[at + 1] = 0
        while True:
            cell = (cell + 1) & mask
            there = _WORDS_OF_HEAD + _CELL_WORDS * cell
            key = words[there]
            if not key:
                return
            # It may stay where the way to it from its own cell does not lead over the free one.
            if (cell - (key & mask)) & mask >= (cell - free) & mask:
                here = _WORDS_OF_HEAD + _CELL_WORDS * free
                words[here + 1], words[here] = words[there + 1], key
                words[there] = words[there + 1] = 0
                free = cell
