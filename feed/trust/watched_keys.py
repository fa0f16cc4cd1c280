"""The keys file of a running server: read again when it changes.

A file that is broken, or gone, changes nothing: the keys that were read last are good until there
is a file again that can be read. That is told, once for each version of it.
"""

import os
from collections import Counter
from enum import StrEnum
from pathlib import Path

import structlog

from feed.trust.api_keys import ApiKeys
from feed.trust.keys_file import InvalidKeysFile, read_keys

log = structlog.get_logger("feed.keys")


class Reload(StrEnum):
    """What became of a file that had changed; a label of metrics."""

    APPLIED = "applied"
    REFUSED = "refused"


class WatchedKeys:
    """Keys, and the file that they are of.

    Attributes:
        path: of the file.
        keys: those that were read last.
        reloads: how often it had changed, by what became of it.
        is_broken: the file as it is now is not accepted.
    """

    __slots__ = ("_seen", "_version", "is_broken", "keys", "path", "reloads")

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            InvalidKeysFile: it cannot be read, or is not accepted.
        """
        self.path = path
        self._version = _version_of(path)  # that was read last
        self._seen = self._version
        self.keys: ApiKeys = read_keys(path)
        self.reloads: Counter[Reload] = Counter()
        self.is_broken = False

    def look(self) -> bool:
        """Read the file if it has changed; tell whether there are other keys now.

        It touches the disk: for a thread. A file is read once it stands still from one look to the
        next: editors may write it in pieces, and half of a file may be one with fewer keys.
        """
        version = _version_of(self.path)
        still, self._seen = version == self._seen, version
        if version == self._version or not still:
            return False
        self._version = version  # before it is read: if it changes meanwhile, it is read again
        try:
            self.keys = read_keys(self.path)
        except InvalidKeysFile as error:
            self.is_broken = True
            self.reloads[Reload.REFUSED] += 1
            words = str(error)
            log.error("keys_refused", error=words, kept=len(self.keys))  # noqa: TRY400 - said in full
            return False
        self.is_broken = False
        self.reloads[Reload.APPLIED] += 1
        log.info("keys_reloaded", file=str(self.path), keys=len(self.keys))
        return True


def _version_of(path: Path) -> tuple[int, ...]:
    """Return what changes with a file; () where it cannot be looked at."""
    try:
        found = os.stat(path)  # noqa: PTH116 - the call itself is meant
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
