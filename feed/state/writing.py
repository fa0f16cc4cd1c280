"""Writing files of a state, piece by piece."""

import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from feed.state import checkpoint
from feed.state.cell import open_new

_PIECE_BYTES = 1 << 20  # of a checkpoint, before the log has its turn


def write(fd: int, data: bytes) -> None:
    """Write all of it.

    Raises:
        OSError: it cannot be.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync_file(path: Path) -> None:
    """Write what the kernel has of a file through to the disk.

    Raises:
        OSError: it cannot be.
    """
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def write_parts(
    path: Path, parts: Iterable[checkpoint.Plain], pause: Callable[[], object], *, sync: bool
) -> int:
    """Write a checkpoint to a file; return the number of its bytes.

    Args:
        path: of the file.
        parts: of the checkpoint.
        pause: called now and then, so that the log goes on: there may be 250 MB of bars.
        sync: write it through to the disk.

    Raises:
        OSError: it cannot be written.
    """
    crc = length = 0
    paused_at = 0
    with os.fdopen(open_new(path), "wb") as file:
        file.write(bytes(checkpoint.HEAD_BYTES))
        for data in checkpoint.pack(parts):
            crc = zlib.crc32(data, crc)
            length += len(data)
            file.write(data)
            if length - paused_at > _PIECE_BYTES:
                pause()
                paused_at = length
        file.seek(0)
        file.write(checkpoint.head(length, crc))
        file.flush()
        if sync:
            os.fsync(file.fileno())
    return checkpoint.HEAD_BYTES + length
