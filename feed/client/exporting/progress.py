"""How far an export has got."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from feed.client.errors import Malformed
from feed.market.job_words import JobState


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export has got.

    Attributes:
        id: of the job.
        state: how the job stands.
        done: rows that are written; it only grows.
        total: of these, as far as is known; 0: it is not.
        per_s: rows a second, lately.
        left_s: seconds that writing still takes; 0: unknown, or over.
        size_bytes: of the file so far.
        downloaded_bytes: of these, that are here.
        sha256: of the file, once it is done.
        code: why it failed or was cancelled.
        words: the same for a person.
    """

    id: str
    state: JobState
    done: int = 0
    total: int = 0
    per_s: float = 0.0
    left_s: float = 0.0
    size_bytes: int = 0
    downloaded_bytes: int = 0
    sha256: str = ""
    code: str = ""
    words: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read what a server tells of a job.

        Raises:
            Malformed: it is something else.
        """
        names = ("done", "total", "per_s", "left_s", "size_bytes", "sha256", "code")
        try:
            said = {name: told[name] for name in names if name in told}
            return cls(told["id"], JobState(told["state"]), words=told.get("msg", ""), **said)
        except (KeyError, TypeError, ValueError) as error:
            raise Malformed(f"what a server tells of a job lacks something: {error!r}") from error

    @property
    def is_over(self) -> bool:
        """Whether the server writes no more."""
        return self.state not in {JobState.QUEUED, JobState.RUNNING}
