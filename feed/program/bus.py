"""The socket of the bus: where edges on this machine follow their writer.

It is a file that nobody but its owner may open; whoever can is trusted with everything.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feed.errors import FeedError

_MODE = 0o600


@contextmanager
def listening_bus(path: Path) -> Iterator[socket.socket]:
    """Yield a socket that is bound to a path; one that an earlier server left there goes.

    Raises:
        FeedError: it cannot be bound.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            if path.is_socket():
                path.unlink()
            listener.bind(str(path))
            path.chmod(_MODE)  # nobody connects before it listens
            ours = path.stat()
        except OSError as error:
            raise FeedError(f"cannot listen on {path}: {error.strerror or error}") from error
        try:
            yield listener
        finally:
            with suppress(OSError):  # another server may have put its own there
                if os.path.samestat(path.stat(), ours):
                    path.unlink()
    finally:
        listener.close()
