"""The lines of a recording's file.

Knows line breaks, and keeps one piece of a file. Knows nothing of the contents of a line.
"""

from collections.abc import Iterator
from itertools import chain

from feed.errors import SourceError
from feed.sources.replay.files.packed import BROKEN, Packed

MAX_LINE_BYTES = 1 << 20  # four of the largest frames that a server sends
HEAD_BYTES = 1 << 12  # of a file, by which it is told what it is


class Lines:
    """The lines of one file, without their line feeds; iterate once.

    Attributes:
        path: of the file.
        head: its first bytes, unpacked: all of a small one.
        number: the number of the line that was read last, from 1.
        abandoned: nobody wants the rest; set by whatever thread does not read.
    """

    __slots__ = ("_chunks", "_packed", "abandoned", "head", "number", "path")

    def __init__(self, packed: Packed) -> None:
        """Begin with a file that was opened, and is closed with these.

        Raises:
            SourceError: it cannot be read or unpacked.
        """
        self._packed = packed
        self.path = packed.path
        self.number = 0
        self.abandoned = False
        self._chunks = iter(packed)
        first: list[bytes] = []
        read_bytes = 0
        while read_bytes < HEAD_BYTES:
            try:
                chunk = next(self._chunks, b"")
            except BROKEN as error:
                if not first:
                    raise self._broken(error) from error
                # The lines before that place are whole; it comes up again behind them.
                self._chunks = _raising(error)
                break
            if not chunk:
                break
            first.append(chunk)
            read_bytes += len(chunk)
        self.head = b"".join(first)
        self._chunks = chain(first, self._chunks)

    def __iter__(self) -> Iterator[bytes]:
        """Yield line after line; a too long one comes cut, but still over `MAX_LINE_BYTES`.

        Raises:
            SourceError: the file cannot be read or unpacked any further; whole lines before that
                place have been yielded.
        """
        rest = b""
        try:
            for chunk in self._chunks:
                if self.abandoned:
                    raise SourceError(f"{self.path}: was closed while it was read")
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()[: MAX_LINE_BYTES + 1]
                for line in lines:
                    self.number += 1
                    yield line
        except BROKEN as error:
            raise self._broken(error) from error
        if rest:
            self.number += 1
            yield rest

    def chunks(self) -> Iterator[bytes]:
        """Return the bytes in pieces, in place of the lines, for a file that has none.

        Raises:
            one of `BROKEN`: it cannot be read or unpacked any further.
        """
        return self._chunks

    @property
    def share(self) -> float:
        """How much of the file was read, from 0 to 1."""
        return self._packed.share

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._packed.close()

    def _broken(self, error: Exception) -> SourceError:
        return SourceError(f"{self.path}: cannot be read after line {self.number}: {error}")


def _raising(error: Exception) -> Iterator[bytes]:
    yield from ()
    raise error
