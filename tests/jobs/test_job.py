"""What a job is after a kill: told by its record, and by the newest word of it that was told."""

from dataclasses import replace

import pytest

from feed.jobs.job import Job
from feed.jobs.request import JobRequest
from feed.market.job_words import JobState, JobType, JobWord
from feed.trust.identity import ANONYMOUS


def job() -> Job:
    request = JobRequest.of({"kind": "ring"}, most_symbols=1)
    made = Job("job_1", ANONYMOUS, "", request, 0, state=JobState.RUNNING)
    made.progress.note(100, 0.25, 1_000, 0)
    return made


TOLD = JobWord("job_1", JobType.JOB, 7, JobState.RUNNING, done=300, total=400, size_bytes=3_000)


def test_no_less_is_told_than_before_while_it_is_written_again() -> None:
    again = job()
    again.take_up(TOLD, has_file=False)
    assert not again.is_over
    for done in (100, 200, 301):
        again.progress.note(done, done / 400, 10 * done, 0)
        word = again.word(8)
        assert (word.done, word.size_bytes) >= (TOLD.done, TOLD.size_bytes)
    assert again.progress.done == 301


@pytest.mark.parametrize(
    ("state", "has_file", "is_over"),
    [
        (JobState.DONE, True, True),
        (JobState.DONE, False, False),  # its file is made again
        (JobState.CANCELLED, False, True),
        (JobState.FAILED, False, True),
    ],
)
def test_what_was_told_as_over_stays_over(state: JobState, has_file: bool, is_over: bool) -> None:
    again = job()
    again.take_up(replace(TOLD, state=state, sha256="ab", code="x"), has_file=has_file)
    assert again.is_over == is_over
    if is_over:
        assert (again.state, again.sha256, again.code, again.over_ns) == (state, "ab", "x", 7)


def test_a_record_of_one_that_is_over_is_believed() -> None:
    done = job()
    done.end(JobState.DONE, "", "", 5)
    done.take_up(TOLD, has_file=False)
    assert (done.state, done.progress.done, done.over_ns) == (JobState.DONE, 100, 5)
