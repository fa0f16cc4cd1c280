"""Quotas: whether somebody may have one job more, and which may run. Knows no clock and no file.

An owner is an identity, or an address; nobody's limits count for programs on this machine that show
no credential, but those of all together do.
"""

from collections import deque
from collections.abc import Hashable, Iterable

from feed.hub.door import owner_of
from feed.jobs.errors import TooManyJobs
from feed.jobs.job import Job
from feed.market.job_words import JobState
from feed.settings.jobs import JobOptions


class Quotas:
    """The limits of jobs, held against those that there are."""

    def __init__(self, limits: JobOptions) -> None:
        """Hold jobs to limits."""
        self._limits = limits

    def check(self, jobs: Iterable[Job], owner: Hashable) -> None:
        """Refuse one more.

        Raises:
            TooManyJobs: there are as many as may be.
        """
        limits, jobs = self._limits, list(jobs)
        queued = [job for job in jobs if job.state is JobState.QUEUED]
        own_queued = sum(_owner(job) == owner for job in queued)
        if owner and own_queued >= limits.jobs_max_queued_per_identity:
            words = f"{own_queued} jobs of yours wait already; come back when one runs, or cancel"
            raise TooManyJobs(words, own=True)
        if len(queued) >= limits.jobs_max_queued:
            raise TooManyJobs(f"{len(queued)} jobs wait already; come back later", own=False)
        if self.room_bytes(jobs, owner) <= 0:
            words = "files of jobs have as many bytes as they may have; delete some, or come back"
            raise TooManyJobs(words, own=True)

    def room_bytes(self, jobs: Iterable[Job], owner: Hashable) -> int:
        """Return how many bytes more an owner's files may have."""
        limits, all_bytes, own_bytes = self._limits, 0, 0
        for job in jobs:
            all_bytes += job.progress.size_bytes
            own_bytes += job.progress.size_bytes if _owner(job) == owner else 0
        room_bytes = limits.jobs_max_bytes - all_bytes
        if owner:
            room_bytes = min(room_bytes, limits.jobs_max_bytes_per_identity - own_bytes)
        return room_bytes

    def surplus(self, jobs: Iterable[Job]) -> list[Job]:
        """Return the jobs that are over and more than are kept; those that ended first go first.

        Where all together have too many, one after another goes from whoever has most.
        """
        limits, surplus = self._limits, list[Job]()
        kept: dict[Hashable, deque[Job]] = {}
        over = sorted((job for job in jobs if job.is_over), key=lambda job: job.over_ns)
        for job in over:
            own = kept.setdefault(_owner(job), deque())
            own.append(job)
            if len(own) > limits.jobs_max_kept_per_identity:
                surplus.append(own.popleft())
        for _ in range(len(over) - len(surplus) - limits.jobs_max_kept):
            most = max(kept.values(), key=len)
            surplus.append(most.popleft())
        return surplus

    def next(self, jobs: Iterable[Job]) -> Job | None:
        """Return the job that may run next; jobs are in the order in which they were asked for."""
        limits, jobs = self._limits, list(jobs)
        running = [_owner(job) for job in jobs if job.state is JobState.RUNNING]
        if len(running) >= limits.jobs_max_running:
            return None
        for job in jobs:
            if job.state is JobState.QUEUED:
                owner = _owner(job)
                own = sum(each == owner for each in running)
                if not owner or own < limits.jobs_max_running_per_identity:
                    return job
        return None


def _owner(job: Job) -> Hashable:
    return owner_of(job.identity, job.place)
