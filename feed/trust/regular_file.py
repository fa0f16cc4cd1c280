"""The reading of a file that others may replace at any time, by anything.

Opening a pipe waits for somebody who writes, and a device may have no end: only a regular file is
read, and not more of it than it may have.
"""

import errno
import os
import stat
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return what is in a file.

    Raises:
        OSError: it cannot be read, is not a regular file, is longer, or was written to meanwhile,
            so that it may not be whole; `strerror` says so.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        before = os.fstat(handle)
        mode = before.st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        data = bytearray()
        while chunk := os.read(handle, min(_CHUNK_BYTES, most_bytes + 1 - len(data))):
            data += chunk
        after = os.fstat(handle)
    finally:
        os.close(handle)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"accepted: at most {most_bytes} bytes", str(path))
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OSError(errno.EAGAIN, "it was written to while it was read", str(path))
    return bytes(data)
