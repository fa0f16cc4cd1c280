"""The lines of a recording's file, plain or compressed.

Knows names, compressions and line breaks; reads forward, in small pieces, and keeps one piece.
Knows nothing of the contents of a line.
"""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from feed.errors import SourceError

MAX_LINE_BYTES = 1 << 20  # four of the largest frames that a server sends
_PLAIN_CHUNK_BYTES = 1 << 16
# Decompressors give all at once that an input holds, so inputs are small: from this size 40 kB come
# of ordinary ticks, and 128 MiB of the most hostile sequence of zstd blocks.
_COMPRESSED_CHUNK_BYTES = 1 << 12

FILE_SHAPE = "a recording named *.ndjson or *.csv, or one of these compressed as *.gz or *.zst"


class Lines:
    """The lines of one file, without their line feeds; iterate once.

    Attributes:
        path: of the file.
        kind: the format that its name tells: ".ndjson" or ".csv".
        number: the number of the line that was read last, from 1.
    """

    __slots__ = ("_chunks", "_file", "kind", "number", "path")

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            SourceError: its name is not that of a recording, or it cannot be opened.
        """
        self.kind, decompress = _format_of(path)
        self.path = path
        self.number = 0
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SourceError(
                f"{path}: cannot be opened: {error.strerror}; accepted: {FILE_SHAPE}"
            ) from error
        self._chunks = decompress(self._file)

    def __iter__(self) -> Iterator[bytes]:
        """Yield line after line; a too long one comes cut, but still over `MAX_LINE_BYTES`.

        Raises:
            SourceError: the file cannot be read or decompressed any further; whole lines before
                that place have been yielded.
        """
        rest = b""
        try:
            for chunk in self._chunks:
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()[: MAX_LINE_BYTES + 1]
                for line in lines:
                    self.number += 1
                    yield line
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise SourceError(
                f"{self.path}: cannot be read after line {self.number}: {error}"
            ) from error
        if rest:
            self.number += 1
            yield rest

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._file.close()


class _Decompressor(Protocol):
    """The common part of zlib's and zstandard's decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(_PLAIN_CHUNK_BYTES):
        yield data


def _decompressed(file: BinaryIO, make: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """Decompress the members (gzip) or frames (zstd) of a file, one after the other.

    Zeros between them and after them are padding, of tapes and of blocks (as gzip itself has it).
    """
    decompressor: _Decompressor | None = None
    while data := file.read(_COMPRESSED_CHUNK_BYTES):
        while data:
            if decompressor is None:
                data = data.lstrip(b"\0")
                if not data:
                    break
                decompressor = make()
            yield decompressor.decompress(data)
            data = b""
            if decompressor.eof:
                data, decompressor = decompressor.unused_data, None
    if decompressor is not None:
        raise EOFError("the compressed data is cut off")


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    return _decompressed(file, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))  # 16: gzip's frame


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    return _decompressed(file, zstandard.ZstdDecompressor().decompressobj)


_COMPRESSIONS = {".gz": _gunzip, ".zst": _unzstd}


def _format_of(path: Path) -> tuple[str, Callable[[BinaryIO], Iterator[bytes]]]:
    """Tell a file's format and its compression from its name."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    decompress = _COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    if decompress is not None:
        suffixes.pop()
    if not suffixes or suffixes[-1] not in (".ndjson", ".csv"):
        raise SourceError(f"{path}: unknown kind of file; accepted: {FILE_SHAPE}")
    return suffixes[-1], decompress or _plain
