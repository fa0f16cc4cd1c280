"""A file that is watched: whether it has changed, and stands still again."""

import os
from pathlib import Path

Version = tuple[int, ...]
MOST_LOOKS = 4  # at a file that never stands still
_UNREAD: Version = (-1,)


class Watched:
    """A file, and the version of it that was read last.

    A change counts once the file is the same from one look to the next: editors may write it in
    pieces, and half of a file may be one that is accepted. A file that never stands still would put
    off revocation for ever: so at the fourth look that finds it changed it counts all the same.
    """

    __slots__ = ("_looks", "_path", "_read", "_seen")

    def __init__(self, path: Path) -> None:
        """Note the version that is about to be read."""
        self._path = path
        self._read = self._seen = _version_of(path)
        self._looks = 0  # since it is another one than was read

    def has_changed(self) -> bool:
        """Tell whether the file is to be read again; from then on it counts as read."""
        version = _version_of(self._path)
        still, self._seen = version == self._seen, version
        if version == self._read:
            self._looks = 0
            return False
        self._looks += 1
        if not still and self._looks < MOST_LOOKS:
            return False
        self._looks = 0
        self._read = version
        return True

    def look_again(self) -> None:
        """Count the file as not read: the next look that finds it standing still reads it."""
        self._read = _UNREAD


def _version_of(path: Path) -> Version:
    """Return what changes with a file; () where it cannot be looked at."""
    try:
        found = os.stat(path)  # noqa: PTH116 - the call itself is meant
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
