"""The errors of jobs."""

from enum import StrEnum

from feed.errors import FeedError


class Fault(StrEnum):
    """Why a job failed: its `code`."""

    TOO_LARGE = "too_large"  # the file has as many bytes as it may
    DISK_FULL = "disk_full"
    UNWRITABLE = "unwritable"  # the disk does not take it for another reason
    CRASHED = "crashed"  # its program has ended before the file was whole
    NOT_STARTED = "not_started"  # its program cannot be started
    UNREADABLE = "unreadable"  # the recording cannot be read
    NOT_THERE = "not_there"  # its source is gone, or is not to be read any more
    EPOCH = "epoch"  # the sequences of the server have begun anew meanwhile
    INTERNAL = "internal"  # a bug of ours; it is logged


class UnknownJob(FeedError):
    """There is no job of an id, or it is somebody else's: which, nobody is told.

    Attributes:
        id: that was asked for.
    """

    def __init__(self, key: str) -> None:
        self.id = key
        super().__init__(
            f"there is no job {key} of yours; it never was, is forgotten, or is somebody else's"
        )


class JobsUnavailable(FeedError):
    """No job is begun now.

    Attributes:
        retry_after_s: when one may be asked for again; None: this server never begins one.
    """

    def __init__(self, words: str, retry_after_s: float | None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(words)


class TooManyJobs(FeedError):
    """Somebody, or all together, have as many jobs or bytes as may be.

    Attributes:
        retry_after_s: when one may be asked for again.
        own: whether it is the asker's own limit.
    """

    def __init__(self, words: str, *, own: bool) -> None:
        self.retry_after_s = 5.0
        self.own = own
        super().__init__(words)


class NoFile(FeedError):
    """A job has no file, or none yet.

    Attributes:
        state: how the job stands.
    """

    def __init__(self, key: str, state: str) -> None:
        self.state = state
        super().__init__(f"{key} has no file: it is {state}; a file is there once it is done")


class JobFailed(FeedError):
    """A job has no file, and none comes.

    Attributes:
        code: why, for programs.
        words: the same for a person.
    """

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        self.words = words
        super().__init__(words)
