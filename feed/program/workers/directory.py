"""The directory of a supervisor: the Unix sockets, tables, key and state that its workers share.

Nobody but its user reads it (mode 0700), and it ends with the supervisor.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feed.errors import FeedError

_LONGEST_BYTES = 107  # of a path: sockaddr_un, unix(7)
_KEY_BYTES = 32


class SharedDirectory:
    """Where the files are that workers share.

    Attributes:
        path: of the directory.
        writer_socket: where the writer is asked, and followed.
        cluster_key: the file of the key that all workers share.
        state: of the writer, where no other directory is given for it.
    """

    def __init__(self, path: Path) -> None:
        """Name them."""
        self.path = path
        self.writer_socket = path / "writer.sock"
        self.cluster_key = path / "cluster.key"
        self.state = path / "state"

    def socket(self, serial: int) -> Path:
        """Return where an edge is asked."""
        return self.path / f"{serial}.sock"

    def counts(self, serial: int) -> Path:
        """Return the table of a worker."""
        return self.path / f"{serial}.counts"


@contextmanager
def shared_directory() -> Iterator[SharedDirectory]:
    """Make a directory with a new key in it; it is gone after the block.

    Raises:
        FeedError: it cannot be made, or its sockets would have names that are too long.
    """
    try:
        directory = SharedDirectory(Path(tempfile.mkdtemp(prefix="feed-")))
    except OSError as error:
        raise FeedError(f"TMPDIR: {error.strerror}: {error.filename}") from error
    try:
        check_length(directory.writer_socket)
        directory.cluster_key.touch(0o600)
        directory.cluster_key.write_text(secrets.token_hex(_KEY_BYTES) + "\n", encoding="ascii")
        yield directory
    finally:
        shutil.rmtree(directory.path, ignore_errors=True)


def check_length(path: Path) -> None:
    """Refuse a path that no Unix socket can have.

    Raises:
        FeedError: it is too long.
    """
    size = len(os.fsencode(path))
    if size > _LONGEST_BYTES:
        raise FeedError(
            f"{path}: {size} bytes are too many for a Unix socket; accepted: at most "
            f"{_LONGEST_BYTES}, so TMPDIR has to name a directory with a shorter path"
        )
