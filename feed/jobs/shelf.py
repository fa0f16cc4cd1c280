"""The files of jobs: a record and a file of each, in the state's directory or a private one.

All that is done here may wait for a disk; it is for threads.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from feed.errors import FeedError
from feed.jobs.job import Job
from feed.logger import logger_of

log = logger_of("feed.jobs")
_FOLDER = "jobs"


class Shelf:
    """A directory with what is kept of jobs.

    Attributes:
        is_kept: whether another process finds them.
    """

    def __init__(self, state: Path | None) -> None:
        """Keep jobs under the directory of a state; None: for as long as the server runs."""
        self.is_kept = state is not None
        self._state = state
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The directory, which is made when it is first asked for."""
        if self._path is None:
            if self._state is None:
                self._path = Path(tempfile.mkdtemp(prefix="feed-jobs-"))
            else:
                self._path = self._state / _FOLDER
                self._path.mkdir(mode=0o700, exist_ok=True)
        return self._path

    def part(self, key: str) -> Path:
        """Return the file of a job that is not whole."""
        return self.path / f"{key}.part"

    def whole(self, key: str) -> Path:
        """Return the file of a job that is done."""
        return self.path / f"{key}.data"

    def has_whole(self, key: str, size_bytes: int) -> bool:
        """Tell whether the file of a job that is done is there, with all its bytes."""
        try:
            return self.whole(key).stat().st_size == size_bytes
        except OSError:
            return False

    def save(self, key: str, record: bytes) -> None:
        """Keep the record of a job.

        Raises:
            OSError: the disk does not take it.
        """
        new = self.path / f"{key}.new"
        new.write_bytes(record)
        new.replace(self.path / f"{key}.json")

    def load(self) -> list[Job]:
        """Return the jobs of another process, in the order in which they were asked for."""
        if self._state is None or not (self._state / _FOLDER).is_dir():
            return []
        found = list(self._found())
        known = {job.id for job in found}
        for path in self.path.iterdir():
            if path.stem not in known:  # of a job that was forgotten, or cannot be read
                path.unlink(missing_ok=True)
        return sorted(found, key=lambda job: job.asked_ns)

    def drop_file(self, key: str) -> None:
        """Remove the file of a job."""
        self.part(key).unlink(missing_ok=True)
        self.whole(key).unlink(missing_ok=True)

    def drop(self, key: str) -> None:
        """Remove all that is kept of a job."""
        (self.path / f"{key}.json").unlink(missing_ok=True)
        self.drop_file(key)

    def close(self) -> None:
        """Remove everything that nobody would find again."""
        if self._state is None and self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)  # the system does so too, in time
            self._path = None

    def _found(self) -> Iterator[Job]:
        for path in self.path.glob("job_*.json"):
            try:
                record: dict[str, Any] = orjson.loads(path.read_bytes())
                yield Job.of(record)
            except (OSError, ValueError, KeyError, TypeError, FeedError) as error:
                log.warning("job_unreadable", file=str(path), error=str(error))
