"""The words of jobs: how far an export has got, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from feed.market.word_channels import WordChannel

JOB_PREFIX = "job_"
JOB_PATTERN = rf"^{JOB_PREFIX}[0-9a-f]{{32}}$"  # 128 random bits


class JobType(StrEnum):
    """What a word of a job says: its `T` on the wire."""

    JOB = "job"


class JobState(StrEnum):
    """How a job stands, or ended."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class JobWord:
    """How a job stands.

    Attributes:
        symbol: the key: the job's id.
        type: JOB.
        event_ns: when, since the Unix epoch.
        state: how it stands.
        exports: what it exports: `ring`, `bars` or `recording`.
        format: of the file.
        done: ticks or bars that are written; it only grows.
        total: of these, as far as is known; 0: it is not.
        per_s: written in a second, lately.
        left_s: the time that it takes still, as far as is known; 0: it is not, or it is over.
        size_bytes: of the file so far.
        sha256: of the file, in hexadecimal digits, once it is done.
        code: why it failed or was cancelled, for programs.
        words: the same for a person.
        by: whose it is, as a digest.
    """

    kind: ClassVar[WordChannel] = WordChannel.JOBS
    symbol: str
    type: JobType
    event_ns: int
    state: JobState
    exports: str = ""
    format: str = ""
    done: int = 0
    total: int = 0
    per_s: float = 0.0
    left_s: float = 0.0
    size_bytes: int = 0
    sha256: str = ""
    code: str = ""
    words: str = ""
    by: str = ""

    @property
    def part(self) -> str:
        """What it is of, within its key: all of it."""
        return ""

    @property
    def is_gone(self) -> bool:
        """Whether late comers need not know it."""
        return False

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self.state not in {JobState.QUEUED, JobState.RUNNING}

    @property
    def texts_bytes(self) -> int:
        """Bytes of what somebody wrote in it."""
        return len(self.words)

    def after(self, earlier: "JobWord") -> "JobWord":  # noqa: ARG002 - as of messages
        """Return what is kept once this was said: it is whole."""
        return self
