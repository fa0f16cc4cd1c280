"""The keys file of a running server: read again when it changes.

A file that is broken, blank, or gone, changes nothing: the keys that were read last are good until
there is a file again that can be read. That is told, once for each version of it.
"""

from collections import Counter
from enum import StrEnum
from pathlib import Path

from feed.logger import logger_of
from feed.trust.api_keys import ApiKeys
from feed.trust.file_version import Watched
from feed.trust.keys_file import InvalidKeysFile, read_keys

log = logger_of("feed.keys")


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

    __slots__ = ("_watched", "is_broken", "keys", "path", "reloads")

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            InvalidKeysFile: it cannot be read, or is not accepted.
        """
        self.path = path
        self._watched = Watched(path)
        self.keys: ApiKeys = read_keys(path)
        self.reloads: Counter[Reload] = Counter()
        self.is_broken = False

    def look(self) -> bool:
        """Read the file if it has changed; tell whether there are other keys now.

        It touches the disk: for a thread.
        """
        if not self._watched.has_changed():
            return False
        try:
            self.keys = read_keys(self.path, may_be_blank=False)
        except InvalidKeysFile as error:
            self.is_broken = True
            self.reloads[Reload.REFUSED] += 1
            words = str(error)
            log.warning("keys_refused", error=words, kept=len(self.keys))
            return False
        except Exception:  # it is told by who looks; revocation goes on with the next look
            self.is_broken = True
            self._watched.look_again()
            raise
        self.is_broken = False
        self.reloads[Reload.APPLIED] += 1
        log.info("keys_reloaded", file=str(self.path), keys=len(self.keys))
        return True
