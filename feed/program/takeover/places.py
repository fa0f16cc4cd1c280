"""Where a server is asked for a takeover: in the directory of its state, or by its address.

A server without a state is asked in a directory of its user, which nobody else may open, at the
name of the address that it listens on.
"""

import os
import tempfile
from pathlib import Path

from feed.errors import FeedError

_NAME = "takeover.sock"
_FOLLOWED = "followed.sock"
_BUS = "bus.sock"
_LONGEST_PATH_BYTES = 107  # sockaddr_un, unix(7)
_MODE = 0o700


class Place:
    """The sockets of one server, for takeovers.

    Attributes:
        asked: where it is asked.
        followed: where the next server follows it before the cut.
        bus: where it is followed by the server before, after the cut.
    """

    def __init__(self, directory: Path, prefix: str = "") -> None:
        """Name them.

        Args:
            directory: of all of them.
            prefix: of their names.

        Raises:
            FeedError: a path is too long for a socket.
        """
        names = (_NAME, _FOLLOWED, _BUS)
        paths = [directory.absolute() / f"{prefix}{name}" for name in names]
        if max(len(bytes(path)) for path in paths) > _LONGEST_PATH_BYTES:
            raise FeedError(f"the path of {directory} is too long for a Unix socket in it")
        self.asked, self.followed, self.bus = paths


def place_of(state: Path | None, host: str, port: int) -> Place:
    """Return where a server is asked: by its state, or by its address where there is none.

    Raises:
        FeedError: there is no directory for that which is our own.
    """
    if state is not None:
        return Place(state)
    return Place(_own_directory(), f"{host.replace(':', '_')}-{port}-")


def _own_directory() -> Path:
    """Return a directory that nobody but our user may open, made where there is none.

    Raises:
        FeedError: there is none such.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    path = Path(base) / f"feed-{os.getuid()}"
    try:
        path.mkdir(mode=_MODE, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise FeedError(f"{path}: {error.strerror}") from error
    if found.st_uid != os.getuid() or found.st_mode & 0o7777 != _MODE or not path.is_dir():
        raise FeedError(f"{path} is not ours alone; accepted: a directory of ours with mode 0700")
    return path
