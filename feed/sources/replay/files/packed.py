"""The bytes of a recording's file, unpacked by what it begins with, whatever its name.

Knows gzip, zstd and zip; reads forward in small pieces and keeps none. Knows nothing of lines.
"""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import zstandard

from feed.errors import SourceError, shorten

_PLAIN_CHUNK_BYTES = 1 << 16
# Decompressors give all at once that an input holds, so inputs are small: from this size 40 kB come
# of ordinary ticks, and 128 MiB of the most hostile sequence of zstd blocks.
_COMPRESSED_CHUNK_BYTES = 1 << 12
_HEAD_BYTES = 8
_MOST_NAMED = 3  # members of a zip, in a complaint
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after one byte from 0x50 to 0x5f (RFC 8878 section 3.1.2)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # a member, and the end of one without members
_SUFFIXES = frozenset({".gz", ".zst", ".zip", ".csv", ".ndjson", ".json", ".txt"})
BROKEN = (EOFError, OSError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile)


class Packed:
    """One file, unpacked while it is read; iterate once for its bytes.

    Attributes:
        path: of the file.
        stem: the name of what is in it, without a folder and without what tells its format:
            "XBTUSD" of XBTUSD.csv.gz, and of any zip with XBTUSD.csv in it.
        packing: how it is packed: "gzip", "zstd", "zip", or "" where it is not.
    """

    __slots__ = ("_chunks", "_file", "_size_bytes", "_zip", "packing", "path", "stem")

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            SourceError: it cannot be opened, or is a zip of anything but one file.
        """
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self.packing = ""
        name = path.name
        try:
            self._file: IO[bytes] = path.open("rb")
        except (OSError, ValueError) as error:  # ValueError: a zero in its name
            words = error.strerror if isinstance(error, OSError) else error
            raise SourceError(f"{path}: cannot be opened: {words}") from error
        try:
            self._size_bytes = os.fstat(self._file.fileno()).st_size
            head = self._file.read(_HEAD_BYTES)
            self._file.seek(0)
            if head.startswith(_GZIP):
                self.packing, self._chunks = "gzip", _decompressed(self._file, _gzip_member)
            elif head.startswith(_ZSTD) or (head[:1] and head[1:4] == _ZSTD_SKIPPABLE):
                self.packing, self._chunks = "zstd", _decompressed(self._file, _zstd_frame)
            elif head.startswith(_ZIP):
                self.packing = "zip"
                self._zip = zipfile.ZipFile(self._file)
                name, member = self._only_member(self._zip)
                self._chunks = _plain(member)
            else:
                self._chunks = _plain(self._file)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            self.close()  # RuntimeError: it is encrypted
            raise SourceError(f"{path}: cannot be opened: {error}") from error
        except SourceError:
            self.close()
            raise
        self.stem = stem_of(name)

    def __iter__(self) -> Iterator[bytes]:
        """Yield its bytes in pieces, never empty.

        Raises:
            one of `BROKEN`: it cannot be read or unpacked any further.
        """
        return (chunk for chunk in self._chunks if chunk)

    @property
    def share(self) -> float:
        """How many of its bytes were read, packed as they are, from 0 to 1."""
        return min(1.0, self._file.tell() / self._size_bytes) if self._size_bytes else 0.0

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        if self._zip is not None:
            self._zip.close()
        self._file.close()

    def _only_member(self, archive: zipfile.ZipFile) -> tuple[str, IO[bytes]]:
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
        if len(names) != 1:
            told = ", ".join(map(shorten, names[:_MOST_NAMED]))
            told += ", …" if len(names) > _MOST_NAMED else ""
            raise SourceError(
                f"{self.path}: is a zip of {len(names):,} files{told and f' ({told})'}; "
                "accepted: a zip of one file"
            )
        return PurePosixPath(names[0]).name, archive.open(names[0])


def stem_of(name: str) -> str:
    """Return a file's name without what tells its format."""
    path = PurePosixPath(name)
    while path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    return path.name


class _Decompressor(Protocol):
    """The common part of zlib's and zstandard's decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(_PLAIN_CHUNK_BYTES):
        yield data


def _decompressed(file: IO[bytes], make: Callable[[], _Decompressor]) -> Iterator[bytes]:
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


def _gzip_member() -> _Decompressor:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: gzip's frame


def _zstd_frame() -> _Decompressor:
    return zstandard.ZstdDecompressor().decompressobj()
