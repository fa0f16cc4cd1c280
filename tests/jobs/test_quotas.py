"""How many jobs that are over are kept, and of whom."""

from dataclasses import replace

import pytest

from feed.jobs.job import Job
from feed.jobs.quotas import Quotas
from feed.jobs.request import JobRequest
from feed.market.job_words import JobState
from feed.settings.jobs import JobOptions
from feed.trust.identity import ANONYMOUS, Kind

REQUEST = JobRequest.of({"kind": "ring"}, most_symbols=1)


def over(names: str) -> list[Job]:
    """Return a job for each letter, whose owner that is; in the order in which they ended."""
    return [
        Job(
            f"{name}{number}",
            replace(ANONYMOUS, kind=Kind.KEY, id=name),
            "",
            REQUEST,
            0,
            state=JobState.DONE,
            over_ns=number,
        )
        for number, name in enumerate(names, 1)
    ]


@pytest.mark.parametrize(
    ("names", "all_", "own", "gone"),
    [
        ("aab", 9, 2, []),
        ("abaa", 9, 2, ["a1"]),
        ("aaaab", 9, 2, ["a1", "a2"]),
        ("baaaa", 3, 9, ["a2", "a3"]),  # the one who has few loses none
        ("abab", 2, 9, ["a1", "b2"]),
    ],
)
def test_the_oldest_of_whoever_has_most_go_first(
    names: str, all_: int, own: int, gone: list[str]
) -> None:
    quotas = Quotas(JobOptions(jobs_max_kept=all_, jobs_max_kept_per_identity=own))
    waits = Job("waits", ANONYMOUS, "", REQUEST, 0)
    assert [job.id for job in quotas.surplus([waits, *reversed(over(names))])] == gone
