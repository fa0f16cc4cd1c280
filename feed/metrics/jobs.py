"""The metrics of jobs: how they stand, how they ended, and what they wrote."""

from collections import Counter
from collections.abc import Iterator
from itertools import product

from prometheus_client.core import Metric

from feed.jobs.desk import Jobs
from feed.jobs.errors import Fault
from feed.jobs.request import Exports, FileFormat
from feed.jobs.tally import ENDINGS, Tally
from feed.market.job_words import JobState
from feed.metrics.family import counter, gauge
from feed.settings.options import Settings


def job_families(jobs: Jobs, settings: Settings) -> Iterator[Metric]:
    """Yield every metric of jobs."""
    known = jobs.jobs
    states = Counter(job.state for job in known)
    yield gauge(
        "feed_jobs", "Jobs that are known, by state; those that are over are forgotten in the end."
    ).of({(state,): states[state] for state in JobState}, "state")
    yield gauge("feed_job_file_bytes", "Bytes that the files of jobs have now.").of(
        sum(job.progress.size_bytes for job in known)
    )
    yield gauge("feed_job_file_limit_bytes", "The most that they may have (jobs_max_bytes).").of(
        settings.jobs_max_bytes
    )
    yield from _counts(jobs.tally)


def _counts(tally: Tally) -> Iterator[Metric]:
    """Yield what was counted since the server began."""
    yield counter("feed_jobs_started", "Jobs that were asked for, by kind and format.").of(
        {each: tally.asked[each] for each in product(Exports, FileFormat)}, "kind", "format"
    )
    yield counter(
        "feed_jobs_refused", "Jobs that were refused, since as many are there as may be."
    ).of(tally.refused)
    yield counter(
        "feed_jobs_resumed", "Jobs that were not over when another process ended, and go on here."
    ).of(tally.resumed)
    yield counter(
        "feed_jobs_ended",
        "Jobs that are over, by state: done, failed, cancelled (by whoever asked, or since its "
        "grants have shrunk).",
    ).of({(state,): tally.ended[state] for state in ENDINGS}, "state")
    yield counter(
        "feed_job_failures",
        "Jobs that failed, by code: too_large, unreadable, not_there and epoch are about what was "
        "asked for; disk_full, unwritable, crashed and not_started about this machine; internal "
        "is a defect, which has been logged.",
    ).of({(fault,): tally.failed[fault] for fault in Fault}, "code")
    yield counter("feed_job_rows", "Rows in the files of jobs that are done.").of(tally.rows)
    yield counter("feed_job_bytes", "Bytes of the files of jobs that are done.").of(
        tally.written_bytes
    )
    yield counter(
        "feed_job_gaps", "Gaps that are told in these files: what the ring held no more."
    ).of(tally.missing)
