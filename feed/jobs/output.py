"""The file that a job writes: its bytes are counted and summed up as they are written."""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

_PIECE_BYTES = 1 << 20


class TooLarge(Exception):
    """The file has more bytes than it may have."""


class NotTheSame(Exception):
    """The file of an earlier run is gone, or shorter than it was."""


class Output:
    """A file that grows; one of an earlier run goes on behind what is kept of it.

    Attributes:
        size_bytes: of it.
        closed: whether it takes no more.
    """

    def __init__(self, path: Path, most_bytes: int, kept_bytes: int = 0) -> None:
        """Open a file.

        Raises:
            OSError: it cannot be opened.
            NotTheSame: less than `kept_bytes` of an earlier run is there, or nothing.
        """
        self.size_bytes = 0
        self.closed = False
        self._most_bytes = most_bytes
        self._digest = hashlib.sha256()
        try:
            self._file = path.open("r+b" if kept_bytes else "wb", buffering=_PIECE_BYTES)
        except FileNotFoundError as error:
            raise (NotTheSame if kept_bytes else error) from None
        try:
            self._take_up(kept_bytes)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closed = True
        self._file.close()

    def write(self, data: bytes) -> int:
        """Append bytes.

        Raises:
            OSError: the disk does not take them.
            TooLarge: they are too many.
        """
        data = bytes(data)
        if self.size_bytes + len(data) > self._most_bytes:
            raise TooLarge
        self._digest.update(data)
        self._file.write(data)
        self.size_bytes += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes there are, as files do."""
        return self.size_bytes

    def flush(self) -> None:
        """Give the kernel all that was written."""
        self._file.flush()

    def close(self) -> None:
        """Take no more, as files do; the file itself is closed with the block."""
        self.closed = True

    def finish(self) -> str:
        """Have all of it on the disk; return its SHA-256 in hexadecimal digits."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._digest.hexdigest()

    def _take_up(self, kept_bytes: int) -> None:
        left = kept_bytes
        while left:
            piece = self._file.read(min(left, _PIECE_BYTES))
            if not piece:
                raise NotTheSame
            self._digest.update(piece)
            left -= len(piece)
        if kept_bytes:
            self._file.seek(kept_bytes)
            self._file.truncate()
        self.size_bytes = kept_bytes
