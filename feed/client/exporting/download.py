"""The file that is downloaded: beside its place until all of it is there, and checked."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

from feed.client.exporting.errors import WrongChecksum


class Download:
    """A file that grows under another name.

    Attributes:
        size_bytes: that are here.
    """

    def __init__(self, to: Path) -> None:
        """Begin it anew.

        Raises:
            OSError: it cannot be written there.
        """
        self.size_bytes = 0
        self._to = to
        self._part = to.with_name(f"{to.name}.part")
        self._digest = hashlib.sha256()
        self._file = self._part.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: the disk does not take them.
        """
        self._file.write(data)
        self._digest.update(data)
        self.size_bytes += len(data)

    def finish(self, sha256: str) -> None:
        """Put it in its place, in that of what was there.

        Raises:
            WrongChecksum: it is not what was sent.
            OSError: it cannot be put there.
        """
        self._file.close()
        found = self._digest.hexdigest()
        if found != sha256:
            raise WrongChecksum(sha256, found)
        self._part.replace(self._to)
