"""What is counted of jobs, for metrics."""

from collections import Counter

from feed.market.job_words import JobState

ENDINGS = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Tally:
    """Plain counters.

    Attributes:
        asked: jobs that were begun, by what they export and the format.
        ended: jobs that are over, by how they ended.
        resumed: jobs that went on after a restart, or began again.
        rows: that were written, of jobs that are done.
        written_bytes: of the files of these.
        refused: requests for which there was no room.
        missing: gaps that jobs were told of.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.asked: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[str] = Counter({ending.value: 0 for ending in ENDINGS})
        self.resumed = 0
        self.rows = 0
        self.written_bytes = 0
        self.refused = 0
        self.missing = 0
