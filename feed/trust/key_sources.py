"""Where signing keys come from: a file, or a URL. Both keep what they had when it cannot be had."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from feed.errors import MAX_PATH_LENGTH, show_name
from feed.logger import logger_of
from feed.trust.fetching import fetch
from feed.trust.file_version import Watched
from feed.trust.lookout import in_daemon_thread
from feed.trust.regular_file import read_regular
from feed.trust.signing_keys import InvalidSigningKeys, SigningKey, SigningKeys

REFRESH_S = 300.0  # between two looks at a URL
LEAST_S = 10.0  # between two, whoever asks: unknown ids are easily made up
TIMEOUT_S = 5.0  # of a whole fetch
MAX_BYTES = 1 << 20
_NS_PER_S = 1_000_000_000

log = logger_of("feed.tokens")


class KeySource(Protocol):
    """A place that has signing keys."""

    async def find(self, key_id: str | None) -> SigningKey | None:
        """Return a key, looking once more where it is unknown; None: there is none."""

    @property
    def may_lack_some(self) -> bool:
        """Whether the last look at the place failed, so that a key may be there that is new."""

    def look(self) -> bool:
        """Read the place again if it is time; tell whether it changed. It waits: for a thread."""


class FileKeys:
    """Keys of a file, read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            InvalidSigningKeys: it cannot be read, or is not accepted.
        """
        self._path = path
        self._watched = Watched(path)
        self.may_lack_some = False
        self._keys = _read(path)
        self._tell("signing_keys_read")

    async def find(self, key_id: str | None) -> SigningKey | None:
        """Return a key of the file."""
        return self._keys.find(key_id)

    def look(self) -> bool:
        """Read the file again if it has changed and stands still."""
        if not self._watched.has_changed():
            return False
        try:
            self._keys = _read(self._path)
        except InvalidSigningKeys as error:
            log.warning("signing_keys_refused", error=str(error))
            self.may_lack_some = True
            return False
        self.may_lack_some = False
        self._tell("signing_keys_reloaded")
        return True

    def _tell(self, event: str) -> None:
        keys = self._keys
        log.info(event, file=str(self._path), keys=len(keys.by_id), algorithms=keys.algorithms)


class UrlKeys:
    """Keys of a JWKS at a URL, fetched in a thread; those that were had stay while it fails."""

    def __init__(self, url: str, mono_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._url = url
        self._mono_ns = mono_ns
        self._keys = SigningKeys()
        self._fetched_ns: int | None = None  # when it was tried last
        self._fetching = asyncio.Lock()
        self.may_lack_some = True

    async def find(self, key_id: str | None) -> SigningKey | None:
        """Return a key; where it is unknown the URL is asked again, not too often."""
        found = self._keys.find(key_id)
        if found is None and (self._is_due(LEAST_S) or self._fetching.locked()):
            async with self._fetching:  # who waited finds what the one before has fetched
                if self._is_due(LEAST_S):
                    await in_daemon_thread(self._fetch)
            found = self._keys.find(key_id)
        return found

    def look(self) -> bool:
        """Fetch where that is due."""
        return self._is_due(LEAST_S if not self._keys.by_id else REFRESH_S) and self._fetch()

    def _is_due(self, after_s: float) -> bool:
        fetched_ns = self._fetched_ns
        return fetched_ns is None or self._mono_ns() - fetched_ns >= after_s * _NS_PER_S

    def _fetch(self) -> bool:
        self._fetched_ns = self._mono_ns()
        try:
            keys = SigningKeys.of_jwks(_get(self._url))
        except Exception as error:  # noqa: BLE001 - whatever the place sends, the keys stay
            words = getattr(error, "reason", error)
            kept = len(self._keys.by_id)
            log.warning("jwks_not_fetched", url=self._url, error=str(words), kept=kept)
            self.may_lack_some = True
            return False
        self.may_lack_some = False
        changed = keys.by_id.keys() != self._keys.by_id.keys()
        self._keys = keys
        if changed:
            count, algorithms = len(keys.by_id), keys.algorithms
            log.info("jwks_fetched", url=self._url, keys=count, algorithms=algorithms)
        return changed


def key_source(where: str) -> KeySource:
    """Return the keys at a path or URL.

    Raises:
        InvalidSigningKeys: the file is not accepted.
    """
    return UrlKeys(where) if "://" in where else FileKeys(Path(where))


def _get(url: str) -> bytes:
    data = fetch(url, within_s=TIMEOUT_S, most_bytes=MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise InvalidSigningKeys(f"more than {MAX_BYTES} bytes")
    return data


def _read(path: Path) -> SigningKeys:
    try:
        return SigningKeys.of_bytes(read_regular(path, MAX_BYTES))
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    except InvalidSigningKeys as error:
        reason = str(error)
    raise InvalidSigningKeys(f"{show_name(str(path), MAX_PATH_LENGTH)}: {reason}")
