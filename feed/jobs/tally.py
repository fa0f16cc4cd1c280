"""What is counted of jobs, for metrics."""

from collections import Counter

from feed.jobs.errors import Fault
from feed.market.job_words import JobState

_FAULTS = frozenset(Fault)
ENDINGS = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Tally:
    """Plain counters.

    Attributes:
        asked: jobs that were begun, by what they export and the format.
        ended: jobs that are over, by how they ended.
        failed: those of them that failed, by why.
        resumed: jobs that went on after a restart, or began again.
        rows: that were written, of jobs that are done.
        written_bytes: of the files of these.
        refused: requests for which there was no room.
        missing: gaps that jobs were told of.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.asked: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[JobState] = Counter()
        self.failed: Counter[Fault] = Counter()
        self.resumed = 0
        self.rows = 0
        self.written_bytes = 0
        self.refused = 0
        self.missing = 0

    def end(self, state: JobState, code: str) -> None:
        """Count a job that is over, with the code of one that failed."""
        self.ended[state] += 1
        if state is JobState.FAILED:
            self.failed[Fault(code) if code in _FAULTS else Fault.INTERNAL] += 1
